//! Which model the run uses, from flags, files, environment and what answers on this machine.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use looplet_host::error::{Error, Result};
use looplet_host::host::Recorded;
use looplet_host::model::ollama;
use looplet_host::model::retry::{Clock, SystemClock};
use looplet_host::model::select::{
    Environment, OLLAMA_HOST, ProviderSettings, Selection, Wishes, nothing_set_up, ollama_endpoint, select,
};
use looplet_host::model::{EventSink, HttpClient, Model, connect as connect_selected};
use looplet_host::origin::Origin;
use looplet_host::settings::Settings;

use super::consent;
use crate::commands::machine;
use crate::commands::past::Past;
use crate::commands::setup::Setup;

/// The model and its header line: the one of the flag, else `own`, that of a run that goes on, else what
/// is written or found.
pub(crate) async fn connect(
    setup: &Setup,
    flag: Option<&str>,
    own: Option<&str>,
    runs: Option<&Path>,
) -> Result<(Arc<dyn Model>, String)> {
    if let Some(run) = flag.or(own).and_then(|name| name.strip_prefix("replay:")) {
        return replay(setup, run, runs);
    }
    let settings = setup.host.settings();
    let mut wishes = wishes(settings, &setup.machine.variables, flag);
    if let Some(own) = own.filter(|_| flag.is_none()) {
        wishes.project = Some((own, Origin::flag("the run's own")));
    }
    let http = HttpClient::default();
    let selection = choose(&wishes, &http).await?;
    if selection.needs_consent {
        consent::obtain(&setup.machine, &selection).await?;
    }
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    // By the name that was typed: it is relative to where the program was started.
    let read = |file: &str| {
        let bytes = machine::read_bytes(file.as_ref())
            .map_err(|error| error.hint("`scripted:FILE` answers from a file with one turn a line"))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    let model = connect_selected(&selection, &http, &clock, read)?;
    Ok((model, selection.header()))
}

/// The recorded answers of a run.
fn replay(setup: &Setup, run: &str, runs: Option<&Path>) -> Result<(Arc<dyn Model>, String)> {
    let past = Past::find(&setup.machine, runs, Some(run))?;
    let name = format!("replay:{}", past.id);
    let model = Recorded::new(&past.journal.records, name.clone())?;
    Ok((Arc::new(model), format!("model {name} (recorded answers)")))
}

pub(crate) fn wishes<'s>(settings: &'s Settings, environment: &Environment, flag: Option<&'s str>) -> Wishes<'s> {
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
    let provider = |provider: &looplet_host::settings::Provider| ProviderSettings {
        base_url: provider.base_url.as_ref().map(|url| (url.value.clone(), url.origin.clone())),
        context_tokens: provider.context_tokens.as_ref().and_then(|tokens| u32::try_from(tokens.value).ok()),
        cap_field: None,
    };
    settings.providers.iter().map(|(name, written)| (name.clone(), provider(written))).collect()
}

pub(crate) async fn choose(wishes: &Wishes<'_>, http: &HttpClient) -> Result<Selection> {
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
