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
