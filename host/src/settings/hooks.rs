//! Hooks as the operator names them: `[[hooks]]` of a file, `--hook` on the command line.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::document::Node;
use super::file::{grant_limits, grant_table};
use super::sourced::Sourced;
use super::types::{GrantLimits, GrantTable};
use crate::error::{Error, Result};
use crate::hook::{OnFault, Power, Powers};
use crate::origin::Origin;

/// What stands before the name of a built-in component.
const BUILT_IN: &str = "builtin:";

/// Where a hook's component comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HookSource {
    /// Shipped in the binary under this name.
    BuiltIn(String),
    /// A component.
    File(PathBuf),
}

/// A hook with what the operator gives it.
#[derive(Clone, Debug)]
pub struct HookSettings {
    /// Its component.
    pub source: HookSource,
    /// What it may do.
    pub powers: Powers,
    /// Its settings, to be checked against its schema.
    pub settings: Option<Sourced<Value>>,
    /// What it may be given.
    pub grants: GrantTable,
    /// Limits of one call.
    pub limits: GrantLimits,
    /// What follows a fault.
    pub on_fault: OnFault,
    /// The user's own file names it.
    pub is_users: bool,
    /// Where it stands.
    pub origin: Origin,
}

impl HookSource {
    /// The operator's name for the hook: that of the built-in component, or the stem of the file.
    pub fn name(&self) -> String {
        match self {
            Self::BuiltIn(name) => name.clone(),
            Self::File(path) => path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
        }
    }

    /// The component's file, where it is one.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::BuiltIn(_) => None,
            Self::File(path) => Some(path),
        }
    }

    fn parse(text: &str, path: impl FnOnce(&str) -> PathBuf) -> Self {
        match text.strip_prefix(BUILT_IN) {
            Some(name) => Self::BuiltIn(name.to_owned()),
            None => Self::File(path(text)),
        }
    }
}

impl HookSettings {
    fn new(source: HookSource, origin: Origin) -> Self {
        Self {
            source,
            powers: Powers::SHIPPED,
            settings: None,
            grants: GrantTable::default(),
            limits: GrantLimits::default(),
            on_fault: OnFault::Deny,
            is_users: false,
            origin,
        }
    }

    /// One table of `[[hooks]]`.
    pub(super) fn read(table: &Node, path: impl FnOnce(&str) -> PathBuf) -> Result<Self> {
        let used = table.get("use").and_then(Node::text).ok_or_else(|| {
            Error::usage("the hook has no `use`")
                .hint("write `use = \"builtin:NAME\"` or the file of a component")
                .at(table.origin.clone())
        })?;
        let mut hook = Self::new(HookSource::parse(used, path), table.origin.clone());
        if hook.source.name().chars().any(char::is_control) {
            return Err(Error::usage("the name of the hook's file holds characters that nobody sees")
                .hint("give the file another name")
                .at(table.origin.clone()));
        }
        if let Some(node) = table.get("powers") {
            let powers = node.texts().map(|(word, origin)| power(word).map_err(|error| error.at(origin.clone())));
            hook.powers = Powers::of(powers.collect::<Result<Vec<_>>>()?);
        }
        hook.settings = table.get("settings").map(|node| Sourced::new(node.to_json(), node.origin.clone()));
        if let Some(grants) = table.get("grants") {
            hook.grants = grant_table(grants)?;
        }
        hook.limits = grant_limits(table.get("limits"));
        if table.get("on_fault").and_then(Node::text) == Some("stop") {
            hook.on_fault = OnFault::Stop;
        }
        Ok(hook)
    }

    /// `--hook NAME[+POWER…][=JSON]`: a built-in component or a file, powers beside the shipped ones, and
    /// its settings.
    pub(crate) fn of_flag(text: &str, cwd: &Path) -> Result<Self> {
        let origin = Origin::flag("--hook");
        let wrong = |message: String| {
            Error::usage(message)
                .hint("`--hook 'builtin:redact+edit-results={\"patterns\":[\"sk-[A-Za-z0-9]+\"]}'`")
                .at(origin.clone())
        };
        let (head, json) = match text.split_once('=') {
            Some((head, json)) => (head, Some(json)),
            None => (text, None),
        };
        let mut parts = head.split('+');
        let name = parts.next().unwrap_or_default();
        if name.is_empty() {
            return Err(wrong("the hook has no name".to_owned()));
        }
        let mut hook = Self::new(HookSource::parse(name, |path| cwd.join(path)), origin.clone());
        let more = parts.map(power).collect::<Result<Vec<_>>>().map_err(|error| error.at(origin.clone()))?;
        hook.powers = Powers::of(Powers::SHIPPED.iter().chain(more));
        if let Some(json) = json {
            let value = serde_json::from_str(json)
                .map_err(|error| wrong(format!("the settings of hook `{name}` are no JSON: {error}")))?;
            hook.settings = Some(Sourced::new(value, origin));
        }
        Ok(hook)
    }
}

fn power(word: &str) -> Result<Power> {
    Power::parse(word).ok_or_else(|| {
        let all: Vec<&str> = Power::ALL.iter().map(|power| power.as_str()).collect();
        Error::usage(format!("{word:?} is no power of a hook")).hint(format!("powers are {}", all.join(", ")))
    })
}
