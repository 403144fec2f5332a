//! Where the component of each guest is: one constant each, and `ALL`. Written by the build script.

include!(concat!(env!("OUT_DIR"), "/guests.rs"));
