//! Values that enter no plugin and no run: the value itself, the spellings it is known by, and the search for
//! them in texts and in streams.

mod forms;
mod leaks;
mod value;
mod watch;

pub use leaks::Leaks;
pub use value::SecretValue;
pub use watch::LeakWatch;
