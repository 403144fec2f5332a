//! What this process finds around itself, for hosts that are to use it: variables, directories, the files of
//! the operator, the places of the host's own files.
//!
//! The one door of the library to the environment and to files that are no guest's and no run's. Nothing
//! comes through it by itself: [`Host::builder`](crate::host::Host::builder) reads here what it was asked
//! to, the program `looplet-host` all of it.
#![expect(clippy::disallowed_methods, reason = "this room is where the environment and the disk are read for hosts")]

mod components;
mod files;
mod keyring;
mod layers;
mod lock;
mod model;
mod process;
mod secrets;
mod shelf;
mod texts;

use std::fs;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

pub use components::{NamedBy, PluginFile, hook_files, named_component, plugin_files};
pub use files::{read_bytes, read_text, write_own};
pub use layers::{Files, digest_of, layers, source, standing, trust_store};
pub use lock::{LOCK_FILE, component_there, read_locks, write_component, write_lock};
pub(crate) use model::named;
pub use model::{choose, connect, wishes};
pub use process::wait_until;
pub use secrets::read_secrets;
pub use shelf::shelve;
pub(crate) use texts::{read_done_schema, texts};

use crate::error::{Error, Result};
use crate::model::select::Environment;
use crate::settings::Surroundings;

/// The name of the file that comes with a project.
pub const PROJECT_FILE: &str = "looplet.toml";

/// What was found at start.
#[derive(Clone, Debug)]
pub struct Machine {
    /// The variables of the environment.
    pub variables: Environment,
    /// Terminal and directories.
    pub surroundings: Surroundings,
}

impl Machine {
    /// Looks around.
    pub fn look() -> Result<Self> {
        let variables: Environment = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let cwd = std::env::current_dir()
            .and_then(fs::canonicalize)
            .map_err(|error| Error::usage(format!("the current directory cannot be used: {error}")))?;
        let home = variables.get("HOME").map(PathBuf::from).map(|home| fs::canonicalize(&home).unwrap_or(home));
        // Prompts go to the controlling terminal, and are seen only where stderr is one.
        let terminal = std::io::stderr().is_terminal() && fs::File::open("/dev/tty").is_ok();
        Ok(Self { variables, surroundings: Surroundings { terminal, cwd, home } })
    }

    /// The same machine seen from another directory, if that is still there.
    pub fn at(mut self, dir: &str) -> Result<Self> {
        self.surroundings.cwd = fs::canonicalize(dir)
            .map_err(|error| Error::usage(format!("the directory `{dir}` of the run cannot be used: {error}")))?;
        Ok(self)
    }

    /// The same machine, as if there were a terminal to ask at, or none.
    pub fn with_terminal(mut self, is_there: bool) -> Self {
        self.surroundings.terminal = is_there;
        self
    }

    /// The user's own configuration file.
    pub fn user_file(&self) -> PathBuf {
        self.xdg("XDG_CONFIG_HOME", ".config").join("looplet.toml")
    }

    /// Where trust, approvals and runs are kept.
    pub fn state_dir(&self) -> PathBuf {
        self.xdg("XDG_STATE_HOME", ".local/state")
    }

    /// The list of trusted project files.
    pub fn trust_file(&self) -> PathBuf {
        self.state_dir().join("trust.toml")
    }

    /// The answers that stand until they are revoked.
    pub fn approvals_file(&self) -> PathBuf {
        self.state_dir().join("approvals.toml")
    }

    /// Where compiled components are kept.
    pub fn compiled_dir(&self) -> PathBuf {
        self.xdg("XDG_CACHE_HOME", ".cache").join("compiled")
    }

    /// The secret that compiled components are sealed with: not beside them.
    pub fn seal_file(&self) -> PathBuf {
        self.state_dir().join("seal.key")
    }

    /// The models that nobody named and a person agreed to.
    pub fn models_file(&self) -> PathBuf {
        self.state_dir().join("models.toml")
    }

    /// Where runs are kept.
    pub fn runs_dir(&self) -> PathBuf {
        self.state_dir().join("runs")
    }

    /// Every place that no guest may change.
    pub fn own_places(&self, runs: Option<&Path>) -> Vec<PathBuf> {
        let own = [self.user_file(), self.state_dir(), self.compiled_dir()];
        own.into_iter().chain(runs.map(Path::to_owned)).collect()
    }

    /// The project file of the current directory, there or not.
    pub fn project_file(&self) -> PathBuf {
        self.surroundings.cwd.join(PROJECT_FILE)
    }

    /// The name under which the current project is known in the state directory.
    pub fn project(&self) -> String {
        self.surroundings.cwd.display().to_string()
    }

    fn xdg(&self, variable: &str, otherwise: &str) -> PathBuf {
        let set = self.variables.get(variable).map(PathBuf::from).filter(|path| path.is_absolute());
        let home = || self.surroundings.home.clone().unwrap_or_else(|| PathBuf::from("/nonexistent"));
        set.unwrap_or_else(|| home().join(otherwise)).join("looplet")
    }
}
