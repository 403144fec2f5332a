//! All runs in a directory: making one, finding one, listing them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::cannot;
use super::read::{Journal, ends};
use super::write::{JournalWriter, remove};
use crate::error::{Error, Result};
use crate::record::{Body, Parent, RunId, StopReason};

/// Most runs that an error lists.
const LISTED: usize = 5;

/// A directory of runs. Nothing is made in it before the first run.
#[derive(Clone, Debug)]
pub struct Runs(PathBuf);

/// One run, without its steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Its name.
    pub run: RunId,
    /// What it was asked to do.
    pub task: String,
    /// Its model, `provider:name`.
    pub model: String,
    /// Directory of its project.
    pub project: Option<String>,
    /// The run and the step that began it as a sub-agent.
    pub child_of: Option<Parent>,
    /// When it began, in milliseconds since 1970.
    pub began_ms: u64,
    /// Why it ended or rests; none while it goes on, or where it broke off.
    pub stopped: Option<StopReason>,
    /// Size of its journal without blobs, in bytes.
    pub bytes: u64,
}

impl Runs {
    /// The runs in this directory.
    pub fn at(dir: impl Into<PathBuf>) -> Self {
        Self(dir.into())
    }

    /// Directory of a run, whether it exists or not.
    pub fn dir_of(&self, run: RunId) -> PathBuf {
        self.0.join(run.to_string())
    }

    /// Begins the journal of a new run.
    pub fn create(&self, run: RunId) -> Result<JournalWriter> {
        JournalWriter::create(&self.dir_of(run))
    }

    /// Opens a run's journal to go on with it.
    pub fn open(&self, run: RunId) -> Result<(JournalWriter, Journal)> {
        JournalWriter::open(&self.dir_of(run))
    }

    /// Reads a run's journal.
    pub fn read(&self, run: RunId) -> Result<Journal> {
        Journal::read(&self.dir_of(run))
    }

    /// Size of all of a run's files in bytes, as far as they can be seen.
    pub fn bytes(&self, run: RunId) -> u64 {
        let dir = self.dir_of(run);
        let files = |dir: &Path| fs::read_dir(dir).into_iter().flatten().flatten();
        let size = |entry: fs::DirEntry| entry.metadata().ok().filter(fs::Metadata::is_file).map(|file| file.len());
        files(&dir).chain(files(&dir.join(super::BLOBS))).filter_map(size).sum()
    }

    /// Removes a run.
    pub fn remove(&self, run: RunId) -> Result<()> {
        remove(&self.dir_of(run))
    }

    /// Names of all runs, the oldest first.
    pub fn ids(&self) -> Result<Vec<RunId>> {
        let entries = match fs::read_dir(&self.0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(cannot("read", &self.0, &error)),
            Ok(entries) => entries,
        };
        let name = |entry: fs::DirEntry| entry.file_name().to_str().and_then(|name| name.parse().ok());
        let mut ids: Vec<RunId> = entries.filter_map(|entry| name(entry.ok()?)).collect();
        ids.sort_unstable();
        Ok(ids)
    }

    /// What a run was about and how it ended, at the cost of its first and last line.
    pub fn summary(&self, run: RunId) -> Result<Summary> {
        let (first, last, bytes) = ends(&self.dir_of(run))?;
        let Body::RunStarted(started) = first.body else {
            return Err(Error::failed(format!("the journal of run {run} does not begin with a start")));
        };
        let stopped = last.and_then(|record| match record.body {
            Body::Stopped(reason) => Some(reason),
            _ => None,
        });
        Ok(Summary {
            run,
            task: started.task,
            model: started.model,
            project: started.project,
            child_of: started.child_of,
            began_ms: first.at_ms,
            stopped,
            bytes,
        })
    }

    /// The latest run, of a project if one is given. Sub-agents are left out: nobody goes on with one.
    pub fn latest(&self, project: Option<&Path>) -> Result<RunId> {
        let is_of = |run: &RunId| {
            let summary = self.summary(*run);
            if summary.as_ref().is_ok_and(|summary| summary.child_of.is_some()) {
                return false;
            }
            project.is_none_or(|wanted| {
                let found = summary.ok().and_then(|summary| summary.project);
                found.is_some_and(|found| Path::new(&found) == wanted)
            })
        };
        let newest_first = self.ids()?.into_iter().rev();
        newest_first.into_iter().find(is_of).ok_or_else(|| {
            Error::usage(format!("there is no run in `{}`", self.0.display())).hint("`looplet-host run` makes one")
        })
    }

    /// Runs that began later and whose journals cannot be read; nobody can say whose they are.
    pub fn unreadable_after(&self, run: RunId) -> Result<Vec<(RunId, Error)>> {
        let newer = self.ids()?.into_iter().filter(|id| *id > run);
        Ok(newer.filter_map(|id| Some((id, self.summary(id).err()?))).collect())
    }

    /// The run whose name begins so; capitals do not matter.
    pub fn find(&self, prefix: &str) -> Result<RunId> {
        let prefix = prefix.to_uppercase();
        let begins_so = |run: &RunId| run.to_string().starts_with(&prefix);
        let found: Vec<RunId> = self.ids()?.into_iter().filter(begins_so).collect();
        match found.as_slice() {
            [run] => Ok(*run),
            [] => Err(Error::usage(format!("no run begins with `{}`", crate::record::cut(&prefix, 40)))
                .hint("`looplet-host show` shows the latest one")),
            [.., _] => {
                let names: Vec<String> = found.iter().rev().take(LISTED).map(ToString::to_string).collect();
                Err(Error::usage(format!("{} runs begin with `{prefix}`", found.len()))
                    .hint(format!("the latest: {}", names.join(", "))))
            }
        }
    }
}
