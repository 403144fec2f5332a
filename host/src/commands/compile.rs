//! Compiling components: in a process of its own with limits, kept in a directory of our own.
#![expect(clippy::disallowed_methods, reason = "this file keeps compiled code on the disk and starts the compiler")]

use std::io::{IsTerminal as _, Read as _, Write as _};
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;

use cap_fs_ext::{FollowSymlinks, OpenOptionsFollowExt as _};
use cap_std::fs::{Dir, OpenOptions};
use looplet_host::error::{Error, Result};
use looplet_host::sandbox::Sandbox;
use looplet_host::sandbox::compiled::{Compilation, Compiler, Shelf};

use super::machine::{self, Machine};
use super::print;

/// The name of the hidden command.
const COMMAND: &str = "compile-component";
/// Seconds of processor time that compiling one component may take.
#[cfg(unix)]
const CPU_SECONDS: u64 = 120;
/// Bytes of memory that it may use.
#[cfg(unix)]
const MEMORY_BYTES: u64 = 4 << 30;

/// How this process compiles: in a child, with a cache where one can be kept safely.
pub(super) fn compilation(machine: &Machine) -> Compilation {
    let compilation = match std::env::current_exe() {
        Ok(program) => Compilation::here().with_compiler(Arc::new(Child { program })),
        Err(_) => Compilation::here(),
    };
    match open_cache(machine) {
        Ok((cache, key)) => compilation.with_shelf(Arc::new(cache), key),
        Err(why) => {
            print::note(&format!("note: plugins are compiled anew each time: {why}"));
            compilation
        }
    }
}

/// The hidden command: a component on stdin, its compiled form on stdout.
pub(super) fn run() -> Result<ExitCode> {
    limit_this_process();
    let mut bytes = Vec::new();
    std::io::stdin()
        .read_to_end(&mut bytes)
        .map_err(|error| Error::failed(format!("cannot read the component: {error}")))?;
    let code = Sandbox::precompile("on standard input", &bytes)?;
    std::io::stdout()
        .write_all(&code)
        .map_err(|error| Error::failed(format!("cannot write the compiled component: {error}")))?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(unix)]
fn limit_this_process() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let at_most = |limit| Rlimit { current: Some(limit), maximum: Some(limit) };
    // Where a limit cannot be set, a lower one is in force already.
    let _ = setrlimit(Resource::Cpu, at_most(CPU_SECONDS));
    let _ = setrlimit(Resource::Data, at_most(MEMORY_BYTES));
    let _ = setrlimit(Resource::Core, at_most(0));
}

#[cfg(not(unix))]
fn limit_this_process() {}

/// Compiles in a child process of this program.
struct Child {
    program: PathBuf,
}

impl Compiler for Child {
    fn compile(&self, name: &str, component: &[u8]) -> Result<Vec<u8>, String> {
        if std::io::stderr().is_terminal() {
            print::note(&format!("compiling plugin {name}, once"));
        }
        let failed = |error: std::io::Error| format!("the compiler cannot be started: {error}");
        let mut child = Command::new(&self.program)
            .arg(COMMAND)
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let mut stdin = child.stdin.take().ok_or("the compiler has no input")?;
        let component = component.to_vec();
        // On a thread of its own: the child reads and writes at its own pace.
        let writer = std::thread::spawn(move || stdin.write_all(&component));
        let output = child.wait_with_output().map_err(failed)?;
        let written = writer.join().is_ok_and(|written| written.is_ok());
        if output.status.success() && written {
            return Ok(output.stdout);
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.lines().next().unwrap_or_default();
        let reason = said.rsplit_once("does not compile: ").map_or(said, |(_, reason)| reason);
        Err(match reason {
            "" => format!("the compiler ended with {}", output.status),
            reason => reason.to_owned(),
        })
    }
}

/// A directory that nobody else can write to.
struct CacheDir(Dir);

impl Shelf for CacheDir {
    fn read(&self, name: &str) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut file = self.0.open_with(name, OpenOptions::new().read(true).follow(FollowSymlinks::No)).ok()?;
        file.read_to_end(&mut bytes).ok()?;
        Some(bytes)
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        // Whole or not at all; two processes that write the same entry write the same bytes.
        let temporary = format!("{name}.{}.tmp", std::process::id());
        let options = OpenOptions::new().write(true).create_new(true).follow(FollowSymlinks::No).clone();
        let written = self.0.open_with(&temporary, &options).and_then(|mut file| file.write_all(bytes));
        if written.and_then(|()| self.0.rename(&temporary, &self.0, name)).is_err() {
            let _ = self.0.remove_file(&temporary);
        }
    }
}

/// Opens the cache and its key. The error is a clause that says why there can be none.
fn open_cache(machine: &Machine) -> Result<(CacheDir, [u8; 32]), String> {
    let dir = machine.compiled_dir();
    let shown = dir.display();
    machine::make_own_dir(&dir).map_err(|error| format!("`{shown}` cannot be made: {error}"))?;
    let opened = open_own_dir(&dir).map_err(|why| format!("`{shown}` {why}"))?;
    Ok((CacheDir(opened), key(machine)?))
}

#[cfg(unix)]
fn open_own_dir(dir: &std::path::Path) -> Result<Dir, String> {
    use rustix::fs::{Mode, OFlags, fstat, open};
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::RDONLY;
    let handle = open(dir, flags, Mode::empty()).map_err(|error| format!("cannot be opened: {error}"))?;
    let stat = fstat(&handle).map_err(|error| format!("cannot be looked at: {error}"))?;
    if stat.st_uid != rustix::process::geteuid().as_raw() {
        return Err("belongs to somebody else".to_owned());
    }
    if stat.st_mode & 0o022 != 0 {
        return Err("can be written by others: `chmod 700` it".to_owned());
    }
    Ok(Dir::from_std_file(handle.into()))
}

#[cfg(not(unix))]
fn open_own_dir(dir: &std::path::Path) -> Result<Dir, String> {
    Dir::open_ambient_dir(dir, cap_std::ambient_authority()).map_err(|error| format!("cannot be opened: {error}"))
}

/// The secret of this user, made the first time.
fn key(machine: &Machine) -> Result<[u8; 32], String> {
    let path = machine.seal_file();
    if let Ok(bytes) = std::fs::read(&path)
        && let Ok(key) = bytes.try_into()
    {
        return Ok(key);
    }
    let mut key = [0; 32];
    getrandom::fill(&mut key).map_err(|error| format!("no random numbers for its key: {error}"))?;
    machine::write_own(&path, key).map_err(|error| error.to_string())?;
    Ok(key)
}
