//! Builds every guest under `guests/` and every first-party plugin, and writes where each is: one const
//! each, and the list of all.
//!
//! Separate from the host's build script because the host never contains the guests; built by the same
//! library, into the same target directory, each only when it changed.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use xtask::build_script::{output_folder, report, rerun_if_changed, take, write};
use xtask::{Component, Guests, Repository, Result, TARGET, Toolchain};

fn main() {
    report(build());
}

fn build() -> Result<()> {
    let repository = Repository::of_this_package()?;
    build_folder(&repository, "tests/guests", "guests.rs")?;
    build_folder(&repository, "plugins", "plugins.rs")?;
    write(&output_folder()?.join("guest_cargo.rs"), &guest_cargo(&repository)?)
}

/// The command that builds a guest on this machine, for tests that build one themselves.
fn guest_cargo(repository: &Repository) -> Result<String> {
    let toolchain = Toolchain::found(repository.root())?;
    let cargo = toolchain.cargo();
    let text = |text: &std::ffi::OsStr| text.to_string_lossy().into_owned();
    let (set, removed): (Vec<_>, Vec<_>) = cargo.get_envs().partition(|(_, value)| value.is_some());
    let set: Vec<_> = set.iter().map(|(name, value)| (text(name), text(value.unwrap_or_default()))).collect();
    let removed: Vec<_> = removed.iter().map(|(name, _)| text(name)).collect();
    Ok(format!(
        "GuestCargo {{ program: {:?}, arguments: &{:?}, set: &{set:?}, removed: &{removed:?}, target: {TARGET:?}, \
         target_dir: {:?}, lock: {:?} }}",
        text(cargo.get_program()),
        toolchain.build_arguments(),
        repository.guest_target().display().to_string(),
        repository.root().join("plugins/Cargo.lock").display().to_string(),
    ))
}

/// Builds what lies in a folder of the repository, and writes the list of it.
fn build_folder(repository: &Repository, sources: &str, list: &str) -> Result<()> {
    let guests = Guests::in_folder(repository, sources)?;
    // The whole folder of the tests' guests too: a new guest appears in it.
    rerun_if_changed(&[PathBuf::from("guests")]);
    rerun_if_changed(&guests.sources());
    let components =
        if guests.is_empty() { Vec::new() } else { guests.build(&Toolchain::found(repository.root())?)? };
    let folder = output_folder()?;
    write(&folder.join(list), &items(&components, &folder)?)
}

/// The Rust items that a test module includes.
fn items(components: &[Component], folder: &Path) -> Result<String> {
    let mut items = String::new();
    let mut all = String::new();
    for component in components {
        let (path, _) = take(component, folder)?;
        let (name, path) = (&component.name, path.display().to_string());
        let constant = name.to_uppercase().replace('-', "_");
        let _ = writeln!(items, "/// The component `{name}`.\npub const {constant}: &str = {path:?};");
        let _ = writeln!(all, "    ({name:?}, {constant}),");
    }
    Ok(format!(
        "{items}/// Every one: its name and the path of its component.\n\
         pub const ALL: &[(&str, &str)] = &[\n{all}];\n"
    ))
}
