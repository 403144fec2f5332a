//! The compiler that builds guests: the one on the path with the target installed, else Debian's.
//!
//! Finding never changes the machine, so that build scripts may do it; setting up may, so only the
//! commands do, and only after saying what.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::debian;
use crate::error::{Error, Result};
use crate::program;
use crate::sources::sorted_entries;

/// The target that guests are compiled for.
pub const TARGET: &str = "wasm32-wasip2";

/// How long a download of the target may take. Without a network it fails within seconds.
const DOWNLOAD_LIMIT: Duration = Duration::from_mins(3);

/// A compiler that can build guests. Displayed as the target and where it is from.
#[derive(Debug, PartialEq, Eq)]
pub enum Toolchain {
    /// The compiler on the path has the target's standard library.
    Installed {
        /// What `rustc --version` says.
        version: String,
    },
    /// Debian's compiler, which builds the standard library from its own source.
    Debian {
        /// What `rustc --version` says.
        version: String,
        /// The folder with the linker for components, which Debian does not carry.
        linkers: PathBuf,
    },
}

impl Toolchain {
    /// The compiler for guests, if this machine has one. Changes nothing.
    pub fn find(root: &Path) -> Option<Self> {
        Self::installed(root).or_else(|| Self::debian(root))
    }

    /// The compiler for guests, or the error of a build that may not install one.
    pub fn found(root: &Path) -> Result<Self> {
        Self::find(root).ok_or_else(|| {
            Error::new(format!("the compiler has no target `{TARGET}`, which plugins are built for"))
                .hint("run `cargo xtask plugins` once: it sets the target up")
        })
    }

    /// The compiler for guests; where there is none, rustup fetches the target, or Debian's packages
    /// are installed. `say` is told before the machine is changed.
    pub fn set_up(root: &Path, say: &mut dyn FnMut(&str)) -> Result<Self> {
        if let Some(found) = Self::find(root) {
            return Ok(found);
        }
        say(&format!("adding the target {TARGET} with rustup"));
        let rustup = add_by_rustup(root);
        if let Some(found) = Self::find(root) {
            return Ok(found);
        }
        let debian = debian::install(say);
        Self::find(root).ok_or_else(|| unavailable(&rustup, &debian))
    }

    /// A cargo command for guests, to be given its arguments; its environment is complete.
    pub fn cargo(&self) -> Command {
        let (mut cargo, flags) = match self {
            Self::Installed { .. } => (program::cargo(), &[][..]),
            Self::Debian { linkers, .. } => (debian::cargo(linkers), &debian::FLAGS[..]),
        };
        program::without_outer_build(&mut cargo);
        let flags = flags.iter().map(|flag| OsString::from(*flag)).chain(without_home());
        // Set also where there is none: flags from the user's configuration are for other programs.
        cargo.env("CARGO_ENCODED_RUSTFLAGS", flags.collect::<Vec<_>>().join(OsStr::new("\u{1f}")));
        cargo
    }

    /// Arguments that every build with this compiler needs.
    pub fn build_arguments(&self) -> &'static [&'static str] {
        match self {
            Self::Installed { .. } => &[],
            Self::Debian { .. } => &["-Zbuild-std=std,panic_abort"],
        }
    }

    /// Identifies the compiler: another one makes other components.
    pub fn version(&self) -> &str {
        match self {
            Self::Installed { version } | Self::Debian { version, .. } => version,
        }
    }

    fn installed(root: &Path) -> Option<Self> {
        let library = ask_rustc(root, &["--print", "target-libdir", "--target", TARGET])?;
        let has_std = sorted_entries(Path::new(&library))
            .ok()?
            .iter()
            .any(|entry| entry.file_name().is_some_and(|name| name.to_string_lossy().starts_with("libstd-")));
        has_std.then_some(())?;
        Some(Self::Installed { version: ask_rustc(root, &["--version"])? })
    }

    fn debian(root: &Path) -> Option<Self> {
        let version = debian::version()?;
        let sysroot = ask_rustc(root, &["--print", "sysroot"])?;
        let host = ask_rustc(root, &["--print", "host-tuple"])?;
        let linkers = Path::new(&sysroot).join("lib/rustlib").join(host).join("bin");
        linkers.join("wasm-component-ld").is_file().then_some(Self::Debian { version, linkers })
    }
}

impl fmt::Display for Toolchain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Installed { .. } => write!(f, "{TARGET} by rustup"),
            Self::Debian { version, .. } => {
                let short = version.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
                write!(f, "{TARGET} by Debian's {short}")
            }
        }
    }
}

/// A component is handed out, and messages of panics name source files: not those in somebody's home.
fn without_home() -> Option<OsString> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(std::env::home_dir()?.join(".cargo")))?;
    let mut flag = OsString::from("--remap-path-prefix=");
    flag.push(home);
    flag.push("=/cargo");
    Some(flag)
}

/// Asks the compiler of this repository, which the toolchain file in its root chooses.
fn ask_rustc(root: &Path, question: &[&str]) -> Option<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let answer = program::output(Command::new(rustc).args(question).current_dir(root)).ok()?;
    Some(answer.trim().to_owned())
}

fn add_by_rustup(root: &Path) -> Result<()> {
    let mut rustup = Command::new("rustup");
    // A backtrace of rustup would bury the one line that says what is wrong.
    rustup.args(["target", "add", TARGET]).current_dir(root).env("RUST_BACKTRACE", "0");
    program::output_within(&mut rustup, DOWNLOAD_LIMIT).map(drop).map_err(|error| {
        let said = error.to_string();
        let reason = said.lines().find_map(|line| line.strip_prefix("error: "));
        Error::new(reason.unwrap_or(&said))
    })
}

fn unavailable(rustup: &Result<()>, debian: &Result<()>) -> Error {
    let reason = |tried: &Result<()>| match tried {
        Ok(()) => "ended well, but the target is still not there".to_owned(),
        Err(error) => error.to_string().replace('\n', "\n    "),
    };
    Error::new(format!(
        "cannot set up the target `{TARGET}`, which plugins are built for\n  rustup: {}\n  Debian: {}",
        reason(rustup),
        reason(debian)
    ))
    .hint(format!(
        "with a network, `rustup target add {TARGET}`; on Debian, as root, `apt-get install {}`",
        debian::PACKAGES.join(" ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stage_line_says_where_the_target_is_from() {
        let version = "rustc 1.96.0 (ac68faa20 2026-05-25) (built from a source tarball)".to_owned();
        let debian = Toolchain::Debian { version, linkers: PathBuf::new() };
        assert_eq!(debian.to_string(), "wasm32-wasip2 by Debian's rustc 1.96.0");
        let installed = Toolchain::Installed { version: "rustc 1.95.0".into() };
        assert_eq!(installed.to_string(), "wasm32-wasip2 by rustup");
    }

    #[test]
    fn a_machine_without_the_target_gets_both_reasons_and_both_cures() {
        let error = unavailable(&Err(Error::new("no network")), &Err(Error::new("this is not Debian")));
        assert_eq!(
            error.to_string(),
            "cannot set up the target `wasm32-wasip2`, which plugins are built for\n  \
             rustup: no network\n  Debian: this is not Debian\n\
             hint: with a network, `rustup target add wasm32-wasip2`; on Debian, as root, \
             `apt-get install rustc-web cargo-web rust-web-src wasi-libc`"
        );
    }
}
