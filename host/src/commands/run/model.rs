//! Which model the run uses, from flags, files, environment and what answers on this machine.

use std::path::Path;
use std::sync::Arc;

use looplet_host::error::Result;
use looplet_host::host::Recorded;
use looplet_host::machine;
use looplet_host::model::{HttpClient, Model};
use looplet_host::origin::Origin;

use super::consent;
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
    let mut wishes = machine::wishes(settings, &setup.machine.variables, flag);
    if let Some(own) = own.filter(|_| flag.is_none()) {
        wishes.project = Some((own, Origin::flag("the run's own")));
    }
    let http = HttpClient::default();
    let selection = machine::choose(&wishes, &http).await?;
    if selection.needs_consent {
        consent::obtain(&setup.machine, &selection).await?;
    }
    let model = machine::connect(&selection, &http)?;
    Ok((model, selection.header()))
}

/// The recorded answers of a run.
fn replay(setup: &Setup, run: &str, runs: Option<&Path>) -> Result<(Arc<dyn Model>, String)> {
    let past = Past::find(&setup.machine, runs, Some(run))?;
    let name = format!("replay:{}", past.id);
    let model = Recorded::new(&past.journal.records, name.clone())?;
    Ok((Arc::new(model), format!("model {name} (recorded answers)")))
}
