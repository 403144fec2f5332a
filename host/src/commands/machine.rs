//! What this process finds around itself: variables, directories, terminal, and the places of the host's
//! own files. The one door to the environment.
#![expect(clippy::disallowed_methods, reason = "this file is where the environment and the disk are read")]

use std::fs;
use std::io::{IsTerminal as _, Read as _, Write as _};
use std::path::{Path, PathBuf};

use looplet_host::error::{Error, Result};
use looplet_host::model::select::Environment;
use looplet_host::sandbox::Limits;
use looplet_host::settings::Surroundings;

/// The name of the file that comes with a project.
pub(crate) const PROJECT_FILE: &str = "looplet.toml";

/// What was found at start.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    pub(crate) variables: Environment,
    pub(crate) surroundings: Surroundings,
}

impl Machine {
    /// Looks around.
    pub(crate) fn look() -> Result<Self> {
        let variables: Environment = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let cwd = std::env::current_dir()
            .and_then(fs::canonicalize)
            .map_err(|error| Error::usage(format!("the current directory cannot be used: {error}")))?;
        let home = variables.get("HOME").map(PathBuf::from).map(|home| fs::canonicalize(&home).unwrap_or(home));
        // Prompts go to the controlling terminal, and are seen only where stderr is one.
        let terminal = std::io::stderr().is_terminal() && fs::File::open("/dev/tty").is_ok();
        Ok(Self { variables, surroundings: Surroundings { terminal, cwd, home } })
    }

    /// The same machine seen from another directory, if that is still there.
    pub(crate) fn at(mut self, dir: &str) -> Result<Self> {
        self.surroundings.cwd = fs::canonicalize(dir)
            .map_err(|error| Error::usage(format!("the directory `{dir}` of the run cannot be used: {error}")))?;
        Ok(self)
    }

    /// The user's own configuration file.
    pub(crate) fn user_file(&self) -> PathBuf {
        self.xdg("XDG_CONFIG_HOME", ".config").join("looplet.toml")
    }

    /// Where trust, approvals and runs are kept.
    pub(crate) fn state_dir(&self) -> PathBuf {
        self.xdg("XDG_STATE_HOME", ".local/state")
    }

    /// The list of trusted project files.
    pub(crate) fn trust_file(&self) -> PathBuf {
        self.state_dir().join("trust.toml")
    }

    /// The answers that stand until they are revoked.
    pub(crate) fn approvals_file(&self) -> PathBuf {
        self.state_dir().join("approvals.toml")
    }

    /// Where compiled components are kept.
    pub(crate) fn compiled_dir(&self) -> PathBuf {
        self.xdg("XDG_CACHE_HOME", ".cache").join("compiled")
    }

    /// The secret that compiled components are sealed with: not beside them.
    pub(crate) fn seal_file(&self) -> PathBuf {
        self.state_dir().join("seal.key")
    }

    /// The models that nobody named and a person agreed to.
    pub(crate) fn models_file(&self) -> PathBuf {
        self.state_dir().join("models.toml")
    }

    /// Where runs are kept.
    pub(crate) fn runs_dir(&self) -> PathBuf {
        self.state_dir().join("runs")
    }

    /// Every place that no guest may change.
    pub(crate) fn own_places(&self, runs: &Path) -> Vec<PathBuf> {
        vec![self.user_file(), self.state_dir(), self.compiled_dir(), runs.to_owned()]
    }

    /// The project file of the current directory, there or not.
    pub(crate) fn project_file(&self) -> PathBuf {
        self.surroundings.cwd.join(PROJECT_FILE)
    }

    /// The name under which the current project is known in the state directory.
    pub(crate) fn project(&self) -> String {
        self.surroundings.cwd.display().to_string()
    }

    fn xdg(&self, variable: &str, otherwise: &str) -> PathBuf {
        let set = self.variables.get(variable).map(PathBuf::from).filter(|path| path.is_absolute());
        let home = || self.surroundings.home.clone().unwrap_or_else(|| PathBuf::from("/nonexistent"));
        set.unwrap_or_else(|| home().join(otherwise)).join("looplet")
    }
}

/// What the clock says, in milliseconds since 1970. For records; nothing is decided on it.
pub(crate) fn unix_ms() -> u64 {
    use looplet_host::agent::{Clock as _, SystemClock};
    SystemClock::default().unix_ms()
}

/// A moment as people read it, in UTC: `2026-11-21 09:14`.
pub(crate) fn moment(unix_ms: u64) -> String {
    let minutes = unix_ms / 60_000;
    let (mut days, minute) = (minutes / 1_440, minutes % 1_440);
    let is_leap = |year: u64| year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400);
    let mut year = 1970;
    while days >= 365 + u64::from(is_leap(year)) {
        days -= 365 + u64::from(is_leap(year));
        year += 1;
    }
    let mut month = 1;
    for length in [31, 28 + u64::from(is_leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    format!("{year}-{month:02}-{:02} {:02}:{:02}", days + 1, minute / 60, minute % 60)
}

/// Makes a directory that must not be there yet.
pub(crate) fn make_new_dir(dir: &Path) -> Result<()> {
    fs::create_dir(dir).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => Error::usage(format!("`{}` is there already", dir.display()))
            .hint("name a directory that does not exist: nothing is overwritten"),
        _ => Error::usage(format!("cannot make the directory `{}`: {error}", dir.display())),
    })
}

/// Reads a text file. None where there is none.
pub(crate) fn read_text(path: &Path) -> Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) if error.kind() == std::io::ErrorKind::InvalidData => {
            Err(Error::usage(format!("`{}` is no text in UTF-8", path.display())))
        }
        Err(error) => Err(Error::usage(format!("cannot read `{}`: {error}", path.display()))),
    }
}

/// Reads a file that has to be there.
pub(crate) fn read_bytes(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Error::usage(format!("there is no file `{}`", path.display())),
        _ => Error::usage(format!("cannot read `{}`: {error}", path.display())),
    })
}

/// Reads a component: a regular file, no larger than one may be. A pipe or a device is not waited for.
pub(crate) fn read_component(path: &Path) -> Result<Vec<u8>> {
    let shown = path.display();
    let mut options = fs::OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
    let file = options.open(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Error::usage(format!("there is no file `{shown}`")),
        _ => Error::usage(format!("cannot read `{shown}`: {error}")),
    })?;
    if !file.metadata().is_ok_and(|metadata| metadata.is_file()) {
        return Err(Error::usage(format!("`{shown}` is no regular file")).hint("a plugin is a component in a file"));
    }
    let mut bytes = Vec::new();
    // One byte more, by which it is known to be too large.
    file.take(Limits::COMPONENT_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Error::usage(format!("cannot read `{shown}`: {error}")))?;
    Ok(bytes)
}

/// The components in a directory, sorted.
pub(crate) fn components(dir: &Path) -> Result<Vec<PathBuf>> {
    let shown = dir.display();
    let entries = fs::read_dir(dir).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Error::usage(format!("there is no plugin directory `{shown}`"))
            .hint("`cargo xtask plugins` builds the first-party ones into `plugins/`; without `--plugins` the built-in ones are used"),
        std::io::ErrorKind::NotADirectory => Error::usage(format!("`{shown}` is a file, not a plugin directory"))
            .hint("`--plugins` takes the directory that holds the components"),
        _ => Error::usage(format!("cannot read the plugin directory `{shown}`: {error}")),
    })?;
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "wasm"))
        .collect();
    files.sort();
    if files.is_empty() {
        return Err(Error::usage(format!("the plugin directory `{shown}` holds no `.wasm` file"))
            .hint("`cargo xtask plugins` builds the first-party ones into `plugins/`; without `--plugins` the built-in ones are used"));
    }
    Ok(files)
}

/// Replaces a file of the host's own, whole or not at all, readable by its owner alone.
pub(crate) fn write_own(path: &Path, bytes: impl AsRef<[u8]>) -> Result<()> {
    let fault = |error: std::io::Error| Error::failed(format!("cannot write `{}`: {error}", path.display()));
    let dir = path.parent().unwrap_or(Path::new("/"));
    make_own_dir(dir).map_err(fault)?;
    let mut file = tempfile::NamedTempFile::new_in(dir).map_err(fault)?;
    file.write_all(bytes.as_ref()).and_then(|()| file.as_file().sync_all()).map_err(fault)?;
    file.persist(path).map_err(|error| fault(error.error))?;
    Ok(())
}

/// Writes a file that the operator asked for.
pub(crate) fn write_file(path: &Path, text: &str) -> Result<()> {
    let fault = |error: std::io::Error| Error::usage(format!("cannot write `{}`: {error}", path.display()));
    if let Some(dir) = path.parent() {
        fs::create_dir_all(dir).map_err(fault)?;
    }
    fs::write(path, text).map_err(fault)
}

/// Makes a directory for a new project. One that is there and has something in it is refused.
pub(crate) fn make_empty_dir(dir: &Path) -> Result<()> {
    let fault = |error: std::io::Error| Error::usage(format!("cannot make `{}`: {error}", dir.display()));
    match fs::read_dir(dir).map(|mut entries| entries.next().is_none()) {
        Ok(true) => Ok(()),
        Ok(false) => Err(Error::usage(format!("`{}` is there and not empty", dir.display()))
            .hint("nothing is overwritten; take another name, or move it away")),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => fs::create_dir(dir).map_err(fault),
        Err(error) => Err(fault(error)),
    }
}

/// Reads standard input to its end.
pub(crate) fn read_stdin() -> Result<String> {
    std::io::read_to_string(std::io::stdin())
        .map_err(|error| Error::usage(format!("cannot read the task from standard input: {error}")))
}

#[cfg(unix)]
pub(super) fn make_own_dir(dir: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

#[cfg(not(unix))]
pub(super) fn make_own_dir(dir: &Path) -> std::io::Result<()> {
    fs::create_dir_all(dir)
}
