//! The texts that files give to a run: system text, and context as data.

use looplet_host::error::Result;
use looplet_host::host::Launch;
use looplet_host::settings::{Sourced, TextSource};

use crate::commands::machine;
use crate::commands::setup::Setup;

/// Adds what the settings name.
pub(super) fn add(mut launch: Launch, setup: &Setup) -> Result<Launch> {
    let agent = &setup.host.settings().agent;
    if let Some(system) = &agent.system {
        launch = launch.system(text(system)?);
    }
    for file in &agent.context {
        let path = setup.machine.surroundings.cwd.join(&file.value);
        let content = machine::read_bytes(&path).map_err(|error| error.at(file.origin.clone()))?;
        launch = launch.context(&file.value.display().to_string(), &String::from_utf8_lossy(&content));
    }
    Ok(launch)
}

fn text(source: &Sourced<TextSource>) -> Result<String> {
    match &source.value {
        TextSource::Inline(text) => Ok(text.clone()),
        TextSource::File(path) => {
            let bytes = machine::read_bytes(path).map_err(|error| error.at(source.origin.clone()))?;
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        }
    }
}
