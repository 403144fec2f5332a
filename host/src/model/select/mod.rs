//! Which model a run uses: from flags, files and environment to one choice that says why.
//!
//! Pure: what was typed, written and found is handed in, so that every order of precedence is a test.
//! `ollama` chooses among what a server has installed, `advice` holds the texts for who has nothing.

mod advice;
mod environment;
mod ollama;
mod ollama_host;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;

pub use advice::nothing_set_up;
pub use environment::Environment;
pub use ollama_host::OLLAMA_HOST;

use super::endpoint::Endpoint;
use super::key::ApiKey;
use super::ollama::USUAL_ENDPOINT;
use super::openai::CapField;
use crate::error::{Error, Result};
use crate::origin::Origin;

/// Where `OpenAI` itself is.
const OPENAI: &str = "https://api.openai.com/v1";

/// Who answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provider {
    /// Chat Completions, of `OpenAI` or a compatible server.
    OpenAi,
    /// An Ollama server.
    Ollama,
    /// A file of turns.
    Scripted,
}

impl Provider {
    /// The word before the colon.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Ollama => "ollama",
            Self::Scripted => "scripted",
        }
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What the operator says of one provider. Never from a project file, which may not choose where the
/// key and the task go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProviderSettings {
    /// The base URL and where it is written.
    pub base_url: Option<(String, Origin)>,
    /// Size of the context window in tokens.
    pub context_tokens: Option<u32>,
    /// Which field caps the length of answers, where the shipped rule is wrong for the server.
    pub cap_field: Option<CapField>,
}

/// All that is said about the model, strongest first.
#[derive(Clone, Debug, Default)]
pub struct Wishes<'a> {
    /// `--model`.
    pub flag: Option<&'a str>,
    /// `[model] use` of the project file.
    pub project: Option<(&'a str, Origin)>,
    /// `[model] use` of the user's file.
    pub user: Option<(&'a str, Origin)>,
    /// The environment.
    pub environment: Environment,
    /// `[providers]` of the operator's own files, by provider.
    pub providers: BTreeMap<String, ProviderSettings>,
}

/// The model of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// Who answers.
    pub provider: Provider,
    /// The model's name alone; for a scripted one, the file.
    pub name: String,
    /// Where it is; a scripted one is nowhere.
    pub endpoint: Option<Endpoint>,
    /// What it is paid with.
    pub key: Option<ApiKey>,
    /// Who chose it, in words for the header line.
    pub why: String,
    /// Nobody named it: a person has to agree before the task goes there.
    pub needs_consent: bool,
    /// Size of the context window in tokens, where it is known.
    pub context_tokens: Option<u32>,
    /// Whether it can call tools, where that is known.
    pub tools: Option<bool>,
    /// Which field caps the length of answers, where the operator says so.
    pub cap_field: Option<CapField>,
}

impl Selection {
    /// Behind the name: where it is. Ollama is expected on this machine, so another one is said twice.
    fn place(&self) -> String {
        let Some(endpoint) = &self.endpoint else {
            return String::new();
        };
        let elsewhere = self.provider == Provider::Ollama && !endpoint.is_loopback();
        format!(" at {endpoint}{}", if elsewhere { ", which is not this machine" } else { "" })
    }

    /// The one line that says which model, where, and why.
    pub fn header(&self) -> String {
        let place = self.place();
        let window = self.context_tokens.map(|tokens| format!("window {tokens}"));
        let tools = self.tools.map(|tools| format!("tools {}", if tools { "yes" } else { "no" }));
        let known: Vec<_> = [window, tools, Some(self.why.clone())].into_iter().flatten().collect();
        format!("model {}:{}{place} ({})", self.provider, self.name, known.join(", "))
    }
}

/// Chooses the model that is named most strongly. `None` where nothing is named at all: then an Ollama
/// on its usual port may be asked, see [`Selection::from_installed`].
pub fn select(wishes: &Wishes<'_>) -> Result<Option<Selection>> {
    if let Some(text) = wishes.flag {
        return named(wishes, text, &Origin::flag("--model")).map(Some);
    }
    if let Some((text, origin)) = wishes.project.as_ref().or(wishes.user.as_ref()) {
        return named(wishes, text, origin).map(Some);
    }
    from_environment(wishes)
}

/// The model of a text `provider:name`.
fn named(wishes: &Wishes<'_>, text: &str, origin: &Origin) -> Result<Selection> {
    let usage = |message: String, hint: &str| Err(Error::usage(message).at(origin.clone()).hint(hint));
    let Some((provider, name)) = text.split_once(':') else {
        let message = format!("model `{text}` names no provider");
        return usage(message, &format!("write `openai:{text}` or `ollama:{text}`"));
    };
    if name.is_empty() {
        return usage(format!("model `{text}` has no name after the colon"), "write `provider:name`");
    }
    match provider {
        "openai" => openai(wishes, name, &origin.to_string()),
        "ollama" => ollama(wishes, name, &origin.to_string()),
        "scripted" => Ok(scripted(name, &origin.to_string())),
        "anthropic" => usage(
            format!("model `{text}`: this version cannot speak to Anthropic yet"),
            "use an OpenAI-compatible server or Ollama",
        ),
        _ => usage(
            format!("model `{text}`: no provider `{provider}`"),
            &format!("there are `openai`, `ollama` and `scripted`; a model with a tag is `ollama:{text}`"),
        ),
    }
}

fn from_environment(wishes: &Wishes<'_>) -> Result<Option<Selection>> {
    let environment = &wishes.environment;
    let get = |name| environment.get(name);
    if let Some(model) = get("OPENAI_MODEL") {
        return openai(wishes, model, "OPENAI_MODEL").map(Some);
    }
    if let Some(set) = ["OPENAI_API_KEY", "OPENAI_BASE_URL"].into_iter().find(|name| get(name).is_some()) {
        return Err(Error::usage(format!("`{set}` is set, but no model is named"))
            .hint("add `export OPENAI_MODEL=NAME`, or `--model openai:NAME`"));
    }
    if get("ANTHROPIC_API_KEY").is_some() || get("ANTHROPIC_MODEL").is_some() {
        return Err(advice::only_anthropic());
    }
    Ok(None)
}

fn openai(wishes: &Wishes<'_>, name: &str, why: &str) -> Result<Selection> {
    let settings = settings(wishes, Provider::OpenAi);
    let from_environment = || {
        let url = wishes.environment.get("OPENAI_BASE_URL")?;
        Some((url.to_owned(), None))
    };
    let written = settings.base_url.clone().map(|(url, origin)| (url, Some(origin)));
    let (url, origin) = written.or_else(from_environment).unwrap_or_else(|| (OPENAI.to_owned(), None));
    let endpoint = endpoint(&url, origin, "OPENAI_BASE_URL")?;
    let key = key(&wishes.environment)?;
    if key.is_none() && endpoint.host() == "api.openai.com" {
        return Err(Error::usage(format!("model `openai:{name}` needs a key"))
            .hint("add `export OPENAI_API_KEY=…`, or `export OPENAI_BASE_URL=…` for a server without one"));
    }
    Ok(Selection {
        provider: Provider::OpenAi,
        name: name.to_owned(),
        endpoint: Some(endpoint),
        key,
        why: why.to_owned(),
        needs_consent: false,
        context_tokens: settings.context_tokens,
        tools: None,
        cap_field: settings.cap_field,
    })
}

fn ollama(wishes: &Wishes<'_>, name: &str, why: &str) -> Result<Selection> {
    let settings = settings(wishes, Provider::Ollama);
    Ok(Selection {
        provider: Provider::Ollama,
        name: name.to_owned(),
        endpoint: Some(ollama_endpoint(wishes)?),
        key: None,
        why: why.to_owned(),
        needs_consent: false,
        context_tokens: settings.context_tokens,
        tools: None,
        cap_field: None,
    })
}

/// Where Ollama is asked: as the operator's file says, else `OLLAMA_HOST`, else on its usual port.
pub fn ollama_endpoint(wishes: &Wishes<'_>) -> Result<Endpoint> {
    match settings(wishes, Provider::Ollama).base_url {
        Some((url, origin)) => endpoint(&url, Some(origin), "base_url"),
        None => match wishes.environment.get(OLLAMA_HOST) {
            Some(text) => ollama_host::endpoint(text),
            None => endpoint(USUAL_ENDPOINT, None, "base_url"),
        },
    }
}

fn scripted(file: &str, why: &str) -> Selection {
    Selection {
        provider: Provider::Scripted,
        name: file.to_owned(),
        endpoint: None,
        key: None,
        why: why.to_owned(),
        needs_consent: false,
        context_tokens: None,
        tools: None,
        cap_field: None,
    }
}

fn settings(wishes: &Wishes<'_>, provider: Provider) -> ProviderSettings {
    wishes.providers.get(provider.as_str()).cloned().unwrap_or_default()
}

/// Reads a base URL. The message does not repeat it: people put keys into URLs.
fn endpoint(url: &str, origin: Option<Origin>, name: &str) -> Result<Endpoint> {
    Endpoint::parse(url).map_err(|what| {
        let error =
            Error::usage(format!("the base URL `{name}` {what}")).hint("write it like `https://api.example/v1`");
        match origin {
            Some(origin) => error.at(origin),
            None => error,
        }
    })
}

fn key(environment: &Environment) -> Result<Option<ApiKey>> {
    let Some(text) = environment.get("OPENAI_API_KEY") else {
        return Ok(None);
    };
    match ApiKey::new(text) {
        Some(key) => Ok(Some(key)),
        None => Err(Error::usage("`OPENAI_API_KEY` holds characters that no key has")
            .hint("look for blanks, line ends and quotes in it")),
    }
}
