//! What a plugin says it needs, as plain values; mirrors interface `needs` of the contract.
//!
//! Needs are claims. They give nothing: `capability` intersects them with what the operator grants.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How far a mount may be used. Ordered: read-only is less than read-write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum FsMode {
    /// Look, do not touch.
    #[serde(rename = "ro")]
    ReadOnly,
    /// Look and change.
    #[serde(rename = "rw")]
    ReadWrite,
}

impl FsMode {
    /// The word of the configuration file: `ro` or `rw`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ReadOnly => "ro",
            Self::ReadWrite => "rw",
        }
    }

    /// Whether things may be changed.
    pub fn is_writable(self) -> bool {
        self == Self::ReadWrite
    }
}

impl fmt::Display for FsMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One kind of power, with what is wanted of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Capability {
    /// A directory under a logical name; the guest finds it at `/NAME`.
    Fs {
        /// The plugin's word for the mount.
        mount: String,
        /// How far.
        mode: FsMode,
    },
    /// Patterns `METHOD scheme://host[:port]/path-glob`.
    Http(Vec<String>),
    /// Names of environment variables.
    Env(Vec<String>),
    /// A secret that the host adds to requests to one origin.
    Secret {
        /// Its name.
        name: String,
        /// The origin it goes to.
        origin: String,
    },
    /// Names of native programs.
    Process(Vec<String>),
    /// Calls of the run's model.
    Model,
    /// A capability that this version has no type for; a plugin with one does not load.
    Other {
        /// Its name.
        name: String,
        /// What the plugin says about it.
        detail: serde_json::Value,
    },
}

impl Capability {
    /// Whether it asks for the secret of this name, bound to this origin.
    pub fn is_secret(&self, secret: &str, to: &str) -> bool {
        let fits = |wanted: &str, is: &str| wanted == "*" || wanted == is;
        matches!(self, Self::Secret { name, origin } if fits(name, secret) && fits(origin, to))
    }

    /// The name of the kind, as used in messages and in the configuration file.
    pub fn kind(&self) -> &str {
        match self {
            Self::Fs { .. } => "fs",
            Self::Http(_) => "http",
            Self::Env(_) => "env",
            Self::Secret { .. } => "secret",
            Self::Process(_) => "process",
            Self::Model => "model",
            Self::Other { name, .. } => name,
        }
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fs { mount, mode } => write!(f, "fs {mount} {mode}"),
            Self::Http(patterns) => write!(f, "http {}", patterns.join(", ")),
            Self::Env(names) => write!(f, "env {}", names.join(", ")),
            Self::Secret { name, origin } => {
                if name == "*" {
                    f.write_str("secret of any name")?;
                } else {
                    write!(f, "secret {name}")?;
                }
                if origin == "*" { Ok(()) } else { write!(f, " for {origin}") }
            }
            Self::Process(names) => write!(f, "process {}", names.join(", ")),
            Self::Model => f.write_str("model"),
            Self::Other { name, .. } => f.write_str(name),
        }
    }
}

/// One thing that is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Need {
    /// What.
    pub capability: Capability,
    /// Without it the plugin still works. A need that is not optional and stays empty denies the call.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
    /// One sentence for the operator.
    pub why: String,
}

/// What a plugin would like; the operator's limits stand above it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WishedLimits {
    /// Milliseconds for one call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wall_ms: Option<u32>,
    /// Bytes of memory of the instance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<u32>,
    /// Bytes of content and attachments together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_bytes: Option<u32>,
}

/// Something that one call can reach; mirrors `needs.place`. `path` is relative to the mount, `.` for all of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// A directory and all below it, or one file.
    Fs {
        /// The operator's name of the mount.
        mount: String,
        /// Relative to the mount, without `..`; `.` for the whole of it.
        path: String,
        /// How far.
        mode: FsMode,
    },
    /// A pattern as in [`Capability::Http`].
    Http(String),
    /// An environment variable.
    Env(String),
    /// A secret.
    Secret(String),
    /// A native program.
    Process(String),
    /// Calls of the run's model.
    Model,
    /// Anything else, by name.
    Other(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fs { mount, path, mode } if path == "." => write!(f, "fs {mount}:/ {mode}"),
            Self::Fs { mount, path, mode } => write!(f, "fs {mount}:/{path} {mode}"),
            Self::Http(pattern) => write!(f, "http {pattern}"),
            Self::Env(name) => write!(f, "env {name}"),
            Self::Secret(name) => write!(f, "secret {name}"),
            Self::Process(name) => write!(f, "process {name}"),
            Self::Model => f.write_str("model"),
            Self::Other(name) => f.write_str(name),
        }
    }
}
