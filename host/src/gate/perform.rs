//! Running a call that was let through, and what is reported of it.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use super::provider::PluginHandle;
use super::tool::GatedTool;
use crate::agent::{CallReport, Event, Notes, ReadyCall};
use crate::canonical::CanonicalJson;
use crate::capability::Authority;
use crate::message::{Outcome, ToolCall};
use crate::permission::Approver;
use crate::plugin::{CallContext, CallSupport, GuestReport, LogLevel, PluginState, RunKey};
use crate::record::{Progress, StderrTail, Used, WrittenFile};
use crate::redaction::Redaction;
use crate::refusal::{Refusal, RefusalReason};
use crate::sandbox::{Limits, cut_and_clean};

/// How many progress reports of a call are kept.
const PROGRESS: usize = 16;

/// A call with everything it was given.
pub(super) struct Allowed {
    pub(super) plugin: Arc<PluginHandle>,
    pub(super) run: RunKey,
    pub(super) state: PluginState,
    pub(super) tool: GatedTool,
    pub(super) id: String,
    pub(super) arguments: CanonicalJson,
    /// A person changed the arguments: the model is told.
    pub(super) is_edited: bool,
    pub(super) authority: Authority,
    pub(super) approver: Arc<dyn Approver>,
    pub(super) step: u32,
    pub(super) notes: Notes,
    pub(super) redaction: Redaction,
}

#[async_trait]
impl ReadyCall for Allowed {
    async fn perform(self: Box<Self>, cancel: CancellationToken) -> CallReport {
        let Self { plugin, run, state, tool, id, arguments, is_edited, authority, approver, step, notes, redaction } =
            *self;
        let warning = edited(is_edited, &arguments);
        let desk = Arc::new(Desk::new(&tool, step, approver, notes, redaction.clone()));
        let context = CallContext {
            run,
            settings: plugin.settings.clone(),
            secrets: authority.http.secret_names().map(str::to_owned).collect(),
            state: state.clone(),
            support: Arc::clone(&desk) as Arc<dyn CallSupport>,
        };
        let call = ToolCall { id, tool: tool.spec().name.clone(), arguments };
        let report = plugin.sandbox.call(&plugin.plugin, &call, authority, tool.limits(), context, cancel).await;
        let mut report = to_record(report);
        report.warnings.extend(warning);
        report.refusals.iter_mut().for_each(|refusal| name_tool(refusal, &tool));
        report.kept = state.take_changes();
        report.progress = desk.take_progress();
        keep_out(&mut report, &redaction);
        report
    }
}

/// Keeps out of a report what is kept out of runs, and says which secrets there were.
pub(super) fn keep_out(report: &mut CallReport, redaction: &Redaction) {
    let secrets = redaction.secrets();
    if !secrets.is_empty() {
        let texts = (&report.outcome, &report.stderr, &report.progress, &report.kept);
        let text = serde_json::to_string(&texts).unwrap_or_default();
        let refusal = |name: &str| Refusal::new("secret", "say", format!("`{name}`"), RefusalReason::Secret);
        let mut names: BTreeSet<&str> = secrets.names_in(text.as_bytes()).into_iter().collect();
        if let Outcome::Ok(output) = &report.outcome {
            names.extend(output.attachments.iter().flat_map(|attachment| secrets.names_in(&attachment.bytes)));
        }
        report.refusals.extend(names.into_iter().map(refusal));
    }
    redaction.clean(report);
}

/// The line that would allow what was refused, in the table of the tool.
fn name_tool(refusal: &mut Refusal, tool: &GatedTool) {
    if let Some(line) = &mut refusal.would_allow {
        *line = format!("grants.\"{}\".{line}", tool.full_name());
    }
}

/// What the model is told where a person changed the arguments.
pub(super) fn edited(is_edited: bool, arguments: &CanonicalJson) -> Option<String> {
    is_edited.then(|| format!("the person changed the arguments of this call to {}", arguments.as_str()))
}

/// The last lines that a call had for the operator.
pub(super) fn tail(mut lines: Vec<String>) -> Option<StderrTail> {
    let total = lines.len() as u64;
    let surplus = lines.len().saturating_sub(20);
    lines.drain(..surplus);
    (total > 0).then_some(StderrTail { lines, total })
}

/// What a guest turns to while it runs.
pub(super) struct Desk {
    tool: String,
    step: u32,
    approver: Arc<dyn Approver>,
    notes: Notes,
    redaction: Redaction,
    progress: std::sync::Mutex<Vec<Progress>>,
}

impl Desk {
    pub(super) fn new(
        tool: &GatedTool,
        step: u32,
        approver: Arc<dyn Approver>,
        notes: Notes,
        redaction: Redaction,
    ) -> Self {
        Self { tool: tool.full_name(), step, approver, notes, redaction, progress: std::sync::Mutex::default() }
    }

    /// Takes the last words on how far the call was.
    pub(super) fn take_progress(&self) -> Vec<Progress> {
        std::mem::take(&mut self.progress.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

#[async_trait]
impl CallSupport for Desk {
    fn progress(&self, stage: &str, completed: u32, total: Option<u32>) {
        let Ok(mut kept) = self.progress.lock() else { return };
        if kept.len() == PROGRESS {
            kept.remove(0);
        }
        let data = CanonicalJson::from_value(&serde_json::json!({ "completed": completed, "total": total })).ok();
        let mut progress = Progress { stage: cut_and_clean(stage.to_owned(), Limits::LOG_LINE_BYTES), data };
        self.redaction.clean(&mut progress);
        kept.push(progress.clone());
        drop(kept);
        self.notes.push(|| Event::Progress { step: self.step, tool: self.tool.clone(), progress });
    }

    async fn approve(&self, action: &str, details: &str) -> bool {
        let (mut action, mut details) = (action.to_owned(), details.to_owned());
        self.redaction.clean(&mut action);
        self.redaction.clean(&mut details);
        self.approver.confirm(&self.tool, &action, &details).await
    }
}

fn to_record(report: GuestReport) -> CallReport {
    let duration_us = u64::try_from(report.usage.duration.as_micros()).unwrap_or(u64::MAX);
    let used = Used {
        memory_bytes: report.usage.memory_peak,
        bytes_read: report.usage.read_bytes,
        bytes_written: report.usage.written_bytes,
        requests: report.usage.requests,
        bytes_sent: report.usage.sent_bytes,
        bytes_received: report.usage.received_bytes,
        ..Used::default()
    };
    let mut lines: Vec<String> =
        report.log.iter().filter(|line| line.level >= LogLevel::Info).map(|line| line.message.clone()).collect();
    lines.extend(report.stderr);
    lines.extend(report.detail);
    let wrote = report.written.into_iter();
    CallReport {
        drawn: report.drawn,
        wrote: wrote.map(|(mount, path, bytes, digest)| WrittenFile { mount, path, bytes, digest }).collect(),
        duration_us,
        waited_ms: u64::try_from(report.usage.waited.as_millis()).unwrap_or(u64::MAX),
        used,
        refusals: report.refusals,
        stderr: tail(lines),
        ..CallReport::new(report.outcome)
    }
}
