//! `fetch`: asks for a page or data, and answers with what a model can read.
//!
//! Nothing here is a wall: which requests leave is the host's affair, for each of them, a redirect's too.

mod body;
mod fetch;
mod place;

looplet_guest::plugin!("http", tools: [fetch::fetch]);
