//! Makes the model that was selected.

use std::sync::Arc;

use super::http::HttpClient;
use super::ollama::{Ollama, USUAL_CONTEXT_TOKENS};
use super::openai::OpenAi;
use super::retry::{Clock, RetryPolicy, Retrying};
use super::scripted::Scripted;
use super::select::{Provider, Selection};
use super::{Endpoint, Model};
use crate::error::{Error, Result};

/// Makes the model of a selection; a provider's requests are tried again with the shipped policy.
///
/// Opens no connection. `read` gives the text of a file of turns: this room reads no files.
pub fn connect(
    selection: &Selection,
    http: &HttpClient,
    clock: &Arc<dyn Clock>,
    read: impl FnOnce(&str) -> Result<String>,
) -> Result<Arc<dyn Model>> {
    let policy = RetryPolicy::default();
    let (http, name) = (http.clone(), selection.name.as_str());
    Ok(match selection.provider {
        Provider::OpenAi => {
            let model = OpenAi::new(http, endpoint(selection)?, selection.key.clone(), name)
                .with_context_tokens(selection.context_tokens);
            let model = match selection.cap_field {
                Some(field) => model.with_cap_field(field),
                None => model,
            };
            Arc::new(Retrying::new(model, policy, Arc::clone(clock)))
        }
        Provider::Ollama => {
            let tokens = selection.context_tokens.unwrap_or(USUAL_CONTEXT_TOKENS);
            let model = Ollama::new(http, endpoint(selection)?, name, tokens);
            Arc::new(Retrying::new(model, policy, Arc::clone(clock)))
        }
        Provider::Scripted => Arc::new(Scripted::from_text(name, &read(name)?)?),
    })
}

fn endpoint(selection: &Selection) -> Result<Endpoint> {
    let missing = || Error::usage(format!("model `{}` has no base URL", selection.provider));
    selection.endpoint.clone().ok_or_else(missing)
}

#[cfg(test)]
mod tests {
    use super::super::retry::SystemClock;
    use super::super::select::{ProviderSettings, Wishes, select};
    use super::*;

    fn connected(model: &str, script: &str) -> Result<Arc<dyn Model>> {
        let settings = ProviderSettings {
            base_url: Some(("http://127.0.0.1:1/v1".into(), crate::origin::Origin::Program)),
            context_tokens: Some(1000),
            ..ProviderSettings::default()
        };
        let providers = ["openai", "ollama"].map(|name| (name.to_owned(), settings.clone()));
        let wishes = Wishes { flag: Some(model), providers: providers.into(), ..Wishes::default() };
        let selection = select(&wishes)?.expect("is named");
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        connect(&selection, &HttpClient::default(), &clock, |_| Ok(script.to_owned()))
    }

    #[test]
    fn each_provider_gives_a_model_of_its_name() {
        for (name, window, wire) in [
            ("openai:gpt", Some(1000), "openai-chat"),
            ("ollama:qwen3:8b", Some(1000), "ollama-chat"),
            ("scripted:run.jsonl", None, "plain"),
        ] {
            let model = connected(name, "{}").expect("is connected");
            assert_eq!((model.name(), model.context_tokens(), model.wire().id()), (name, window, wire));
        }
    }

    #[test]
    fn a_script_that_is_none_is_refused() {
        let error = connected("scripted:run.jsonl", "{").err().map(|error| error.to_string());
        assert_eq!(error.as_deref(), Some("run.jsonl:1: not a scripted turn: EOF while parsing an object"));
    }
}
