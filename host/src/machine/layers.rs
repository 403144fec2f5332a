//! The configuration files, and how far each may speak: the user's own, the project's with its trust.

use std::path::{Path, PathBuf};

use super::{Machine, PROJECT_FILE, files};
use crate::digest::Digest;
use crate::error::{Error, Result};
use crate::permission::StandingApprovals;
use crate::settings::{ConfigFile, Layers, ProjectFile, SourceFile, Trust, TrustStore, trust_digest};

/// The approvals of this project that stand until they are revoked.
pub fn standing(machine: &Machine) -> Result<StandingApprovals> {
    let file = machine.approvals_file();
    match files::read_text(&file)? {
        Some(text) => StandingApprovals::parse("approvals.toml", &text),
        None => Ok(StandingApprovals::default()),
    }
}

/// The list of trusted files.
pub fn trust_store(machine: &Machine) -> Result<TrustStore> {
    match files::read_text(&machine.trust_file())? {
        Some(text) => TrustStore::parse("trust.toml", &text),
        None => Ok(TrustStore::default()),
    }
}

/// A configuration file, if it is there.
pub fn source(name: &str, path: &Path) -> Result<Option<SourceFile>> {
    let dir = path.parent().map(Path::to_owned).unwrap_or_default();
    Ok(files::read_text(path)?.map(|text| SourceFile { name: name.to_owned(), dir, text }))
}

/// The digest that trust in a project file binds: its own content and that of every file it names.
pub fn digest_of(file: &SourceFile) -> Result<Digest> {
    let parsed = ConfigFile::parse(file)?;
    let named: Vec<(String, Option<Vec<u8>>)> = parsed
        .named_files()
        .into_iter()
        .map(|path| {
            let path = file.dir.join(path);
            (path.display().to_string(), files::read_bytes(&path).ok())
        })
        .collect();
    let named = named.iter().map(|(name, content)| (name.as_str(), content.as_deref()));
    Ok(trust_digest(file.text.as_bytes(), named))
}

/// Which configuration files are to be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Files {
    /// The user's own.
    pub user: bool,
    /// The project's.
    pub project: bool,
    /// One that the operator names, in place of the project's.
    pub policy: Option<PathBuf>,
}

impl Files {
    /// All that speak where nobody says otherwise.
    pub fn usual() -> Self {
        Self { user: true, project: true, policy: None }
    }
}

/// The configuration files that speak here. `notes` are for people.
pub fn layers(machine: &Machine, files: &Files, notes: &mut Vec<String>) -> Result<Layers> {
    let user = if files.user { source("user/looplet.toml", &machine.user_file())? } else { None };
    if let Some(path) = &files.policy {
        let path = machine.surroundings.cwd.join(path);
        let name = path.strip_prefix(&machine.surroundings.cwd).unwrap_or(&path).display().to_string();
        let file = source(&name, &path)?.ok_or_else(|| {
            Error::usage(format!("there is no file `{name}`")).hint("`--policy` names a configuration file")
        })?;
        return Ok(Layers { user, project: Some(ProjectFile::Policy(file)) });
    }
    let project = if files.project { source(PROJECT_FILE, &machine.project_file())? } else { None };
    let project = project.map(|file| as_trusted(machine, file, notes)).transpose()?;
    Ok(Layers { user, project })
}

/// What a trusted file kept out of runs must not come in because that file, or one that it names, was changed.
fn refuse_without_redaction(file: &SourceFile) -> Result<()> {
    match ConfigFile::parse(file)?.redacts() {
        None => Ok(()),
        Some(origin) => Err(Error::usage("what `redact` keeps out of runs is not kept out: the file, or one that it names, has changed since you trusted it")
            .hint("`looplet-host trust` shows it and asks; `--policy FILE` is your own word")
            .at(origin)),
    }
}

/// The project's file, as far as it may speak.
fn as_trusted(machine: &Machine, file: SourceFile, notes: &mut Vec<String>) -> Result<ProjectFile> {
    let path = machine.project_file().display().to_string();
    let what = match trust_store(machine)?.of(&path, &digest_of(&file)?) {
        Trust::Trusted => return Ok(ProjectFile::Trusted(file)),
        Trust::Changed => {
            refuse_without_redaction(&file)?;
            "has changed since you trusted it"
        }
        Trust::Unknown => "came with the project and nobody has trusted it",
    };
    notes.push(format!(
        "note: `{PROJECT_FILE}` {what}: only what narrows is used; `looplet-host trust` shows what it would give"
    ));
    Ok(ProjectFile::Untrusted(file))
}
