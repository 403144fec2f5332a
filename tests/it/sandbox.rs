//! The sandbox, attacked by guests: files, limits, the network, what lasts between calls, what lies
//! about itself. What passes is a hole.

mod cancel;
mod framing;
mod fs;
mod guests;
mod http;
mod http_edges;
mod isolation;
mod limits;
pub(crate) mod load;
mod net;
mod resolver;
mod secret_spellings;
mod secrets;
mod swapped;
