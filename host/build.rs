//! Embeds the first-party plugins in the host, so that an installed binary works alone.
//!
//! They are built with the library that `cargo xtask` uses, into the target directory. Nothing is
//! installed here: where the guests' target is missing, the error names the command that sets it up.
#![expect(clippy::disallowed_methods, reason = "a build script: files are its work")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use xtask::build_script::{output_folder, report, rerun_if_changed, take, write};
use xtask::{Component, Error, Guests, Loaded, Repository, Result, Toolchain, sha256};

fn main() {
    report(embed());
}

/// What `new` writes beside a project, relative to the repository's root.
const SDK: [&str; 5] =
    ["guest-sdk/Cargo.toml", "guest-sdk/src", "guest-sdk/macros/Cargo.toml", "guest-sdk/macros/src", "wit"];

fn embed() -> Result<()> {
    let repository = Repository::of_this_package()?;
    if !repository.root().join("plugins").is_dir() {
        return Err(Error::new("no folder `plugins` beside `host`, from which the built-in plugins are built")
            .hint("build the host from a clone of the whole repository"));
    }
    let plugins = Guests::in_folder(&repository, "plugins")?.only_builtin();
    rerun_if_changed(&plugins.sources());
    if plugins.is_empty() {
        return Err(Error::new("no plugin in `plugins` is built in")
            .hint("write `[package.metadata.looplet]` and `builtin = true` in the `Cargo.toml` of each that is"));
    }
    list_sdk(repository.root())?;
    let toolchain = Toolchain::found(repository.root())?;
    write_list(&plugins.build(&toolchain)?)
}

/// Writes the expression that `src/builtin.rs` includes.
fn write_list(components: &[Component]) -> Result<()> {
    let folder = output_folder()?;
    let mut list = String::from("&[\n");
    for component in components {
        let (_, bytes) = take(component, &folder)?;
        let (name, digest) = (&component.name, sha256(&bytes));
        let (is_hook, needs_grant) = (component.loaded == Loaded::Named, component.loaded == Loaded::Granted);
        let _ = writeln!(
            list,
            "    Builtin {{\n        name: {name:?},\n        \
             bytes: include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{name}.wasm\")),\n        \
             digest: Digest::from_bytes({digest:?}),\n        is_hook: {is_hook},\n        \
             needs_grant: {needs_grant},\n    }},"
        );
    }
    list.push_str("]\n");
    write(&folder.join("builtin.rs"), &list)
}

/// Writes the expression that `src/commands/new.rs` includes: the sources of the SDK. That they are read
/// anew when they change is seen to with those of the plugins, which are made from them too.
fn list_sdk(root: &Path) -> Result<()> {
    let mut files = Vec::new();
    for path in SDK {
        collect(&root.join(path), &mut files)?;
    }
    files.sort();
    let mut list = String::from("&[\n");
    for file in files {
        let name = file.strip_prefix(root).unwrap_or(&file).to_string_lossy().replace('\\', "/");
        let _ = writeln!(list, "    ({name:?}, include_str!({:?})),", file.display().to_string());
    }
    list.push_str("]\n");
    write(&output_folder()?.join("sdk.rs"), &list)
}

/// A file, or all files below a folder.
fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    if !path.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    let fault = |error: std::io::Error| Error::new(format!("cannot list `{}`: {error}", path.display()));
    for entry in std::fs::read_dir(path).map_err(fault)? {
        collect(&entry.map_err(fault)?.path(), files)?;
    }
    Ok(())
}
