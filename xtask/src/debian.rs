//! Debian's compiler for guests: which packages, how they are installed, how they are called.
//!
//! For machines that reach Debian's packages but not rustup's downloads. Compiler and library source
//! are of one version there, so the standard library is built from source for the target; the
//! environment this needs is set for guest builds alone.

use std::path::Path;
use std::process::Command;

use crate::error::{Error, Result};
use crate::program;
use crate::toolchain::TARGET;

/// The packages: compiler, cargo, source of the standard library, C library of the target.
pub(crate) const PACKAGES: [&str; 4] = ["rustc-web", "cargo-web", "rust-web-src", "wasi-libc"];

const RUSTC: &str = "/usr/bin/rustc";
const CARGO: &str = "/usr/bin/cargo";
const C_LIBRARY: &str = "/usr/lib/wasm32-wasi";
const STD_SOURCE: &str = "/usr/lib/rustlib/src/rust/library/std/Cargo.toml";

/// Its old C library has no threads and no sockets. No guest can use either in the sandbox; calls of
/// them become traps instead of errors of the linker.
pub(crate) const FLAGS: [&str; 2] = ["-Lnative=/usr/lib/wasm32-wasi", "-Clink-arg=--unresolved-symbols=ignore-all"];

/// What Debian's compiler calls itself, where everything that is needed is there.
pub(crate) fn version() -> Option<String> {
    let c_library = Path::new(C_LIBRARY).join("libc.a");
    let has_files = [Path::new(CARGO), Path::new(STD_SOURCE), &c_library].iter().all(|file| file.is_file());
    has_files.then_some(())?;
    // An older compiler does not know the target by this name.
    program::output(Command::new(RUSTC).args(["--print", "target-libdir", "--target", TARGET])).ok()?;
    let version = program::output(Command::new(RUSTC).arg("--version")).ok()?;
    Some(version.trim().to_owned())
}

/// A cargo command with the environment for guests but for flags. `linkers` holds `wasm-component-ld`.
pub(crate) fn cargo(linkers: &Path) -> Command {
    let mut cargo = Command::new(CARGO);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([linkers.to_owned()]);
    if let Ok(path) = std::env::join_paths(folders) {
        cargo.env("PATH", path);
    }
    cargo
        .env("RUSTC", RUSTC)
        .env("RUSTC_BOOTSTRAP", "1")
        // The cargo around us points it at the libraries of another compiler.
        .env_remove("LD_LIBRARY_PATH")
        .env_remove("RUSTC_WRAPPER");
    cargo
}

/// Installs the packages, as root or through a `sudo` that asks nothing.
pub(crate) fn install(say: &mut dyn FnMut(&str)) -> Result<()> {
    if !Path::new("/etc/debian_version").exists() {
        return Err(Error::new("this is no Debian system"));
    }
    let right = Right::of_this_process()
        .ok_or_else(|| Error::new("installing packages needs root, or a `sudo` that asks for no password"))?;
    say(&format!("installing Debian's {} with {}", PACKAGES.join(" "), right.apt_get_line()));
    let install = || {
        let arguments = ["install", "--yes", "--no-install-recommends"];
        program::output(right.apt_get().args(arguments).args(PACKAGES)).map(drop)
    };
    if install().is_ok() {
        return Ok(());
    }
    // Mostly lists that are missing or too old.
    say("refreshing the package lists with apt-get update");
    program::output(right.apt_get().arg("update"))?;
    install()
}

/// By which right packages are installed.
enum Right {
    Root,
    Sudo,
}

impl Right {
    fn of_this_process() -> Option<Self> {
        let is_root = program::output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
        if is_root {
            return Some(Self::Root);
        }
        program::succeeds(Command::new("sudo").args(["-n", "true"])).then_some(Self::Sudo)
    }

    fn apt_get(&self) -> Command {
        match self {
            Self::Root => {
                let mut apt_get = Command::new("apt-get");
                apt_get.env("DEBIAN_FRONTEND", "noninteractive");
                apt_get
            }
            Self::Sudo => {
                let mut sudo = Command::new("sudo");
                sudo.args(["-n", "env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
                sudo
            }
        }
    }

    fn apt_get_line(&self) -> &'static str {
        match self {
            Self::Root => "apt-get",
            Self::Sudo => "sudo apt-get",
        }
    }
}
