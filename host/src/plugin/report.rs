//! What is known of a tool call once it has ended.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::message::Outcome;
use crate::refusal::Refusal;

/// How a call ended, and what it used on the way.
#[derive(Clone, Debug, PartialEq)]
pub struct GuestReport {
    /// How it ended: an output, a failure of the tool, or an end by the host.
    pub outcome: Outcome,
    /// For the operator, where the host ended the call: the trap or the limit in full.
    pub detail: Option<String>,
    /// What it used.
    pub usage: CallUsage,
    /// What the host refused inside it.
    pub refusals: Vec<Refusal>,
    /// Files that it changed: mount, path, size if still there, digest if small.
    pub written: Vec<(String, String, Option<u64>, Option<Digest>)>,
    /// Bytes that it wrote to mounts with a quota, by mount.
    pub drawn: BTreeMap<String, u64>,
    /// The last lines that the guest wrote to its standard error.
    pub stderr: Vec<String>,
    /// What it logged.
    pub log: Vec<LogLine>,
}

/// What a call used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallUsage {
    /// Wall time, waits for a person not counted.
    pub duration: Duration,
    /// Waits for a person, and for a place again after them.
    pub waited: Duration,
    /// The largest size of the guest's memory, bytes.
    pub memory_peak: u64,
    /// The memory that it was allowed, bytes.
    pub memory_limit: u64,
    /// Bytes read from files.
    pub read_bytes: u64,
    /// Bytes written to files.
    pub written_bytes: u64,
    /// Requests that were sent.
    pub requests: u64,
    /// Bytes that requests carried out, or that used up what the run had left: addresses, headers, bodies.
    pub sent_bytes: u64,
    /// Bytes of bodies that were received, decoded.
    pub received_bytes: u64,
    /// Bytes written to standard output and error, kept or not.
    pub printed_bytes: u64,
}

/// How important a line of a guest is, in the guest's opinion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    /// For the author.
    Debug,
    /// Worth knowing.
    Info,
    /// Worth a look.
    Warn,
    /// Went wrong.
    Error,
}

/// A line that a guest logged for the operator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// How important.
    pub level: LogLevel,
    /// The text, at most 4 KiB.
    pub message: String,
}
