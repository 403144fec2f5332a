//! The model that a name means here: with the keys of the environment and the places of the settings.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Machine, files};
use crate::error::{Error, Result};
use crate::model::retry::{Clock, SystemClock};
use crate::model::select::{
    Environment, OLLAMA_HOST, ProviderSettings, Selection, Wishes, nothing_set_up, ollama_endpoint, select,
};
use crate::model::{EventSink, HttpClient, Model, ollama};
use crate::origin::Origin;
use crate::settings::Settings;

/// The model of a name, `provider:model`, without asking anybody: an Ollama is not asked what it has.
/// `place` is the line that names it, where it was not the program.
pub(crate) fn named(
    machine: &Machine,
    settings: &Settings,
    name: &str,
    place: Option<&Origin>,
) -> Result<Arc<dyn Model>> {
    let mut wishes = wishes(settings, &machine.variables, None);
    wishes.project = Some((name, place.cloned().unwrap_or(Origin::Program)));
    // What is named most strongly is named.
    let selection = select(&wishes)?.ok_or_else(nothing_set_up)?;
    connect(&selection, &HttpClient::default())
}

/// Makes the model that was selected; a file of turns is named relative to where the program was started.
pub fn connect(selection: &Selection, http: &HttpClient) -> Result<Arc<dyn Model>> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    crate::model::connect(selection, http, &clock, script)
}

/// The text of a file of turns.
fn script(file: &str) -> Result<String> {
    let bytes = files::read_bytes(file.as_ref())
        .map_err(|error| error.hint("`scripted:FILE` answers from a file with one turn a line"))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// What is said about the model by flag, settings and environment.
pub fn wishes<'s>(settings: &'s Settings, environment: &Environment, flag: Option<&'s str>) -> Wishes<'s> {
    let written = settings.model.name.as_ref().filter(|_| flag.is_none());
    Wishes {
        flag,
        project: written.map(|name| (name.value.as_str(), name.origin.clone())),
        user: None,
        environment: environment.clone(),
        providers: providers(settings),
    }
}

fn providers(settings: &Settings) -> BTreeMap<String, ProviderSettings> {
    let provider = |provider: &crate::settings::Provider| ProviderSettings {
        base_url: provider.base_url.as_ref().map(|url| (url.value.clone(), url.origin.clone())),
        context_tokens: provider.context_tokens.as_ref().and_then(|tokens| u32::try_from(tokens.value).ok()),
        cap_field: None,
    };
    settings.providers.iter().map(|(name, written)| (name.clone(), provider(written))).collect()
}

/// The model that is wished for most strongly; where nothing is, what an Ollama here has.
pub async fn choose(wishes: &Wishes<'_>, http: &HttpClient) -> Result<Selection> {
    let named = select(wishes)?;
    let is_ollama = |selection: &Selection| selection.provider.as_str() == "ollama";
    match named {
        Some(selection) if is_ollama(&selection) => {
            let endpoint = ollama_endpoint(wishes)?;
            let installed = ollama::installed(http, &endpoint, &EventSink::default()).await.map_err(Error::from)?;
            selection.checked(wishes, &installed)
        }
        Some(selection) => Ok(selection),
        None => {
            let endpoint = ollama_endpoint(wishes)?;
            match ollama::installed(http, &endpoint, &EventSink::default()).await {
                Ok(installed) => Selection::from_installed(wishes, &installed),
                // Who said where it is wants to know that it does not answer there.
                Err(error) if wishes.environment.get(OLLAMA_HOST).is_some() => Err(error.into()),
                Err(_) => Err(nothing_set_up()),
            }
        }
    }
}
