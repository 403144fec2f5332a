//! What is being compiled, for whoever waits: on a terminal one line that is written over and cleared at
//! the end, elsewhere a plain line for each plugin that takes long.

use std::io::IsTerminal as _;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use looplet_host::record::inert;

use crate::commands::print;

/// What takes less is not worth a line where lines stay.
const LONG: Duration = Duration::from_secs(1);

/// All that is compiled by this process.
pub(super) struct Progress {
    /// Columns of the terminal; none where there is none.
    columns: Option<usize>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    since: Option<Instant>,
    /// How many there are, those that are done included.
    all: usize,
    waiting: usize,
    at_work: Vec<String>,
}

/// A component that waits for its turn.
pub(super) struct Waiting<'a>(&'a Progress);

/// A component that is being compiled, until dropped.
pub(super) struct Work<'a> {
    progress: &'a Progress,
    name: String,
    since: Instant,
    told: std::cell::Cell<bool>,
}

impl Progress {
    /// Shown where standard error is a terminal that can be written over.
    pub(super) fn on_stderr() -> Self {
        Self { columns: std::io::stderr().is_terminal().then(print::columns), state: Mutex::default() }
    }

    /// One more is to be compiled.
    pub(super) fn wait(&self) -> Waiting<'_> {
        let mut state = self.state();
        state.all += 1;
        state.waiting += 1;
        Waiting(self)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<'a> Waiting<'a> {
    /// Its turn has come.
    pub(super) fn begin(self, name: &str) -> Work<'a> {
        let mut state = self.0.state();
        let name = inert(name);
        state.since.get_or_insert_with(Instant::now);
        state.waiting -= 1;
        state.at_work.push(name.clone());
        Work { progress: self.0, name, since: Instant::now(), told: std::cell::Cell::new(false) }
    }
}

impl Work<'_> {
    /// Shows how it goes; to be called often.
    pub(super) fn show(&self) {
        match self.progress.columns {
            Some(columns) => print::live(&self.progress.state().line(columns)),
            None if self.since.elapsed() > LONG && !self.told.replace(true) => {
                print::note(&format!("compiling plugin {}, once", self.name));
            }
            None => {}
        }
    }
}

impl Drop for Work<'_> {
    fn drop(&mut self) {
        let mut state = self.progress.state();
        if let Some(at) = state.at_work.iter().position(|name| *name == self.name) {
            state.at_work.remove(at);
        }
        if self.progress.columns.is_some() && state.waiting == 0 && state.at_work.is_empty() {
            print::end_live();
        }
    }
}

impl State {
    /// `compiling 2 of 5: files, todo … 3 s`, where 2 are at work, in at most so many columns but one.
    fn line(&self, columns: usize) -> String {
        let seconds = self.since.map_or(0, |since| since.elapsed().as_secs());
        let begin = format!("compiling {} of {}: ", self.at_work.len(), self.all);
        let end = format!(" … {seconds} s");
        let names = self.at_work.join(", ");
        let room = columns.saturating_sub(1 + begin.chars().count() + end.chars().count());
        let names: String = names.chars().take(room).collect();
        format!("{begin}{names}{end}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_names_what_is_at_work_and_fits_the_terminal() {
        let at_work = vec!["files".to_owned(), "todo".to_owned()];
        let state = State { all: 5, waiting: 1, at_work, since: None };
        assert_eq!(state.line(80), "compiling 2 of 5: files, todo … 0 s");
        assert_eq!(state.line(30), "compiling 2 of 5: files … 0 s");
        assert_eq!(state.line(10), "compiling 2 of 5:  … 0 s");
    }
}
