//! The texts that files give to a run: system text, and context as data.

use std::path::Path;

use super::files;
use crate::error::Result;
use crate::settings::{Agent, Sourced, TextSource};

/// What the settings give to a run in words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Texts {
    /// The system text.
    pub(crate) system: Option<String>,
    /// Files that are shown as data: name and content.
    pub(crate) context: Vec<(String, String)>,
}

/// Reads what the settings name; names of context files are relative to `dir`.
pub(crate) fn texts(agent: &Agent, dir: &Path) -> Result<Texts> {
    let mut texts = Texts { system: agent.system.as_ref().map(text).transpose()?, context: Vec::new() };
    for file in &agent.context {
        let content = files::read_bytes(&dir.join(&file.value)).map_err(|error| error.at(file.origin.clone()))?;
        let name = file.value.display().to_string();
        texts.context.push((name, String::from_utf8_lossy(&content).into_owned()));
    }
    Ok(texts)
}

/// Puts the schema of `done` in the place of the file that holds it.
pub(crate) fn read_done_schema(agent: &mut Agent) -> Result<()> {
    if let Some(schema) = &mut agent.done_schema {
        schema.value = TextSource::Inline(text(schema)?);
    }
    Ok(())
}

/// A text, read where it is a file.
fn text(source: &Sourced<TextSource>) -> Result<String> {
    match &source.value {
        TextSource::Inline(text) => Ok(text.clone()),
        TextSource::File(path) => {
            let bytes = files::read_bytes(path).map_err(|error| error.at(source.origin.clone()))?;
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        }
    }
}
