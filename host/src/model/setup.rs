//! What stays the same from turn to turn: system text, tools, parameters.
//!
//! Separate from the history because it is written into the head of every request, and because tools
//! are the largest part of a short request: they are written once for each wire.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::wire::{Wire, write_tools};
use crate::canonical::CanonicalJson;
use crate::error::{Error, Result};

/// Keys of a request that the host writes itself and that extra fields may not replace.
const OWN_KEYS: [&str; 5] = ["messages", "model", "stream", "system", "tools"];

/// A tool, as a model is told of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolDeclaration {
    /// The name that calls use.
    pub name: String,
    /// What it does, in words for the model.
    pub description: String,
    /// JSON Schema of the arguments, sent byte for byte.
    pub input_schema: CanonicalJson,
}

/// Whether the model may, must or must not call tools.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolChoice {
    /// As it likes.
    #[default]
    Auto,
    /// Text only.
    None,
    /// At least one tool.
    Required,
    /// This tool.
    Tool(String),
}

/// All of a request but the history. Made once for a run; changing one means making another.
///
/// A new one has no system text and no tools, leaves temperature and length of the answer to the
/// provider, and lets the model choose whether to call tools.
#[derive(Debug, Default)]
pub struct RequestSetup {
    system: String,
    tools: Vec<ToolDeclaration>,
    tool_choice: ToolChoice,
    temperature: Option<f64>,
    max_output_tokens: Option<u32>,
    extra: BTreeMap<String, CanonicalJson>,
    written_tools: Mutex<Vec<WrittenTools>>,
}

/// The list of tools under the name of the wire that wrote it.
type WrittenTools = (&'static str, Arc<[u8]>);

impl RequestSetup {
    /// One with the defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Instructions of the operator, placed before the history.
    pub fn with_system(mut self, text: impl Into<String>) -> Self {
        self.system = text.into();
        self
    }

    /// The tools, which are sent in the order of their names, so that the order in which plugins were
    /// found does not empty a provider's cache.
    pub fn with_tools(mut self, mut tools: Vec<ToolDeclaration>) -> Self {
        tools.sort_by(|a, b| a.name.cmp(&b.name));
        self.tools = tools;
        self.written_tools = Mutex::default();
        self
    }

    /// Whether tools may or must be called.
    pub fn with_tool_choice(mut self, choice: ToolChoice) -> Self {
        self.tool_choice = choice;
        self
    }

    /// How far the model strays from the most likely word, usually 0 to 2.
    pub fn with_temperature(mut self, temperature: f64) -> Self {
        self.temperature = Some(temperature);
        self
    }

    /// The most tokens of one answer.
    pub fn with_max_output_tokens(mut self, tokens: u32) -> Self {
        self.max_output_tokens = Some(tokens);
        self
    }

    /// Fields that are put into the body of every request as they are. One that the host would write
    /// from another setting (`temperature`, say) wins over it; the model, the messages, the tools and
    /// the form of the answer are refused.
    pub fn with_extra(mut self, extra: BTreeMap<String, CanonicalJson>) -> Result<Self> {
        if let Some(key) = OWN_KEYS.iter().find(|key| extra.contains_key(**key)) {
            return Err(Error::usage(format!("extra field `{key}` is written by the host itself"))
                .hint("leave it out: the model, the messages and the tools have settings of their own"));
        }
        self.extra = extra;
        Ok(self)
    }

    /// The same with these tools alone, by name, and the built-in `done`; borrowed where all are offered.
    pub fn offering(&self, names: Option<&[String]>) -> Cow<'_, Self> {
        match names {
            None => Cow::Borrowed(self),
            Some(names) => {
                let is_offered = |tool: &&ToolDeclaration| names.contains(&tool.name) || tool.name == "done";
                let tools = self.tools.iter().filter(is_offered).cloned().collect();
                Cow::Owned(self.clone().with_tools(tools))
            }
        }
    }

    /// Instructions of the operator; may be empty.
    pub fn system(&self) -> &str {
        &self.system
    }

    /// The tools, by name.
    pub fn tools(&self) -> &[ToolDeclaration] {
        &self.tools
    }

    /// Whether tools may or must be called.
    pub fn tool_choice(&self) -> &ToolChoice {
        &self.tool_choice
    }

    /// How far the model strays from the most likely word.
    pub fn temperature(&self) -> Option<f64> {
        self.temperature
    }

    /// The most tokens of one answer.
    pub fn max_output_tokens(&self) -> Option<u32> {
        self.max_output_tokens
    }

    /// Fields that are put into the body as they are, by name.
    pub fn extra(&self) -> &BTreeMap<String, CanonicalJson> {
        &self.extra
    }

    /// The tools in the form of a wire, written at the first use.
    pub(super) fn written_tools(&self, wire: &dyn Wire) -> Arc<[u8]> {
        let mut written = self.written_tools.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, bytes)) = written.iter().find(|(id, _)| *id == wire.id()) {
            return Arc::clone(bytes);
        }
        let bytes: Arc<[u8]> = write_tools(wire, &self.tools).into();
        written.push((wire.id(), Arc::clone(&bytes)));
        bytes
    }
}

/// The copy writes its tools anew at its first use.
impl Clone for RequestSetup {
    fn clone(&self) -> Self {
        Self {
            system: self.system.clone(),
            tools: self.tools.clone(),
            tool_choice: self.tool_choice.clone(),
            temperature: self.temperature,
            max_output_tokens: self.max_output_tokens,
            extra: self.extra.clone(),
            written_tools: Mutex::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extra_fields_may_not_replace_what_the_host_writes() {
        for key in OWN_KEYS {
            let extra = BTreeMap::from([(key.to_owned(), CanonicalJson::empty_object())]);
            let error = RequestSetup::new().with_extra(extra).expect_err("is refused");
            assert_eq!(error.message(), format!("extra field `{key}` is written by the host itself"));
        }
    }
}
