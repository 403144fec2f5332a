//! Requests over HTTP, as far as the operator grants them. Needs the feature `http`.
//!
//! The host checks each one against the grants of the tool, resolves the name, checks the address and sends it.
//! It follows no redirect, keeps no cookie and sets `host` itself; headers that say who somebody is are the
//! host's too. A call has 8 requests and 4 MiB of bodies unless the operator says otherwise.
//!
//! ```no_run
//! use looplet_guest::http::Request;
//!
//! let answer = Request::get("https://api.example.com/v1/things").header("accept", "application/json").send()?;
//! if answer.status() == 200 {
//!     println!("{}", answer.text());
//! }
//! # Ok::<_, looplet_guest::Failure>(())
//! ```
//!
//! In native tests there is no network; [`testing`] says what is answered.

mod answer;
mod request;
#[cfg(not(target_family = "wasm"))]
mod stand_in;
#[cfg(not(target_family = "wasm"))]
pub mod testing;
#[cfg(target_family = "wasm")]
mod wasi;

pub use answer::Answer;
pub use request::Request;

#[cfg(not(target_family = "wasm"))]
use stand_in::send;
#[cfg(target_family = "wasm")]
use wasi::send;
