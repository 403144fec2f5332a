//! Whatever is wrong with what the host is given, it says so: what, where, what to do; and with the right
//! exit code. No case may panic or leave a file half written.

mod hostile;
mod model;
mod plugins;
mod policy;
mod workspace;
