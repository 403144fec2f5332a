//! Chooses among the models that an Ollama server has installed.
//!
//! Only models that can call tools are chosen: a run without tools would look like one that works.

use super::{Provider, Selection, Wishes, ollama_endpoint, settings};
use crate::error::{Error, Result};
use crate::model::ollama::{Installed, USUAL_CONTEXT_TOKENS};

impl Selection {
    /// The only installed model that can call tools. Nobody named it, so it needs consent.
    pub fn from_installed(wishes: &Wishes<'_>, installed: &[Installed]) -> Result<Self> {
        let endpoint = ollama_endpoint(wishes)?;
        let able: Vec<_> = installed.iter().filter(|model| model.tools).collect();
        match able.as_slice() {
            [] => Err(Error::usage(format!("Ollama at {endpoint} has no model that can call tools"))
                .hint(format!("{}; `ollama pull qwen3:8b` installs one that can", listed(installed)))),
            [only] => {
                let mut selection = super::ollama(wishes, &only.name, ONLY)?;
                selection.needs_consent = true;
                Ok(selection.with_facts(wishes, only))
            }
            several => {
                let lines: Vec<_> = several.iter().map(|model| format!("  --model ollama:{}", model.name)).collect();
                Err(Error::usage(format!("Ollama at {endpoint} has several models that can call tools"))
                    .hint(format!("name one of them:\n{}", lines.join("\n"))))
            }
        }
    }

    /// Checks a named model against what is installed, and takes over its window. A selection of
    /// another provider comes back as it is.
    pub fn checked(self, wishes: &Wishes<'_>, installed: &[Installed]) -> Result<Self> {
        if self.provider != Provider::Ollama {
            return Ok(self);
        }
        let place = self.endpoint.as_ref().map(ToString::to_string).unwrap_or_default();
        let Some(model) = installed.iter().find(|model| is_named(&model.name, &self.name)) else {
            return Err(Error::usage(format!("Ollama at {place} has no model `{}`", self.name)).hint(format!(
                "{}; `ollama pull {}` installs it",
                listed(installed),
                self.name
            )));
        };
        if model.tools {
            return Ok(self.with_facts(wishes, model));
        }
        let able = installed.iter().find(|model| model.tools);
        let hint = able.map_or_else(
            || "`ollama pull qwen3:8b` installs one that can".to_owned(),
            |able| format!("`--model ollama:{}` is installed and can", able.name),
        );
        Err(Error::usage(format!("model `{}` of Ollama cannot call tools", self.name)).hint(hint))
    }

    fn with_facts(mut self, wishes: &Wishes<'_>, model: &Installed) -> Self {
        let usual = || {
            let largest = model.context_tokens.unwrap_or(USUAL_CONTEXT_TOKENS);
            largest.min(USUAL_CONTEXT_TOKENS)
        };
        let written = settings(wishes, Provider::Ollama).context_tokens;
        self.context_tokens = Some(written.unwrap_or_else(usual));
        self.tools = Some(model.tools);
        self
    }
}

const ONLY: &str = "the only installed model that can call tools";

/// Ollama lets people leave out the tag `latest`.
fn is_named(installed: &str, name: &str) -> bool {
    installed == name || installed.strip_suffix(":latest") == Some(name)
}

fn listed(installed: &[Installed]) -> String {
    let names: Vec<_> = installed.iter().map(|model| format!("`{}`", model.name)).collect();
    if names.is_empty() {
        return "nothing is installed".to_owned();
    }
    format!("installed: {}", names.join(", "))
}
