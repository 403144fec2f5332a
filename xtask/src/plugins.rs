//! `cargo xtask plugins`: the plugins of this repository, built beside their sources.

use std::fs;
use std::path::Path;

use xtask::{Component, Error, Guests, Repository, Result, Toolchain};

use crate::stages::Stages;

/// Sets up the target and builds what changed.
pub(crate) fn run(repository: &Repository) -> Result<()> {
    let mut stages = Stages::new(2);
    let toolchain = stages.guest_target(repository.root())?;
    stage(&mut stages, repository, &toolchain)
}

/// The stage of this command and of `cargo xtask run`.
pub(crate) fn stage(stages: &mut Stages, repository: &Repository, toolchain: &Toolchain) -> Result<()> {
    let plugins = Guests::in_folder(repository, "plugins")?;
    let names = plugins.names().join(" ");
    stages.quiet("plugins", &format!("building {names}"), || {
        let components = plugins.build(toolchain)?;
        for component in &components {
            put_beside_sources(component, &repository.root().join("plugins"))?;
        }
        Ok(((), summary(&components)))
    })
}

/// Copies a component to `plugins/<name>.wasm`, where `--plugins ./plugins` finds it; not where it is
/// the same already, so that times tell what changed.
fn put_beside_sources(component: &Component, plugins: &Path) -> Result<()> {
    let file = plugins.join(format!("{}.wasm", component.name));
    let bytes = fs::read(&component.file).map_err(|cause| Error::file("read", &component.file, &cause))?;
    if fs::read(&file).is_ok_and(|kept| kept == bytes) {
        return Ok(());
    }
    fs::write(&file, bytes).map_err(|cause| Error::file("write", &file, &cause))
}

/// The names of what was built; where nothing was, the number of what was found as it is.
fn summary(components: &[Component]) -> String {
    let built: Vec<_> =
        components.iter().filter(|component| component.is_new).map(|component| component.name.as_str()).collect();
    match built.as_slice() {
        [] => format!("{}, none changed", components.len()),
        built => built.join(" "),
    }
}

#[cfg(test)]
mod tests {
    use xtask::Loaded;

    use super::*;

    #[test]
    fn the_stage_names_what_was_built_or_says_that_nothing_was() {
        let component =
            |name: &str, is_new| Component { name: name.into(), file: name.into(), is_new, loaded: Loaded::Always };
        assert_eq!(summary(&[component("files", true), component("todo", false)]), "files");
        assert_eq!(summary(&[component("files", false), component("todo", false)]), "2, none changed");
    }

    #[test]
    fn a_component_that_did_not_change_is_not_written_again() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("built");
        fs::write(&file, "component").unwrap();
        let component = Component { name: "files".into(), file, is_new: true, loaded: Loaded::Always };
        put_beside_sources(&component, folder.path()).unwrap();
        let copy = folder.path().join("files.wasm");
        assert_eq!(fs::read_to_string(&copy).unwrap(), "component");

        let long_ago = std::time::SystemTime::UNIX_EPOCH;
        fs::File::options().write(true).open(&copy).unwrap().set_modified(long_ago).unwrap();
        put_beside_sources(&component, folder.path()).unwrap();
        assert_eq!(fs::metadata(&copy).unwrap().modified().unwrap(), long_ago);
    }
}
