//! A machine of its own for one test: a home, a project, the program run in it, and what it printed.

use std::cell::Cell;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use expect_test::Expect;
use looplet_tests::person::SEAL;
use looplet_tests::requests;
use regex::Regex;
use tempfile::TempDir;

use crate::program;

/// Where the program keeps compiled plugins. All worlds share it, and so the key that seals it: else
/// every test would compile them anew.
pub(crate) const CACHE: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/cache");
/// How long a program may take that is to be killed.
const PATIENCE: Duration = Duration::from_mins(1);

/// Directories that are removed afterwards, and the environment of the program.
pub(crate) struct World {
    dir: TempDir,
    variables: Vec<(String, String)>,
    is_changed: Cell<bool>,
}

impl World {
    /// An empty home and an empty project.
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        for name in ["home", "project"] {
            fs::create_dir(dir.path().join(name)).unwrap();
        }
        let world = Self { dir, variables: Vec::new(), is_changed: Cell::new(false) };
        world.write("../home/.local/state/looplet/seal.key", SEAL);
        // Where nobody listens: the Ollama of this machine is no part of a test.
        world.ollama("127.0.0.1:9")
    }

    /// A project with two files, one of them in a directory.
    pub(crate) fn with_notes() -> Self {
        Self::new().file("notes.md", "alpha\nbeta\n").file("src/main.rs", "// LATER: say it\nfn main() {}\n")
    }

    /// Writes a file of the project.
    pub(crate) fn file(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        self.write(name, content);
        self
    }

    /// Writes the recorded model `model.jsonl`, a turn a line.
    pub(crate) fn model(self, turns: &[&str]) -> Self {
        self.file("../model.jsonl", turns.join("\n"))
    }

    /// Says in the user's file where Ollama answers.
    pub(crate) fn ollama(self, address: &str) -> Self {
        let file = format!("[providers.ollama]\nbase_url = \"http://{address}\"\n");
        self.file("../home/.config/looplet/looplet.toml", file)
    }

    /// Sets a variable of the program's environment.
    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Writes a file of the project.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// A place in the project.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join("project").join(name)
    }

    /// All that lies below a directory of the world, sorted.
    pub(crate) fn tree(&self, name: &str) -> Vec<String> {
        let mut found = Vec::new();
        list(&self.dir.path().join(name), "", &mut found);
        found.sort();
        found
    }

    /// Runs the program in the project, piped and with nothing on its standard input.
    pub(crate) fn run(&self, arguments: &[&str]) -> Printed {
        self.run_at("project", arguments)
    }

    /// Trusts the project's file, as who has read it may.
    pub(crate) fn trust(&self) {
        let shown = self.started(Command::new(program::host()).arg("trust"), "project").output().unwrap();
        let shown = String::from_utf8(shown.stderr).unwrap();
        let digest = shown.split("--yes=").nth(1).and_then(|rest| rest.split('`').next()).expect("says how");
        let printed = self.run(&["trust", &format!("--yes={digest}")]);
        assert_eq!(printed.code, Some(0), "{}", printed.stderr);
    }

    /// Runs the program in another directory of the world.
    pub(crate) fn run_at(&self, directory: &str, arguments: &[&str]) -> Printed {
        self.run_as(Command::new(program::host()).args(arguments), directory)
    }

    /// Runs the program so that the kernel kills it in the middle of the write that makes a file of it
    /// longer than this.
    pub(crate) fn run_killed(&self, bytes: u64, arguments: &[&str]) -> Printed {
        let limit = format!("--fsize={bytes}");
        self.run_as(Command::new("prlimit").arg(limit).arg(program::host()).args(arguments), "project")
    }

    /// The same, with the write failing instead.
    pub(crate) fn run_full(&self, bytes: u64, arguments: &[&str]) -> Printed {
        let script = "trap '' XFSZ; exec prlimit \"$@\"";
        let limit = format!("--fsize={bytes}");
        let mut command = Command::new("sh");
        command.args(["-c", script, "sh", &limit]).arg(program::host()).args(arguments);
        self.run_as(&mut command, "project")
    }

    /// Runs the program and kills it as soon as a file has so many bytes. Whether it was there to be killed.
    pub(crate) fn run_until(&self, file: &Path, bytes: u64, arguments: &[&str]) -> bool {
        let mut command = Command::new(program::host());
        let command = self.started(command.args(arguments), "project").stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let until = Instant::now() + PATIENCE;
        while fs::metadata(file).is_ok_and(|file| file.len() < bytes) {
            if child.try_wait().unwrap().is_some() {
                return false;
            }
            if Instant::now() > until {
                child.kill().unwrap();
                panic!("the program does not come so far");
            }
        }
        child.kill().unwrap();
        child.wait().unwrap().code().is_none()
    }

    /// Runs a shell script that may mount what nobody else sees, in a network that nobody else is in; its arguments
    /// are the program and the relay of the tests. None where this machine lets nobody do that.
    pub(crate) fn run_in_namespaces(&self, script: &str) -> Option<Printed> {
        let unshare = |command: &[&str]| {
            let mut unshare = Command::new("unshare");
            unshare.args(["--mount", "--net", "--map-root-user"]).args(command);
            unshare
        };
        unshare(&["mount", "-t", "tmpfs", "tmpfs", "/mnt"]).output().ok().filter(|output| output.status.success())?;
        let mut command = unshare(&["sh", "-c", script, "sh"]);
        Some(self.run_as(command.arg(program::host()).arg(env!("CARGO_BIN_EXE_relay")), "project"))
    }

    fn run_as(&self, command: &mut Command, directory: &str) -> Printed {
        let output = self.started(command, directory).output().unwrap();
        Printed { code: output.status.code(), stdout: self.steady(&output.stdout), stderr: self.steady(&output.stderr) }
    }

    /// A command in the environment of the program.
    fn started<'a>(&self, command: &'a mut Command, directory: &str) -> &'a mut Command {
        let path = std::env::var_os("PATH").unwrap_or_default();
        command
            .current_dir(self.dir.path().join(directory))
            .env_clear()
            .env("PATH", path)
            .env("HOME", self.dir.path().join("home"))
            .env("XDG_CACHE_HOME", CACHE)
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
    }

    /// The journals of all runs, the oldest first.
    pub(crate) fn journals(&self) -> Vec<PathBuf> {
        let runs = self.path("../home/.local/state/looplet/runs");
        let names = self.tree("home/.local/state/looplet/runs");
        names.iter().filter(|name| name.ends_with("/journal.jsonl")).map(|name| runs.join(name)).collect()
    }

    /// The names of all runs, the oldest first.
    pub(crate) fn runs(&self) -> Vec<String> {
        let name = |path: PathBuf| path.parent().unwrap().file_name().unwrap().to_str().unwrap().to_owned();
        self.journals().into_iter().map(name).collect()
    }

    /// Runs the program and compares all that it printed.
    pub(crate) fn check(&self, arguments: &[&str], expected: &Expect) {
        expected.assert_eq(&self.run(arguments).transcript());
    }

    /// Says that the test changes what its runs rest on, such as the policy: they cannot be repeated.
    pub(crate) fn changes(&self) {
        self.is_changed.set(true);
    }

    /// What a program printed, without what differs from run to run.
    fn steady(&self, bytes: &[u8]) -> String {
        let text = String::from_utf8(bytes.to_vec()).expect("prints UTF-8");
        let real = fs::canonicalize(self.dir.path()).unwrap();
        // Whether compiling takes long enough to be told, nobody knows.
        let compiles = |line: &&str| line.starts_with("compiling plugin ");
        let text: String = text.split_inclusive('\n').filter(|line| !compiles(line)).collect();
        steady(&text.replace(&real.display().to_string(), "[DIR]"))
    }
}

/// Whatever a test was about, its runs are rebuilt and repeated.
impl Drop for World {
    fn drop(&mut self) {
        for runs in ["home/.local/state/looplet/runs", "runs"] {
            requests::check_all(&self.dir.path().join(runs), self.is_changed.get(), |arguments| {
                let Printed { code, stdout, stderr } = self.run(arguments);
                (code, stdout, stderr)
            });
        }
    }
}

/// A text without what differs from run to run.
pub(crate) fn steady(text: &str) -> String {
    UNSTEADY.iter().fold(text.to_owned(), |text, (pattern, shown)| pattern.replace_all(&text, *shown).into_owned())
}

/// What differs from run to run, and what stands for it.
static UNSTEADY: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    [
        (r"\b[0-9A-HJKMNP-TV-Z]{26}\b", "[RUN]"),
        (r"sha256:[0-9a-f]{4}…[0-9a-f]{4}", "[DIGEST]"),
        (r"sha256:[0-9a-f]{64}", "[DIGEST]"),
        (r"\b\d+(\.\d+)? (ms|s)\b", "[TIME]"),
        (r"\[\d+ms\]", "[TIME]"),
        (r"(_ms|_us)(.?):\d+", "$1$2:0"),
        (r"127\.0\.0\.1:\d{4,5}", "127.0.0.1:[PORT]"),
        (r"\b\d+(\.\d)? MiB of", "[SIZE] of"),
        (r#""memory_bytes":\d+"#, r#""memory_bytes":0"#),
        (r#"(looplet-host \d+\.\d+\.\d+ on) [^"\n]*"#, "$1 [MACHINE]"),
    ]
    .map(|(pattern, shown)| (Regex::new(pattern).expect("is valid"), shown))
    .into()
});

/// What the program left behind on its two streams.
pub(crate) struct Printed {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Printed {
    /// All of it as one text.
    pub(crate) fn transcript(&self) -> String {
        let mut text = String::new();
        for (name, stream) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !stream.is_empty() {
                let _ = writeln!(text, "── {name}\n{}", stream.trim_end_matches('\n'));
            }
        }
        let code = self.code.map_or_else(|| "by a signal".to_owned(), |code| code.to_string());
        let _ = writeln!(text, "── exit {code}");
        text
    }
}

fn list(dir: &Path, prefix: &str, found: &mut Vec<String>) {
    for entry in fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            list(&entry.path(), &format!("{name}/"), found);
        } else {
            found.push(name);
        }
    }
}
