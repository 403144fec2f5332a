//! The library as programs use it: hosts that are built from what is named, and runs of many kinds.

mod asks;
mod build;
mod component;
mod done;
mod ends;
mod models;
mod redact;
mod secret;

use std::path::Path;

use looplet_host::{Host, HostBuilder, Mount, Scripted};
use serde_json::json;

/// A builder with `files` and a directory that holds `a.txt`.
fn files(dir: &Path) -> HostBuilder {
    std::fs::write(dir.join("a.txt"), "inside").unwrap();
    Host::ephemeral().plugin("builtin:files").mount(Mount::read_write("workspace", dir).unwrap())
}

/// A model that reads `a.txt` and says so.
fn reads() -> Scripted {
    Scripted::calls([("read_file", json!({"path": "a.txt"}))]).then_text("ok")
}
