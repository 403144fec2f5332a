//! `[secrets.NAME]`: where a secret is taken from, where it goes, and in which header. Its value comes later, by
//! whoever may read it.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use http::HeaderName;

use super::document::Node;
use crate::capability::http::can_carry_secret;
use crate::error::{Error, Result};
use crate::origin::Origin;
use crate::permission::HttpOrigin;
use crate::secret::SecretValue;

/// A secret that the operator defines.
#[derive(Clone, Debug)]
pub struct SecretSettings {
    /// Where its value is taken from.
    pub from: SecretSource,
    /// The one origin that it is sent to.
    pub to: HttpOrigin,
    /// The header that carries it.
    pub header: HeaderName,
    /// What stands in the header; `{}` is the secret.
    pub form: String,
    /// Only for built-in plugins and for digests that the user's file names: that is where it comes from.
    pub known_only: bool,
    /// What was read; none where nothing that is loaded may have it.
    pub value: Option<SecretValue>,
    /// Where it stands.
    pub origin: Origin,
}

/// Where the value of a secret is taken from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// A variable of the environment.
    Env(String),
    /// A file.
    File(PathBuf),
    /// What a program prints.
    Command {
        /// The program and its arguments.
        words: Vec<String>,
        /// Where it runs: the directory of the file that names it.
        dir: PathBuf,
    },
    /// The embedding program, which gave it.
    Program,
    /// The keyring of the person who is logged in.
    Keyring {
        /// What it is for, as it was kept.
        service: String,
        /// Whose it is, as it was kept.
        user: String,
    },
}

impl SecretSettings {
    /// Reads one table; paths are made whole by `path`.
    pub(super) fn read(name: &str, node: &Node, path: impl Fn(&str) -> PathBuf) -> Result<Self> {
        let missing = |key: &str, hint: &str| {
            Error::usage(format!("the secret `{name}` has no `{key}`")).hint(hint).at(node.origin.clone())
        };
        let from = node.get("from").ok_or_else(|| missing("from", FROM_HINT))?;
        let to =
            node.get("to").ok_or_else(|| missing("to", "write the one origin: `to = \"https://api.example.com\"`"))?;
        let origin = HttpOrigin::parse(to.text().unwrap_or_default()).map_err(|error| error.at(to.origin.clone()))?;
        check_origin(name, &origin).map_err(|error| error.at(to.origin.clone()))?;
        let (header, form) = header(name, node.get("header"))?;
        Ok(Self {
            from: source(name, from, path)?,
            to: origin,
            header,
            form,
            known_only: false,
            value: None,
            origin: node.origin.clone(),
        })
    }

    /// What must be seen nowhere: the value, and what it is made of where it is a name and a password in base64.
    pub(super) fn spelled(&self) -> Vec<SecretValue> {
        let Some(value) = &self.value else { return Vec::new() };
        let decoded = base64::prelude::BASE64_STANDARD.decode(value.expose()).ok();
        let decoded = decoded.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
        let password = decoded.split_once(':').map(|(_, password)| password).unwrap_or_default();
        let inside = [decoded.as_str(), password].map(|text| SecretValue::new(text).ok());
        [Some(value.clone())].into_iter().chain(inside).flatten().collect()
    }

    /// The file that holds it, where one does.
    pub fn file(&self) -> Option<&Path> {
        match &self.from {
            SecretSource::File(path) => Some(path),
            SecretSource::Env(_)
            | SecretSource::Command { .. }
            | SecretSource::Program
            | SecretSource::Keyring { .. } => None,
        }
    }
}

/// The header that carries a secret where nobody says another.
pub(super) const HEADER: &str = "authorization";
/// What stands in it.
pub(super) const FORM: &str = "Bearer {}";

const FROM_HINT: &str = "write `from = { env = \"NAME\" }`, `{ file = \"PATH\" }`, `{ command = [\"PROGRAM\", \"ARGUMENT\"] }` or \
     `{ keyring = { service = \"SERVICE\", user = \"USER\" } }`";

fn source(name: &str, node: &Node, path: impl Fn(&str) -> PathBuf) -> Result<SecretSource> {
    let wrong = |why: &str| Error::usage(format!("the secret `{name}` {why}")).hint(FROM_HINT).at(node.origin.clone());
    let [(kind, value)] = node.entries() else { return Err(wrong("is taken from one place")) };
    let source = match kind.as_str() {
        "env" => SecretSource::Env(value.text().unwrap_or_default().to_owned()),
        "file" => SecretSource::File(path(value.text().unwrap_or_default())),
        "keyring" => {
            let member = |key: &str| value.get(key).and_then(Node::text).unwrap_or_default().to_owned();
            SecretSource::Keyring { service: member("service"), user: member("user") }
        }
        _ => {
            let mut words: Vec<String> = value.texts().map(|(word, _)| word.to_owned()).collect();
            // A program with a `/` in its name is a file beside the one that names it, wherever the host is started.
            if let Some(program) = words.first_mut().filter(|program| program.contains('/')) {
                *program = path(program).display().to_string();
            }
            SecretSource::Command { words, dir: path(".") }
        }
    };
    match &source {
        SecretSource::Env(variable) if variable.is_empty() => Err(wrong("is taken from a variable without a name")),
        SecretSource::Keyring { service, user } if service.is_empty() || user.is_empty() => {
            Err(wrong("is taken from a keyring without a `service` or a `user`"))
        }
        SecretSource::Command { words, .. } if words.is_empty() => {
            Err(wrong("is taken from a command without a program"))
        }
        _ => Ok(source),
    }
}

fn header(name: &str, node: Option<&Node>) -> Result<(HeaderName, String)> {
    let member = |key: &str| node.and_then(|node| node.get(key));
    let placed = |key: &str, error: Error| match member(key) {
        Some(node) => error.at(node.origin.clone()),
        None => error,
    };
    let written = member("name").and_then(Node::text).unwrap_or(HEADER);
    let header = check_header(name, written).map_err(|error| placed("name", error))?;
    let form = member("value").and_then(Node::text).unwrap_or(FORM);
    check_form(name, form).map_err(|error| placed("value", error))?;
    Ok((header, form.to_owned()))
}

/// A secret does not go where everybody on the way can read it.
pub(super) fn check_origin(name: &str, origin: &HttpOrigin) -> Result<()> {
    if !origin.is_open() {
        return Ok(());
    }
    Err(Error::usage(format!("the secret `{name}` would go to `{origin}` for everybody to read"))
        .hint("write `https://`; `http://` is for this machine alone"))
}

/// The header of this name, if it may carry a secret.
pub(super) fn check_header(name: &str, written: &str) -> Result<HeaderName> {
    let wrong = |why: String, hint: &str| Error::usage(format!("the secret `{name}` {why}")).hint(hint);
    let header: HeaderName = written
        .parse()
        .map_err(|_| wrong(format!("goes in `{written}`, which is no header"), "write a name such as `x-api-key`"))?;
    if !can_carry_secret(&header) {
        let hint = "that header says where a request goes, what it is or how it is read";
        return Err(wrong(format!("cannot go in `{header}`"), hint));
    }
    Ok(header)
}

/// A form has one place for the secret.
pub(super) fn check_form(name: &str, form: &str) -> Result<()> {
    if form.matches("{}").count() == 1 && http::HeaderValue::from_str(form).is_ok() {
        return Ok(());
    }
    Err(Error::usage(format!("the secret `{name}` has no place in `{form}`"))
        .hint("write one `{}` where the secret is to stand: `Bearer {}`"))
}
