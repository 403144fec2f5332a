//! Where the component of each first-party plugin is: one constant each, and `ALL`. Written by the build script.

include!(concat!(env!("OUT_DIR"), "/plugins.rs"));
