//! A model that nobody named: a person agrees once that the task goes there, and that is remembered.

use looplet_host::error::{Error, Result};
use looplet_host::machine::{self, Machine};
use looplet_host::model::select::Selection;
use looplet_host::origin::Origin;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::commands::terminal::Terminal;

/// The version of `models.toml` that this host reads and writes.
const FORMAT: u32 = 1;

/// `models.toml` in the state directory.
#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Agreed {
    format: u32,
    /// `provider:name at endpoint`.
    models: Vec<String>,
}

/// Asks whether the task may go to this model, unless that was answered before.
pub(super) async fn obtain(machine: &Machine, selection: &Selection) -> Result<()> {
    let place = selection.endpoint.as_ref().map(|endpoint| format!(" at {endpoint}")).unwrap_or_default();
    let model = format!("{}:{}{place}", selection.provider, selection.name);
    let mut agreed = read(machine)?;
    if agreed.models.contains(&model) {
        return Ok(());
    }
    if !machine.surroundings.terminal {
        return Err(refused(selection));
    }
    let words = format!(
        "nobody has named a model; {model} answers. The task and what tools read would go there, now and in later runs that name none. Use it?"
    );
    let terminal = Terminal::of(machine, CancellationToken::new());
    if terminal.agrees(&words).await != Some(true) {
        return Err(refused(selection));
    }
    agreed.models.push(model);
    let text = toml::to_string(&agreed)
        .map_err(|error| Error::failed(format!("the list of models cannot be written: {error}")))?;
    machine::write_own(&machine.models_file(), &text)
}

fn read(machine: &Machine) -> Result<Agreed> {
    let Some(text) = machine::read_text(&machine.models_file())? else {
        return Ok(Agreed { format: FORMAT, models: Vec::new() });
    };
    match toml::from_str::<Agreed>(&text) {
        Ok(agreed) if agreed.format == FORMAT => Ok(agreed),
        _ => Err(Error::usage("the list of models that you agreed to cannot be read")
            .hint("remove the file: you are then asked again")
            .at(Origin::line("models.toml", 1))),
    }
}

fn refused(selection: &Selection) -> Error {
    Error::usage(format!("a model answers and nobody has named it: {}", selection.header())).hint(format!(
        "the task and what tools read would go there; name it: `--model {}:{}`",
        selection.provider, selection.name
    ))
}
