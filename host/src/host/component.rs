//! A hook that is a component and that some runs are given, beside those of the configuration.

use std::sync::Arc;

use super::Host;
use super::hooks::{self, HostHook};
use crate::error::{Error, Result};
use crate::gate::Gate;
use crate::hook::HookEntry;
use crate::machine;
use crate::origin::Origin;
use crate::record::PluginRecord;
use crate::settings::HookSettings;

/// A hook that is loaded and checked; each run that is given it has an instance of its own. Cheap to clone.
#[derive(Clone)]
pub struct HookComponent(Arc<HostHook>);

impl Host {
    /// Loads a hook for single runs, in the words of `--hook`: `NAME[+POWER…][=JSON]`, where the name is a
    /// `.wasm` file or `builtin:NAME`. [`Launch::component`](super::Launch::component) gives it to a run.
    ///
    /// # Errors
    /// Words that are none, a file that is no hook, settings that do not fit, a power that it lacks; a hook that
    /// needs a mount or a variable, which only a configuration file grants.
    pub async fn component(&self, hook: &str) -> Result<HookComponent> {
        let parts = &self.0;
        let around = parts.around.as_ref().ok_or_else(|| {
            Error::usage(format!("the hook `{hook}` cannot be looked up: this host was put together without files"))
                .hint("use `Host::builder`")
        })?;
        let cwd = &around.machine.surroundings.cwd;
        let written = HookSettings::of_flag(hook, cwd).map_err(|error| error.at(Origin::Program))?;
        let written = [HookSettings { origin: Origin::Program, ..written }];
        let files = machine::hook_files(&written)?;
        let mounts = parts.mounts.iter().map(|mount| (mount.name().to_owned(), mount.clone())).collect();
        let variables = &around.machine.variables;
        let (loaded, _) = hooks::load(&parts.sandbox, self.settings(), &written, files, &mounts, variables).await?;
        let hook = loaded.into_iter().next().ok_or_else(|| Error::failed("a hook was loaded and is gone"))?;
        Ok(HookComponent(Arc::new(hook)))
    }
}

/// A hook of one run.
pub(super) enum RunHook {
    /// The embedding program's own.
    Native(HookEntry),
    /// A component.
    Component(HookComponent),
}

impl RunHook {
    pub(super) fn entry(self, gate: &Gate, forgets: bool) -> HookEntry {
        match self {
            Self::Native(entry) => entry,
            Self::Component(HookComponent(hook)) => hook.entry(gate, forgets),
        }
    }

    /// What the journal says of it; nothing of what is part of the program.
    pub(super) fn to_record(&self) -> Option<PluginRecord> {
        match self {
            Self::Native(_) => None,
            Self::Component(HookComponent(hook)) => Some(hook.to_record()),
        }
    }
}
