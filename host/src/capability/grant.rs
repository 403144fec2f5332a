//! What the operator grants to one tool, with everything already opened.
//!
//! Made once at start from grants, mounts and renamings; each call intersects it with needs and rules.

use std::collections::BTreeMap;

use super::fs::Mount;
use super::http::AllowedHttp;
use super::secret::BoundSecret;
use crate::need::FsMode;
use crate::origin::Origin;
use crate::secret::Leaks;

/// What the operator grants to one tool. The default grants nothing.
#[derive(Clone, Debug, Default)]
pub struct Granted {
    /// Directories, by the plugin's word for the mount.
    pub mounts: BTreeMap<String, GrantedMount>,
    /// Environment variables, by name.
    pub env: BTreeMap<String, GrantedEnv>,
    /// Requests.
    pub http: Vec<AllowedHttp>,
    /// Secrets that the host adds to its requests.
    pub secrets: Vec<BoundSecret>,
    /// What no answer may show it.
    pub leaks: Leaks,
}

/// A mount that is granted.
#[derive(Clone, Debug)]
pub struct GrantedMount {
    /// The mount.
    pub mount: Mount,
    /// How far.
    pub mode: FsMode,
    /// The line that grants it.
    pub origin: Origin,
    /// The line makes the mount but does not name the tool: a person has to agree to each call.
    pub ask_first: bool,
}

/// A variable that is granted.
#[derive(Clone, Debug)]
pub struct GrantedEnv {
    /// Its value when the host started.
    pub value: String,
    /// The line that grants it.
    pub origin: Origin,
}
