//! A run that is over or rests: found by the beginning of its name, read, and what its steps were.

use std::path::{Path, PathBuf};

use looplet_host::agent::Fold;
use looplet_host::error::{Error, Result};
use looplet_host::journal::{Journal, Runs};
use looplet_host::machine::Machine;
use looplet_host::record::{Body, CallDecided, RunId, RunStarted, cut};

use super::print;

/// A run with its journal.
pub(super) struct Past {
    pub(super) runs: Runs,
    pub(super) id: RunId,
    pub(super) journal: Journal,
}

/// The directory of runs that was named, else the usual one.
pub(super) fn runs(machine: &Machine, dir: Option<&Path>) -> Runs {
    Runs::at(dir.map_or_else(|| machine.runs_dir(), PathBuf::from))
}

impl Past {
    /// The run of that name, or the latest of this project.
    pub(super) fn find(machine: &Machine, dir: Option<&Path>, name: Option<&str>) -> Result<Self> {
        let runs = runs(machine, dir);
        let id = match name.unwrap_or_default() {
            "" => {
                let latest = runs.latest(Some(&machine.surroundings.cwd))?;
                for (newer, error) in runs.unreadable_after(latest)? {
                    print::note(&format!("note: run {newer} is newer, and left out: {}", error.message()));
                }
                latest
            }
            prefix => runs.find(prefix)?,
        };
        let journal = runs.read(id)?;
        if journal.is_torn {
            print::note(&format!("note: the last line of the journal of run {id} was torn by a crash; it is left out"));
        }
        Ok(Self { runs, id, journal })
    }

    /// How it began.
    pub(super) fn started(&self) -> Result<&RunStarted> {
        self.journal.started()
    }

    /// Where it stands.
    pub(super) fn fold(&self) -> Result<Fold> {
        Fold::from_records(&self.journal.records)
    }

    /// The machine as seen from the project of the run.
    pub(super) fn machine(&self, machine: Machine) -> Result<Machine> {
        match &self.started()?.project {
            Some(project) if *project != machine.project() => machine.at(project),
            _ => Ok(machine),
        }
    }

    /// What was decided last about a step.
    pub(super) fn decided(&self, step: u32) -> Option<&CallDecided> {
        self.journal.records.iter().rev().find_map(|record| match &record.body {
            Body::CallDecided(decided) if decided.step == step => Some(&**decided),
            _ => None,
        })
    }
}

/// A call in one line.
pub(super) fn call(decided: &CallDecided) -> String {
    format!("#{} {} {}", decided.step, cut(&decided.tool, 64), cut(decided.arguments.as_str(), 160))
}

/// The number of a step as people write it: `4` or `#4`.
pub(super) fn number(text: &str) -> Result<u32> {
    text.strip_prefix('#').unwrap_or(text).parse().map_err(|_| {
        Error::usage(format!("`{}` is no number of a step", cut(text, 40)))
            .hint("`looplet-host show 'RUN#4'` shows step 4")
    })
}
