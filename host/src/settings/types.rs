//! The sections of the settings, as plain values. Every value knows where it came from.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::document::Node;
use super::sourced::Sourced;
use crate::capability::http::AddressPolicy;
use crate::digest::Digest;
use crate::error::Result;
use crate::model::Price;
use crate::need::FsMode;
use crate::origin::Origin;
use crate::permission::{HttpPattern, Mask, Masks, ToolPattern, Unmatched};

/// A text, or the file that holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TextSource {
    /// The text itself.
    Inline(String),
    /// The file, absolute if the directory of its configuration file is.
    File(PathBuf),
}

impl TextSource {
    /// The file, where it is one.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::Inline(_) => None,
            Self::File(path) => Some(path),
        }
    }
}

/// What the agent is told.
#[derive(Clone, Debug, Default)]
pub struct Agent {
    /// The system prompt.
    pub system: Option<Sourced<TextSource>>,
    /// Files that are shown as data.
    pub context: Vec<Sourced<PathBuf>>,
    /// Whether a run that ends without `done` fails.
    pub done_required: Option<Sourced<bool>>,
    /// The JSON Schema of what `done` is given.
    pub done_schema: Option<Sourced<TextSource>>,
}

/// Which model, and how it is asked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModelSettings {
    /// `provider:name`.
    pub name: Option<Sourced<String>>,
    /// Sampling temperature.
    pub temperature: Option<Sourced<f64>>,
    /// Tokens that an answer may have.
    pub max_output_tokens: Option<Sourced<u64>>,
}

/// Where models of one provider are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Provider {
    /// Where requests go.
    pub base_url: Option<Sourced<String>>,
    /// The size of the context window.
    pub context_tokens: Option<Sourced<u64>>,
    /// What its models cost, by name.
    pub prices: BTreeMap<String, Price>,
}

/// What a run may spend. None: no bound from the settings.
#[derive(Clone, Debug, Default)]
pub struct Budget {
    /// Tool calls that count.
    pub steps: Option<Sourced<u64>>,
    /// Model requests.
    pub turns: Option<Sourced<u64>>,
    /// Tokens in and out.
    pub tokens: Option<Sourced<u64>>,
    /// Seconds in which nobody is waited for.
    pub active_s: Option<Sourced<u64>>,
    /// Millionths of a US dollar.
    pub money_micro_usd: Option<Sourced<u64>>,
    /// KiB that requests carry out.
    pub egress_kib: Option<Sourced<u64>>,
    /// Failed calls one after the other.
    pub failures_in_a_row: Option<Sourced<u64>>,
    /// Calls of tools; a call counts against every pattern that matches it.
    pub calls: Vec<(ToolPattern, Sourced<u64>)>,
}

/// A directory that tools may be given.
#[derive(Clone, Debug)]
pub struct Mount {
    /// The directory on this machine.
    pub path: Sourced<PathBuf>,
    /// How far it may be used at most.
    pub mode: Sourced<FsMode>,
    /// What is hidden or read-only, shipped masks and the host's own included.
    pub masks: Vec<Mask>,
    /// MiB that a run may write.
    pub quota_mib: Option<Sourced<u64>>,
    /// Built-in and locked plugins that ask for it by its name have it without a grant: it comes from a
    /// flag, or is the current directory of a run without configuration.
    pub given: bool,
}

impl Mount {
    /// The masks, compiled.
    pub fn compile_masks(&self) -> Result<Masks> {
        Masks::new(self.masks.iter().cloned())
    }
}

/// Where a plugin comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PluginSource {
    /// Shipped in the binary, under this name, or that of the plugin.
    BuiltIn(Option<String>),
    /// A component.
    File(PathBuf),
}

impl PluginSource {
    /// The component's file, where it is one.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::BuiltIn(_) => None,
            Self::File(path) => Some(path),
        }
    }
}

/// A plugin that the operator names.
#[derive(Clone, Debug, PartialEq)]
pub struct PluginSettings {
    /// Where it comes from.
    pub source: PluginSource,
    /// The user's own file names it.
    pub is_users: bool,
    /// What its component has to be.
    pub digest: Option<Sourced<Digest>>,
    /// Put before the names of its tools.
    pub prefix: Option<Sourced<String>>,
    /// Its settings, to be checked against its schema.
    pub settings: Option<Sourced<Value>>,
    /// The plugin's word for a mount, and the operator's.
    pub mounts: BTreeMap<String, String>,
    /// Where it stands.
    pub origin: Origin,
}

/// Limits of one call that a grant sets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GrantLimits {
    /// Milliseconds.
    pub wall_ms: Option<Sourced<u64>>,
    /// MiB of memory.
    pub memory_mib: Option<Sourced<u64>>,
    /// Bytes of a URL.
    pub url_bytes: Option<Sourced<u64>>,
    /// MiB of bodies.
    pub body_mib: Option<Sourced<u64>>,
}

impl GrantLimits {
    /// The larger of each.
    pub fn or_larger(self, other: &Self) -> Self {
        let larger = |one: Option<Sourced<u64>>, other: &Option<Sourced<u64>>| match (one, other) {
            (Some(one), Some(other)) if other.value > one.value => Some(other.clone()),
            (one, other) => one.or_else(|| other.clone()),
        };
        Self {
            wall_ms: larger(self.wall_ms, &other.wall_ms),
            memory_mib: larger(self.memory_mib, &other.memory_mib),
            url_bytes: larger(self.url_bytes, &other.url_bytes),
            body_mib: larger(self.body_mib, &other.body_mib),
        }
    }

    /// Those that are written, by their keys.
    pub fn written(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let Self { wall_ms, memory_mib, url_bytes, body_mib } = self;
        let all = [("wall_ms", wall_ms), ("memory_mib", memory_mib), ("url_bytes", url_bytes), ("body_mib", body_mib)];
        all.into_iter().filter_map(|(word, limit)| Some((word, limit.as_ref()?.value)))
    }
}

/// What a tool, or a hook, may be given at most.
#[derive(Clone, Debug, Default)]
pub struct GrantTable {
    /// Mounts, by the operator's names.
    pub fs: BTreeMap<String, FsMode>,
    /// Environment variables.
    pub env: Vec<String>,
    /// Requests.
    pub http: Vec<HttpPattern>,
    /// Where they may go.
    pub addresses: AddressPolicy,
    /// Secrets that the host adds to them, by name.
    pub secrets: Vec<String>,
}

/// What some tools may be given.
#[derive(Clone, Debug)]
pub struct Grant {
    /// The tools.
    pub tools: ToolPattern,
    /// What they may be given.
    pub table: GrantTable,
    /// Limits of one call.
    pub limits: GrantLimits,
    /// Only for built-in plugins and for digests that the settings name: it comes from the user's file,
    /// which speaks for projects that it has not seen.
    pub known_only: bool,
    /// Where it stands.
    pub origin: Origin,
}

/// Who answers an ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnAsk {
    /// The person at the terminal, or the approver of the program.
    Person,
    /// Nobody: it is denied.
    Deny,
    /// The run stops with the call pending.
    Park,
}

impl OnAsk {
    pub(super) fn of(node: &Node) -> Option<Self> {
        match node.text()? {
            "person" => Some(Self::Person),
            "deny" => Some(Self::Deny),
            "park" => Some(Self::Park),
            _ => None,
        }
    }
}

/// What to do about a call whose outcome a crash hid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnUnknown {
    /// Stop.
    Stop,
    /// Go on without it.
    Skip,
    /// Run it again.
    Retry,
}

impl OnUnknown {
    pub(super) fn of(node: &Node) -> Option<Self> {
        match node.text()? {
            "stop" => Some(Self::Stop),
            "skip" => Some(Self::Skip),
            "retry" => Some(Self::Retry),
            _ => None,
        }
    }
}

/// How runs go.
#[derive(Clone, Debug)]
pub struct RunSettings {
    /// Never wait on a terminal.
    pub unattended: Sourced<bool>,
    /// What to do about unknown outcomes.
    pub on_unknown: Sourced<OnUnknown>,
    /// A run with a denied call fails.
    pub denied_is_failure: Sourced<bool>,
}

impl RunSettings {
    /// Whether a file says that nobody is there: then lines are for programs, and components have to be pinned.
    pub fn is_job(&self) -> bool {
        self.unattended.value && matches!(self.unattended.origin, Origin::File { .. })
    }
}

/// The most that a trusted project file may give. None: no bound.
#[derive(Clone, Debug, Default)]
pub struct Ceiling {
    /// Of mounts and grants.
    pub mode: Option<Sourced<FsMode>>,
    /// The tools that its allow rules may speak of.
    pub allow: Option<Vec<ToolPattern>>,
    /// The variables that its grants may name.
    pub env: Option<Vec<String>>,
    /// The secrets that its grants may name.
    pub secrets: Option<Vec<String>>,
    /// The requests that its grants may name.
    pub http: Option<Vec<HttpPattern>>,
    /// Where these may go beside public addresses.
    pub addresses: Option<AddressPolicy>,
    /// Of the limits of grants.
    pub wall_ms: Option<Sourced<u64>>,
    /// Of the limits of grants.
    pub memory_mib: Option<Sourced<u64>>,
    /// Bytes of a URL.
    pub url_bytes: Option<Sourced<u64>>,
    /// MiB of bodies.
    pub body_mib: Option<Sourced<u64>>,
    /// Of budgets; calls by tool are not bounded.
    pub budget: Budget,
}

/// What happens to the calls of a plugin that no rule matches.
pub(super) type PluginUnmatched = BTreeMap<String, Sourced<Unmatched>>;
