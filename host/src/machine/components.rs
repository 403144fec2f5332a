//! The components that the operator names: files, plugin directories, what is built in.

use std::path::Path;

use super::files;
use crate::builtin;
use crate::error::{Error, Result};
use crate::plugin::ComponentBytes;
use crate::settings::{HookSettings, HookSource, PluginSource, Settings};

/// A plugin before it is loaded.
#[derive(Clone, Debug)]
pub struct PluginFile {
    /// The operator's name: the key in `[plugins]`, else the stem of the file.
    pub name: String,
    /// The component.
    pub bytes: ComponentBytes,
    /// Who named it.
    pub by: NamedBy,
}

/// Who named a plugin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NamedBy {
    /// The command line or a program, this very component.
    Argument,
    /// A configuration file; or it comes with the host.
    Settings,
    /// Nobody: it lies in a plugin directory. A hook that only lies about is left alone.
    Directory,
    /// `--dev`: outside of the lock.
    Dev,
}

impl PluginFile {
    /// Known by its digest, so that it need not be loaded to be left alone.
    pub(crate) fn is_shipped_hook_lying_about(&self) -> bool {
        self.by == NamedBy::Directory
            && builtin::with_digest(self.bytes.digest()).is_some_and(|builtin| builtin.is_hook)
    }

    /// All plugins with tools that are shipped, under their names. Hooks are left out: one runs only if the
    /// operator names it; so is what does nothing without a grant.
    pub fn built_in() -> Vec<Self> {
        let is_idle = |builtin: &&builtin::Builtin| builtin.is_hook || builtin.needs_grant;
        builtin::all().iter().filter(|builtin| !is_idle(builtin)).map(Self::from).collect()
    }

    /// What nobody named and would do nothing: a model need not hear of it.
    fn is_idle(&self, settings: &Settings) -> bool {
        let shipped = builtin::with_digest(self.bytes.digest());
        shipped.is_some_and(|builtin| builtin.needs_grant && !is_granted(settings, &self.name))
    }

    fn is_same(&self, other: &Self) -> bool {
        self.name == other.name && self.bytes == other.bytes
    }
}

impl From<&builtin::Builtin> for PluginFile {
    fn from(builtin: &builtin::Builtin) -> Self {
        let bytes = ComponentBytes::known(builtin.bytes, builtin.digest);
        Self { name: builtin.name.to_owned(), bytes, by: NamedBy::Settings }
    }
}

/// The components to load: those that are named, those of `--plugins`, else the built-in ones.
pub fn plugin_files(settings: &Settings, named: Vec<PluginFile>) -> Result<Vec<PluginFile>> {
    let mut files = named;
    let mut add = |file: PluginFile| {
        if !files.iter().any(|known| known.is_same(&file)) {
            files.push(file);
        }
    };
    for (name, written) in &settings.plugins {
        let bytes = match &written.source {
            PluginSource::BuiltIn(shipped) => {
                let shipped = built_in(shipped.as_ref().unwrap_or(name), "plugin");
                shipped.map_err(|error| error.at(written.origin.clone()))?.bytes
            }
            PluginSource::File(path) => {
                files::read_component(path).map_err(|error| error.at(written.origin.clone()))?.into()
            }
        };
        add(PluginFile { name: name.clone(), bytes, by: NamedBy::Settings });
    }
    for dir in &settings.plugin_dirs {
        for path in files::components(&dir.value)? {
            let file = PluginFile { by: NamedBy::Directory, ..component_file(&path)? };
            check_not_shipped(&file, &path)?;
            if !file.is_idle(settings) {
                add(file);
            }
        }
    }
    if files.is_empty() {
        files = PluginFile::built_in();
        let granted = |builtin: &&builtin::Builtin| builtin.needs_grant && is_granted(settings, builtin.name);
        files.extend(builtin::all().iter().filter(granted).map(PluginFile::from));
    }
    for dev in &settings.dev {
        let (name, path) = &dev.value;
        let bytes = files::read_component(path).map_err(|error| error.at(dev.origin.clone()))?.into();
        files.retain(|file| file.name != *name);
        files.push(PluginFile { name: name.clone(), bytes, by: NamedBy::Dev });
    }
    Ok(files)
}

/// Refuses a component that has the name of a shipped one and is another: what is said of that name was meant for the
/// shipped one.
fn check_not_shipped(file: &PluginFile, path: &Path) -> Result<()> {
    let is_shipped = builtin::with_digest(file.bytes.digest()).is_some();
    if is_shipped || builtin::get(&file.name).is_none() {
        return Ok(());
    }
    let (shown, name) = (path.display(), &file.name);
    Err(Error::usage(format!("`{shown}` is not the built-in plugin `{name}`, whose name it has"))
        .hint(format!("give the file another name, or say that it is meant: `[plugins.{name}] from = \"{shown}\"`")))
}

/// Whether some line grants a plugin of this name requests.
fn is_granted(settings: &Settings, name: &str) -> bool {
    settings.grants.iter().any(|grant| grant.tools.matches_plugin(name) && !grant.table.http.is_empty())
}

/// The component files of the hooks, in their order.
pub fn hook_files(hooks: &[HookSettings]) -> Result<Vec<PluginFile>> {
    let file = |hook: &HookSettings| {
        let file = match &hook.source {
            HookSource::BuiltIn(name) => built_in(name, "hook"),
            HookSource::File(path) => files::read_component(path).map(|bytes| PluginFile {
                name: hook.source.name(),
                bytes: bytes.into(),
                by: NamedBy::Settings,
            }),
        };
        file.map_err(|error| error.at(hook.origin.clone()))
    };
    hooks.iter().map(file).collect()
}

/// A component file under its stem.
fn component_file(path: &Path) -> Result<PluginFile> {
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned();
    Ok(PluginFile { name: stem, bytes: files::read_component(path)?.into(), by: NamedBy::Argument })
}

/// What an argument names that is a component itself, a file or `builtin:NAME`, rather than a plugin that
/// is loaded anyway.
pub fn named_component(text: &str) -> Result<Option<PluginFile>> {
    if let Some(name) = text.strip_prefix("builtin:") {
        return built_in(name, "plugin").map(Some);
    }
    let path = Path::new(text);
    match path.extension().is_some_and(|extension| extension == "wasm") {
        true => component_file(path).map(Some),
        false => Ok(None),
    }
}

/// What comes with the host, under its own name. `what` it is to be, a plugin or a hook, is for the error.
fn built_in(name: &str, what: &str) -> Result<PluginFile> {
    builtin::get(name).map(PluginFile::from).ok_or_else(|| {
        let all: Vec<_> = builtin::all().iter().map(|builtin| builtin.name).collect();
        Error::usage(format!("no {what} `{name}` is built in")).hint(format!("built in are: {}", all.join(", ")))
    })
}
