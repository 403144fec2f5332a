//! Sections of a file as they are written, before files meet: everything may be missing.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;

use super::sourced::Sourced;
use super::types::PluginSource;
use crate::need::FsMode;
use crate::origin::Origin;
use crate::permission::Unmatched;

/// `[mounts.NAME]` as it is written.
#[derive(Clone, Debug)]
pub(super) struct WrittenMount {
    pub(super) path: Option<Sourced<PathBuf>>,
    pub(super) mode: Option<Sourced<FsMode>>,
    pub(super) hide: Vec<Sourced<String>>,
    pub(super) read_only: Vec<Sourced<String>>,
    pub(super) quota_mib: Option<Sourced<u64>>,
    pub(super) origin: Origin,
}

/// One of `[plugins]` as it is written.
#[derive(Clone, Debug)]
pub(super) struct WrittenPlugin {
    pub(super) source: Option<PluginSource>,
    pub(super) digest: Option<Sourced<String>>,
    pub(super) prefix: Option<Sourced<String>>,
    pub(super) settings: Option<Sourced<Value>>,
    pub(super) mounts: BTreeMap<String, String>,
    pub(super) unmatched: Option<Sourced<Unmatched>>,
    pub(super) origin: Origin,
}
