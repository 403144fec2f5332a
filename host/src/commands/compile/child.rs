//! The compiler as a child process of this program, watched until it ends.
#![expect(clippy::disallowed_methods, reason = "this file starts the compiler")]

use std::io::{Read, Write as _};
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use looplet_host::machine;
use looplet_host::sandbox::compiled::{Compiler, Fault};

use super::COMMAND;
use super::allowance::Allowance;
use super::progress::Progress;

/// How much compiled code is taken: some ten times what the largest component comes to.
const CODE_BYTES: u64 = 2 << 30;
/// How much of what a compiler says is read.
const SAID_BYTES: u64 = 64 << 10;
/// More children at once would only wait for each other, and their memory adds up.
const AT_ONCE: usize = 4;

/// Compiles each component in a child process of this program.
pub(super) struct Child {
    program: PathBuf,
    progress: Progress,
    places: Places,
}

impl Child {
    pub(super) fn of(program: PathBuf) -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        Self { program, progress: Progress::on_stderr(), places: Places::new(cores.min(AT_ONCE)) }
    }
}

impl Compiler for Child {
    fn compile(&self, name: &str, component: &[u8]) -> Result<Vec<u8>, Fault> {
        let waiting = self.progress.wait();
        let _place = self.places.take();
        let work = waiting.begin(name);
        let allowance = Allowance::for_component(component.len());
        let ended = run(&self.program, component, allowance, &mut || work.show())
            .map_err(|error| Fault { why: format!("the compiler cannot be run: {error}"), hint: None })?;
        ended.code(allowance)
    }
}

/// What a compiler left.
struct Ended {
    /// None where it had to be ended.
    status: Option<ExitStatus>,
    code: Vec<u8>,
    said: String,
}

fn run(program: &PathBuf, component: &[u8], allowance: Allowance, look: &mut dyn FnMut()) -> std::io::Result<Ended> {
    let mut child = Command::new(program)
        .arg(COMMAND)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    thread::scope(|scope| {
        // Each on a thread of its own: the child reads and writes at its own pace.
        scope.spawn(move || {
            // Where it ends early, its status says so.
            stdin.map(|mut stdin| stdin.write_all(component))
        });
        let code = scope.spawn(move || read(stdout, CODE_BYTES));
        let said = scope.spawn(move || read(stderr, SAID_BYTES));
        let until = Instant::now() + allowance.wall();
        let status = machine::wait_until(&mut child, until, look)?;
        let (code, said) = (code.join().unwrap_or_default(), said.join().unwrap_or_default());
        Ok(Ended { status, code, said: String::from_utf8_lossy(&said).into_owned() })
    })
}

fn read(pipe: Option<impl Read>, most: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        // What is missing then does not load.
        let _ = pipe.take(most).read_to_end(&mut bytes);
    }
    bytes
}

impl Ended {
    /// The code, or why there is none: in words of what the component did, never the number of a signal.
    fn code(self, allowance: Allowance) -> Result<Vec<u8>, Fault> {
        if self.status.is_some_and(|status| status.success()) {
            return Ok(self.code);
        }
        let says = |words: &[&str]| words.iter().any(|word| self.said.contains(word));
        let why = if self.status.is_none_or(ran_out_of_time) {
            allowance.too_long()
        } else if says(&["memory allocation of", "os error 12", "capacity overflow"]) {
            allowance.too_much()
        } else if says(&["overflowed its stack"]) {
            "it is nested deeper than the compiler goes".to_owned()
        } else if let Some(reason) = self.reason() {
            return Err(Fault { why: reason, hint: None });
        } else {
            "the compiler failed at it".to_owned()
        };
        let hint = format!("a component of its size may take {allowance}; it is no plugin that anybody can use here");
        Err(Fault { why, hint: Some(hint) })
    }

    /// What the compiler itself says is wrong.
    fn reason(&self) -> Option<String> {
        let (_, reason) = self.said.lines().next()?.split_once("does not compile: ")?;
        Some(reason.to_owned())
    }
}

#[cfg(unix)]
fn ran_out_of_time(status: ExitStatus) -> bool {
    use std::os::unix::process::ExitStatusExt as _;
    status.signal() == Some(rustix::process::Signal::XCPU.as_raw())
}

#[cfg(not(unix))]
fn ran_out_of_time(_: ExitStatus) -> bool {
    false
}

/// So many children at once.
struct Places {
    free: Mutex<usize>,
    given_back: Condvar,
}

/// One of them, given back when dropped.
struct Place<'a>(&'a Places);

impl Places {
    fn new(count: usize) -> Self {
        Self { free: Mutex::new(count), given_back: Condvar::new() }
    }

    fn take(&self) -> Place<'_> {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let mut free = self.given_back.wait_while(free, |free| *free == 0).unwrap_or_else(PoisonError::into_inner);
        *free -= 1;
        Place(self)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        *self.0.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.given_back.notify_one();
    }
}
