//! A person at a terminal: the real program behind a pseudo-terminal, with keys that are pressed when
//! something can be read. Nothing is timed; what does not come within a minute fails the test.

use std::cell::Cell;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use pty_process::blocking::{Command, Pts, Pty};
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};

use crate::requests;

/// How long a test waits for something before it gives up.
const PATIENCE: Duration = Duration::from_mins(1);

/// What stands before a line that is written over.
pub const CLEAR: &str = "\r\x1b[2K";

/// The key that seals compiled plugins in a cache that tests share.
pub const SEAL: [u8; 32] = [7; 32];

/// A home and a project of their own, gone when dropped.
pub struct World {
    dir: tempfile::TempDir,
    /// Where compiled plugins are kept, where that is not the home.
    cache: Option<PathBuf>,
    is_changed: Cell<bool>,
}

impl World {
    /// An empty project in an empty home. What other tests have compiled is compiled.
    pub fn new() -> Self {
        let mut world = Self::without_cache();
        world.cache = Some(built("../tmp/cache"));
        let state = world.home().join(".local/state/looplet");
        std::fs::create_dir_all(&state).expect("directories");
        std::fs::write(state.join("seal.key"), SEAL).expect("a file");
        world
    }

    /// An empty project in an empty home, with all still to be compiled.
    pub fn without_cache() -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        std::fs::create_dir_all(dir.path().join("home/proj")).expect("directories");
        Self { dir, cache: None, is_changed: Cell::new(false) }
    }

    /// The home directory.
    pub fn home(&self) -> PathBuf {
        self.dir.path().join("home")
    }

    /// The project: the current directory of the program.
    pub fn project(&self) -> PathBuf {
        self.home().join("proj")
    }

    /// Says that the test changes what its runs rest on, such as an approval: they cannot be repeated.
    pub fn changes(&self) {
        self.is_changed.set(true);
    }

    /// Writes a file of the project.
    pub fn write(&self, path: &str, text: &str) -> &Self {
        let path = self.project().join(path);
        std::fs::create_dir_all(path.parent().expect("is in the project")).expect("a directory");
        std::fs::write(path, text).expect("a file");
        self
    }

    /// Reads a file of the project; none if it is not there.
    pub fn read(&self, path: &str) -> Option<String> {
        std::fs::read_to_string(self.project().join(path)).ok()
    }

    /// The journal of the only run.
    pub fn journal(&self) -> String {
        let runs = self.home().join(".local/state/looplet/runs");
        let run = std::fs::read_dir(runs).expect("runs are kept").next().expect("there is one").expect("is readable");
        std::fs::read_to_string(run.path().join("journal.jsonl")).expect("a journal")
    }

    /// A model that makes these calls, one a turn, and then says `over`.
    pub fn script(&self, calls: &[(&str, &str)]) -> &Self {
        let turns = calls.iter().map(|(tool, arguments)| {
            format!(
                "{{\"text\": \"I call {tool}.\", \"calls\": [{{\"tool\": \"{tool}\", \"arguments\": {arguments}}}]}}\n"
            )
        });
        self.write("script.jsonl", &(turns.collect::<String>() + "{\"text\": \"over\"}\n"))
    }

    /// Starts the program at a terminal of 80 columns.
    pub fn start(&self, arguments: &[&str]) -> Person {
        self.start_with(arguments, &[], 80)
    }

    /// Starts the program with more variables, at a terminal of so many columns.
    pub fn start_with(&self, arguments: &[&str], variables: &[(&str, &str)], columns: u16) -> Person {
        let (pty, terminal) = pty_process::blocking::open().expect("a pseudo-terminal");
        pty.resize(pty_process::Size::new(24, columns)).expect("a size");
        self.start_at(pty, terminal, arguments, variables)
    }

    /// Starts the program at a terminal that another program left without an echo.
    pub fn start_without_echo(&self, arguments: &[&str]) -> Person {
        let (pty, terminal) = pty_process::blocking::open().expect("a pseudo-terminal");
        pty.resize(pty_process::Size::new(24, 80)).expect("a size");
        let mut modes = tcgetattr(&pty).expect("the modes");
        modes.local_modes -= LocalModes::ECHO;
        tcsetattr(&pty, OptionalActions::Now, &modes).expect("other modes");
        self.start_at(pty, terminal, arguments, &[])
    }

    fn start_at(&self, pty: Pty, terminal: Pts, arguments: &[&str], variables: &[(&str, &str)]) -> Person {
        let command = Command::new(program())
            .args(arguments)
            .current_dir(self.project())
            .env_clear()
            .env("HOME", self.home())
            .env("PATH", "/usr/bin:/bin")
            .env("TMPDIR", self.dir.path())
            .envs(self.cache.iter().map(|cache| ("XDG_CACHE_HOME", cache)))
            .envs(variables.iter().copied());
        let child = command.spawn(terminal).expect("the program starts");
        Person::of(child, pty, self.names())
    }

    /// Runs the program without a terminal: its exit code, stdout and stderr.
    pub fn run(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        // A session of its own, or it would find the terminal that the tests were started on.
        let output = std::process::Command::new("setsid")
            .arg("--wait")
            .arg(program())
            .args(arguments)
            .current_dir(self.project())
            .env_clear()
            .env("HOME", self.home())
            .env("PATH", "/usr/bin:/bin")
            .envs(self.cache.iter().map(|cache| ("XDG_CACHE_HOME", cache)))
            .stdin(std::process::Stdio::null())
            .output()
            .expect("the program starts");
        let text = |bytes: &[u8]| normal(&String::from_utf8_lossy(bytes), &self.names());
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    }

    fn names(&self) -> Vec<(String, &'static str)> {
        let shown = |path: &Path| path.canonicalize().expect("is there").display().to_string();
        vec![(shown(&self.project()), "PROJECT"), (shown(self.dir.path()), "WORLD")]
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

/// Whatever a test was about, its runs are rebuilt and repeated.
impl Drop for World {
    fn drop(&mut self) {
        let runs = self.home().join(".local/state/looplet/runs");
        requests::check_all(&runs, self.is_changed.get(), |arguments| self.run(arguments));
    }
}

/// The program, built beside the tests; `cargo xtask test` builds it first.
fn program() -> PathBuf {
    let built = built("looplet-host");
    assert!(built.exists(), "`cargo build -p looplet-host` first: there is no {}", built.display());
    built
}

/// A place beside what was built with the tests.
fn built(name: &str) -> PathBuf {
    let tests = std::env::current_exe().expect("the tests have a path");
    tests.parent().and_then(Path::parent).expect("tests lie in `deps`").join(name)
}

/// All that was written to the terminal so far, and whether it has come to its end.
#[derive(Default)]
struct Seen {
    state: Mutex<(Vec<u8>, bool)>,
    more: Condvar,
}

/// Somebody who reads what the program writes, and presses keys.
pub struct Person {
    child: Child,
    pty: Arc<Pty>,
    seen: Arc<Seen>,
    /// How far the person has read.
    read: usize,
    names: Vec<(String, &'static str)>,
}

impl Person {
    fn of(child: Child, pty: Pty, names: Vec<(String, &'static str)>) -> Self {
        let (pty, seen) = (Arc::new(pty), Arc::new(Seen::default()));
        let (from, to) = (Arc::clone(&pty), Arc::clone(&seen));
        std::thread::spawn(move || {
            let mut chunk = [0; 4096];
            loop {
                // Linux ends the reading side with an error.
                let read = (&*from).read(&mut chunk).unwrap_or(0);
                let mut state = to.state.lock().unwrap_or_else(PoisonError::into_inner);
                state.0.extend_from_slice(&chunk[..read]);
                state.1 = read == 0;
                to.more.notify_all();
                if read == 0 {
                    return;
                }
            }
        });
        Self { child, pty, seen, read: 0, names }
    }

    /// Reads on until this text has come. What is read once is not found again.
    pub fn sees(&mut self, text: &str) -> &mut Self {
        let until = Instant::now() + PATIENCE;
        let mut state = self.seen.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let found = state.0[self.read..].windows(text.len()).position(|part| part == text.as_bytes());
            if let Some(at) = found {
                self.read += at + text.len();
                drop(state);
                return self;
            }
            let left = until.saturating_duration_since(Instant::now());
            assert!(!state.1 && !left.is_zero(), "`{text}` does not come:\n{}", String::from_utf8_lossy(&state.0));
            state = self.seen.more.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Presses keys.
    pub fn types(&mut self, keys: &str) -> &mut Self {
        (&*self.pty).write_all(keys.as_bytes()).expect("the terminal is there");
        self
    }

    /// Whether the terminal shows what is typed.
    pub fn has_echo(&self) -> bool {
        tcgetattr(&*self.pty).expect("the modes").local_modes.contains(LocalModes::ECHO)
    }

    /// Ends the program as the kernel does, with nothing said.
    pub fn kills(mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it was started");
    }

    /// Waits for the end of the program.
    pub fn waits(&mut self) -> Option<i32> {
        self.child.wait().expect("it was started").code()
    }

    /// Waits for the prompt and answers it.
    pub fn answers(&mut self, line: &str) -> &mut Self {
        self.sees("\n> ").types(&format!("{line}\n"))
    }

    /// Waits for the end of the program: its exit code, and all that stands on the terminal, without what
    /// differs from run to run.
    pub fn leaves(self) -> (Option<i32>, String) {
        let names = self.names.clone();
        let (code, text) = self.leaves_as_written();
        (code, normal(&text, &names))
    }

    /// Waits for the end of the program: its exit code, and every byte that it wrote to the terminal.
    pub fn leaves_as_written(mut self) -> (Option<i32>, String) {
        let until = Instant::now() + PATIENCE;
        let mut state = self.seen.state.lock().unwrap_or_else(PoisonError::into_inner);
        while !state.1 {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let _ = self.child.kill();
                panic!("it does not end:\n{}", String::from_utf8_lossy(&state.0));
            }
            state = self.seen.more.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        let text = String::from_utf8_lossy(&state.0).into_owned();
        drop(state);
        let status = self.child.wait().expect("it was started");
        (status.code(), text)
    }
}

/// The lines on a terminal, without those about compiling: only the first start compiles, in any order.
pub fn without_progress(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    let compiles = |line: &&str| line.starts_with("compiling plugin ") && line.ends_with(", once\n");
    let text: String = text.split_inclusive('\n').filter(|line| !compiles(line)).collect();
    text.split(CLEAR).filter(|part| !part.starts_with("compiling ")).collect()
}

/// Without what differs from run to run: paths, names of runs, digests, times.
fn normal(text: &str, names: &[(String, &'static str)]) -> String {
    let mut text = without_progress(text);
    for (path, name) in names {
        text = text.replace(path, name);
    }
    let words = text.split_inclusive([' ', '\n']);
    let text: String = words.map(without_number).collect();
    let parts: Vec<&str> = text.split(" · ").map(|part| if is_time(part) { "TIME" } else { part }).collect();
    parts.join(" · ")
}

/// `51 ms`, `1.2 s`.
fn is_time(text: &str) -> bool {
    text.split_once(' ').is_some_and(|(number, unit)| number.parse::<f64>().is_ok() && ["ms", "s"].contains(&unit))
}

fn without_number(word: &str) -> String {
    let core = word.trim_end();
    let end = &word[core.len()..];
    if let Some((before, after)) = core.split_once("sha256:") {
        let digest: usize = after
            .chars()
            .take_while(|character| character.is_ascii_hexdigit() || *character == '…')
            .map(char::len_utf8)
            .sum();
        return format!("{before}sha256:…{}{end}", &after[digest..]);
    }
    if core.len() == 26 && core.chars().all(|character| character.is_ascii_digit() || character.is_ascii_uppercase()) {
        return format!("RUN{end}");
    }
    if core.starts_with('[') && core.ends_with("ms]") {
        return format!("[0ms]{end}");
    }
    word.to_owned()
}
