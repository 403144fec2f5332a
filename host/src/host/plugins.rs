//! Loading plugins: bytes under the operator's name, described, checked against what is written of them.

use std::sync::Arc;

use super::pins::{Pinned, check_plugin};
use crate::builtin;
use crate::canonical::CanonicalJson;
use crate::error::{Error, Result};
use crate::gate::{GatedTool, PluginHandle};
use crate::machine::{NamedBy, PluginFile};
use crate::origin::Origin;
use crate::permission::{Finding, Severity};
use crate::plugin::{Schema, look_alike, mixed_word};
use crate::record::cut;
use crate::sandbox::{Plugin, Sandbox};
use crate::settings::{PluginSettings, Settings, Sourced};

/// Loads the plugins, in the order of their names; and the names of those that nobody pinned.
pub(super) async fn load(
    sandbox: &Sandbox,
    settings: &Settings,
    mut files: Vec<PluginFile>,
) -> Result<(Vec<Arc<PluginHandle>>, Vec<String>)> {
    files.sort_by(|a, b| a.name.cmp(&b.name));
    if let Some(pair) = files.windows(2).find(|pair| pair[0].name == pair[1].name) {
        return Err(Error::usage(format!("two plugins are called `{}`", pair[0].name))
            .hint("name one of them in `[plugins]`, or rename its file"));
    }
    // All at once: compiling is what takes time, and it takes it only the first time.
    let loads: Vec<_> = files
        .iter()
        .map(|file| {
            let (sandbox, name, bytes) = (sandbox.clone(), file.name.clone(), file.bytes.clone());
            tokio::spawn(async move { sandbox.load(&name, bytes).await })
        })
        .collect();
    let (mut plugins, mut unpinned) = (Vec::with_capacity(files.len()), Vec::new());
    for (file, load) in files.into_iter().zip(loads) {
        let written = settings.plugins.get(&file.name);
        check_digest(&file, written)?;
        let plugin =
            load.await.map_err(|_| Error::failed(format!("loading plugin `{}` was broken off", file.name)))??;
        let pinned = check_plugin(settings, &file, &plugin)?;
        if pinned == Pinned::No && settings.locks.are_read && file.by != NamedBy::Argument {
            unpinned.push(file.name.clone());
        }
        plugins.push(Arc::new(handle(sandbox, written, file.name, plugin, pinned)?));
    }
    Ok((plugins, unpinned))
}

/// Tools that look like others, and words that look like what they are not.
pub(super) fn findings(settings: &Settings, tools: &[GatedTool], done: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut note = |tool: &GatedTool, message: String, hint: &str| {
        let written = settings.plugins.get(tool.plugin_name()).map(|written| &written.origin);
        let origin =
            written.or(settings.plugin_dirs.first().map(|dir| &dir.origin)).unwrap_or(&Origin::Shipped).clone();
        findings.push(Finding { severity: Severity::Note, message, hint: hint.to_owned(), origin });
    };
    for (index, tool) in tools.iter().enumerate() {
        for other in tools[..index].iter().filter(|other| look_alike(other.shown_name(), tool.shown_name())) {
            let message = format!("the tools `{}` and `{}` look alike", other.full_name(), tool.full_name());
            note(tool, message, "give one of the plugins a `prefix`, or leave it out");
        }
        if tool.shown_name() != done && look_alike(tool.shown_name(), done) {
            let message = format!("the tool `{}` looks like `{done}`, by which a run ends", tool.full_name());
            note(tool, message, "give its plugin a `prefix`, or leave it out");
        }
        let spec = tool.spec();
        let schemas = [Some(&spec.input_schema), spec.output_schema.as_ref()];
        let schemas = schemas.into_iter().flatten().map(|schema| ("schema", schema.as_str()));
        for (what, text) in [("description", spec.description.as_str())].into_iter().chain(schemas) {
            let Some(word) = mixed_word(text) else { continue };
            let message = format!("the {what} of `{}` has the word `{word}`, of two scripts", tool.full_name());
            note(tool, message, "look at it with `looplet-host inspect`");
        }
    }
    findings
}

fn check_digest(file: &PluginFile, written: Option<&PluginSettings>) -> Result<()> {
    let Some(wanted) = written.and_then(|written| written.digest.as_ref()) else { return Ok(()) };
    let digest = file.bytes.digest();
    if wanted.value == digest {
        return Ok(());
    }
    Err(Error::usage(format!("plugin `{}` is not the one that is pinned: it is {digest}", file.name))
        .hint("fetch the pinned one, or look at the new one with `looplet-host inspect` and change the digest")
        .at(wanted.origin.clone()))
}

/// How much of a settings schema a hint shows.
const SHOWN: usize = 400;

/// The plugin under its name, with settings that fit.
fn handle(
    sandbox: &Sandbox,
    written: Option<&PluginSettings>,
    name: String,
    plugin: Plugin,
    pinned: Pinned,
) -> Result<PluginHandle> {
    let settings = written.and_then(|written| written.settings.as_ref());
    let place = written.map_or(Origin::Shipped, |written| written.origin.clone());
    let takes = format!("`[plugins.{name}] settings`");
    let settings = settings_of(&plugin, &name, settings, &place, &takes)?;
    let built_in = builtin::with_digest(plugin.digest()).is_some();
    let (is_pinned, is_dev) = (pinned == Pinned::ByOperator, pinned == Pinned::Dev);
    Ok(PluginHandle { name, plugin, sandbox: sandbox.clone(), built_in, is_pinned, is_dev, settings })
}

/// Settings that fit the plugin's schema. `place` is where the plugin is named, `takes` what a hint says of
/// the schema.
pub(super) fn settings_of(
    plugin: &Plugin,
    name: &str,
    written: Option<&Sourced<serde_json::Value>>,
    place: &Origin,
    takes: &str,
) -> Result<CanonicalJson> {
    let place = written.map_or(place, |settings| &settings.origin);
    let wrong = |message: String| match place {
        Origin::Shipped => Error::usage(message),
        place => Error::usage(message).at(place.clone()),
    };
    let settings = match written {
        Some(written) => CanonicalJson::from_value(&written.value)
            .map_err(|fault| wrong(format!("the settings of plugin `{name}` have no form as JSON: {fault}")))?,
        None => CanonicalJson::empty_object(),
    };
    match &plugin.info().settings_schema {
        Some(text) => {
            let schema =
                Schema::compile(text).map_err(|why| wrong(format!("the settings schema of plugin `{name}` {why}")))?;
            let faults = schema.faults(&settings.to_value());
            if !faults.is_empty() {
                return Err(wrong(format!("the settings of plugin `{name}` do not fit: {}", faults.join("; ")))
                    .hint(format!("{takes} takes {}", cut(text.as_str(), SHOWN))));
            }
        }
        None if written.is_some() => {
            return Err(wrong(format!("plugin `{name}` takes no settings")).hint("take the line out"));
        }
        None => {}
    }
    Ok(settings)
}
