//! Loading plugins: bytes under the operator's name, described, checked against what is written of them.

use std::borrow::Cow;
use std::sync::Arc;

use crate::builtin;
use crate::canonical::CanonicalJson;
use crate::digest::Digest;
use crate::error::{Error, Result};
use crate::gate::PluginHandle;
use crate::plugin::Schema;
use crate::sandbox::Sandbox;
use crate::settings::Settings;

/// A plugin before it is loaded.
#[derive(Clone, Debug)]
pub struct PluginFile {
    /// The operator's name: the key in `[plugins]`, else the stem of the file.
    pub name: String,
    /// The component.
    pub bytes: Cow<'static, [u8]>,
}

impl PluginFile {
    /// All plugins that are shipped, under their names.
    pub fn built_in() -> Vec<Self> {
        let file = |builtin: &builtin::Builtin| Self { name: builtin.name.to_owned(), bytes: Cow::Borrowed(builtin.bytes) };
        builtin::all().iter().map(file).collect()
    }
}

/// Loads the plugins, in the order of their names.
pub(super) async fn load(sandbox: &Sandbox, settings: &Settings, mut files: Vec<PluginFile>) -> Result<Vec<Arc<PluginHandle>>> {
    files.sort_by(|a, b| a.name.cmp(&b.name));
    if let Some(pair) = files.windows(2).find(|pair| pair[0].name == pair[1].name) {
        return Err(Error::usage(format!("two plugins are called `{}`", pair[0].name))
            .hint("name one of them in `[plugins]`, or rename its file"));
    }
    let mut plugins = Vec::with_capacity(files.len());
    for file in files {
        plugins.push(Arc::new(load_one(sandbox, settings, file).await?));
    }
    Ok(plugins)
}

async fn load_one(sandbox: &Sandbox, settings: &Settings, file: PluginFile) -> Result<PluginHandle> {
    let PluginFile { name, bytes } = file;
    let written = settings.plugins.get(&name);
    let digest = Digest::of(&bytes);
    if let Some(wanted) = written.and_then(|written| written.digest.as_ref())
        && wanted.value != digest
    {
        return Err(Error::usage(format!("plugin `{name}` is not the one that is pinned: it is {digest}"))
            .hint("fetch the pinned one, or look at the new one with `looplet-host inspect` and change the digest")
            .at(wanted.origin.clone()));
    }
    let plugin = sandbox.load(&name, &bytes).await?;
    let written = written.and_then(|written| written.settings.as_ref());
    let wrong = |message: String| {
        let error = Error::usage(message);
        match written {
            Some(written) => error.at(written.origin.clone()),
            None => error,
        }
    };
    let settings = match written {
        Some(written) => CanonicalJson::from_value(&written.value)
            .map_err(|fault| wrong(format!("the settings of plugin `{name}` have no form as JSON: {fault}")))?,
        None => CanonicalJson::empty_object(),
    };
    match &plugin.info().settings_schema {
        Some(schema) => {
            let schema = Schema::compile(schema).map_err(|why| wrong(format!("the settings schema of plugin `{name}` {why}")))?;
            let faults = schema.faults(&settings.to_value());
            if !faults.is_empty() {
                return Err(wrong(format!("the settings of plugin `{name}` do not fit: {}", faults.join("; ")))
                    .hint(format!("`looplet-host inspect {name}` shows what it takes")));
            }
        }
        None if written.is_some() => {
            return Err(wrong(format!("plugin `{name}` takes no settings")).hint("take the line out"));
        }
        None => {}
    }
    let built_in = builtin::with_digest(digest).is_some();
    Ok(PluginHandle { name, plugin, sandbox: sandbox.clone(), built_in, settings })
}
