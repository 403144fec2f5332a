//! Numbered stages with their durations: all that `cargo xtask` prints of itself.
//!
//! On stderr, because `cargo xtask run` leaves stdout to the host's answer.

use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use xtask::{Result, Toolchain};

/// Prints a line for the person who waits.
pub(crate) fn say(line: &str) {
    // Nobody is left to be told that this failed.
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// A row of stages of which one after the other is done.
pub(crate) struct Stages {
    total: usize,
    begun: usize,
    is_terminal: bool,
    started: Instant,
}

impl Stages {
    /// So many stages, none of them begun.
    pub(crate) fn new(total: usize) -> Self {
        let is_terminal = std::io::stderr().is_terminal();
        Self { total, begun: 0, is_terminal, started: Instant::now() }
    }

    /// A quiet stage: `work` prints nothing, and the line appears when it is done, with what it
    /// returned and how long it took. On a terminal `doing` stands there meanwhile.
    pub(crate) fn quiet<T>(
        &mut self,
        name: &str,
        doing: &str,
        work: impl FnOnce() -> Result<(T, String)>,
    ) -> Result<T> {
        self.begun += 1;
        if self.is_terminal {
            let _ = write!(std::io::stderr(), "{} …", self.line(name, doing, ""));
        }
        let started = Instant::now();
        let outcome = work();
        if self.is_terminal {
            let _ = write!(std::io::stderr(), "\r\x1b[2K");
        }
        let took = in_words(started.elapsed());
        let (value, what) = match outcome {
            Ok((value, what)) => (Ok(value), what),
            Err(error) => (Err(error), "failed".to_owned()),
        };
        say(&self.line(name, &what, &took));
        value
    }

    /// A stage whose program prints by itself: the line stands above what it prints.
    pub(crate) fn announce(&mut self, name: &str, what: &str) {
        self.begun += 1;
        say(&self.line(name, what, ""));
    }

    /// The stage that every command begins with: the compiler for guests.
    pub(crate) fn guest_target(&mut self, root: &std::path::Path) -> Result<Toolchain> {
        self.quiet("guest target", "looking for wasm32-wasip2", || {
            let toolchain = Toolchain::set_up(root, &mut |what| say(&format!("     {what}")))?;
            let what = toolchain.to_string();
            Ok((toolchain, what))
        })
    }

    /// How many stages were begun, and the time since the first.
    pub(crate) fn total(&self) -> (usize, String) {
        (self.begun, in_words(self.started.elapsed()))
    }

    fn line(&self, name: &str, what: &str, took: &str) -> String {
        format!(" {}/{} {name:<17} {what:<44} {took:>5}", self.begun, self.total).trim_end().to_owned()
    }
}

/// `<1 s`, `21 s`, `8 min 3 s`.
fn in_words(duration: Duration) -> String {
    match duration.as_secs() {
        0 => "<1 s".to_owned(),
        seconds @ 1..120 => format!("{seconds} s"),
        seconds => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_is_one_line_with_its_number_name_outcome_and_time() {
        let mut stages = Stages::new(4);
        stages.begun = 1;
        assert_eq!(
            stages.line("guest target", "wasm32-wasip2 by rustup", "6 s"),
            " 1/4 guest target      wasm32-wasip2 by rustup                        6 s"
        );
        assert_eq!(stages.line("host", "dev profile", ""), " 1/4 host              dev profile");
    }

    #[test]
    fn durations_read_as_people_say_them() {
        let words = [0, 1, 119, 120, 483].map(|seconds| in_words(Duration::from_secs(seconds)));
        assert_eq!(words, ["<1 s", "1 s", "119 s", "2 min 0 s", "8 min 3 s"]);
    }
}
