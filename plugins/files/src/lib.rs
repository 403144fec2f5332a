//! Tools for the files of the workspace: read, write, edit, list, find, search.
//!
//! Each tool is a file of its own, with a function that takes the root of the workspace, so that tests
//! run it natively in a directory of their own. Nothing here is a wall: what a call can reach is the host's affair, and
//! the checks of `place` are there for good messages only.

mod atomic;
mod edit_file;
mod glob;
mod grep;
mod ignored;
mod list_dir;
mod name;
mod pattern;
mod place;
mod read_file;
mod search;
mod suggestion;
mod text;
mod walk;
mod write_file;

use std::path::Path;

/// Where the host puts the workspace.
const ROOT: &str = "/workspace";

fn root() -> &'static Path {
    Path::new(ROOT)
}

looplet_guest::plugin!(
    "files",
    tools: [
        read_file::read_file,
        write_file::write_file,
        edit_file::edit_file,
        list_dir::list_dir,
        glob::glob,
        grep::grep,
    ],
);
