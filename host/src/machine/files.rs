//! Files that the operator names and files of the host's own: read whole, written whole or not at all.

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::sandbox::Limits;

/// Reads a text file. None where there is none.
pub fn read_text(path: &Path) -> Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) if error.kind() == std::io::ErrorKind::InvalidData => {
            Err(Error::usage(format!("`{}` is no text in UTF-8", path.display())))
        }
        Err(error) => Err(Error::usage(format!("cannot read `{}`: {error}", path.display()))),
    }
}

/// Reads a file that has to be there.
pub fn read_bytes(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Error::usage(format!("there is no file `{}`", path.display())),
        _ => Error::usage(format!("cannot read `{}`: {error}", path.display())),
    })
}

/// Reads a component: a regular file, no larger than one may be.
pub(super) fn read_component(path: &Path) -> Result<Vec<u8>> {
    read_regular(path, Limits::COMPONENT_BYTES, "a plugin is a component in a file")
}

/// Reads a regular file, and one byte more than it may have, by which it is known to be too large. A pipe or a
/// device is not waited for.
pub(super) fn read_regular(path: &Path, most: u64, hint: &str) -> Result<Vec<u8>> {
    let shown = path.display();
    let mut options = fs::OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
    let file = options.open(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Error::usage(format!("there is no file `{shown}`")),
        _ => Error::usage(format!("cannot read `{shown}`: {error}")),
    })?;
    if !file.metadata().is_ok_and(|metadata| metadata.is_file()) {
        return Err(Error::usage(format!("`{shown}` is no regular file")).hint(hint));
    }
    let mut bytes = Vec::new();
    file.take(most + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Error::usage(format!("cannot read `{shown}`: {error}")))?;
    Ok(bytes)
}

/// The components in a directory, sorted.
pub(super) fn components(dir: &Path) -> Result<Vec<PathBuf>> {
    let shown = dir.display();
    let entries = fs::read_dir(dir).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Error::usage(format!("there is no plugin directory `{shown}`"))
            .hint("`cargo xtask plugins` builds the first-party ones into `plugins/`; without `--plugins` the built-in ones are used"),
        std::io::ErrorKind::NotADirectory => Error::usage(format!("`{shown}` is a file, not a plugin directory"))
            .hint("`--plugins` takes the directory that holds the components"),
        _ => Error::usage(format!("cannot read the plugin directory `{shown}`: {error}")),
    })?;
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "wasm"))
        .collect();
    files.sort();
    if files.is_empty() {
        return Err(Error::usage(format!("the plugin directory `{shown}` holds no `.wasm` file"))
            .hint("`cargo xtask plugins` builds the first-party ones into `plugins/`; without `--plugins` the built-in ones are used"));
    }
    Ok(files)
}

/// Replaces a file of the host's own, whole or not at all, readable by its owner alone.
pub fn write_own(path: &Path, bytes: impl AsRef<[u8]>) -> Result<()> {
    make_own_dir(parent(path)).map_err(|error| cannot_write(path, &error))?;
    replace(path, bytes.as_ref(), |_| Ok(()))
}

/// Replaces a file of a project, whole or not at all, readable by whom the directory lets in.
pub(super) fn write_beside(path: &Path, bytes: &[u8]) -> Result<()> {
    replace(path, bytes, |file| {
        #[cfg(unix)]
        fs::set_permissions(file, std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
        Ok(())
    })
}

/// Writes beside the file and takes its place; `open_up` sees what was written, which its owner alone can read.
fn replace(path: &Path, bytes: &[u8], open_up: impl FnOnce(&Path) -> std::io::Result<()>) -> Result<()> {
    let fault = |error: std::io::Error| cannot_write(path, &error);
    let mut file = tempfile::NamedTempFile::new_in(parent(path)).map_err(fault)?;
    file.write_all(bytes).and_then(|()| file.as_file().sync_all()).map_err(fault)?;
    open_up(file.path()).map_err(fault)?;
    file.persist(path).map_err(|error| fault(error.error))?;
    Ok(())
}

fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("/"))
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Error {
    Error::failed(format!("cannot write `{}`: {error}", path.display()))
}

/// Makes a directory of the host's own, for its owner alone.
#[cfg(unix)]
pub(super) fn make_own_dir(dir: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

/// Makes a directory of the host's own.
#[cfg(not(unix))]
pub(super) fn make_own_dir(dir: &Path) -> std::io::Result<()> {
    fs::create_dir_all(dir)
}
