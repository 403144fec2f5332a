//! One call: a fresh store on a sandbox thread, watched from outside.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use tokio_util::sync::CancellationToken;
use wasmtime::component::Instance;
use wasmtime::{Engine, Store};

use super::component::CheckedComponent;
use super::enter::{Alive, Entering, Finished, Work};
use super::limits::Limits;
use super::state::{CallPlace, CallState};
use super::trap;
use super::{Description, Plugin, Sandbox, convert, describe, output};
use crate::capability::Authority;
use crate::capability::fs::{Mount, drawn};
use crate::error::{Error, Result};
use crate::message::{Failure, FailureKind, Outcome, ToolCall};
use crate::plugin::{CallContext, CallUsage, GuestReport, RunKey};

impl Sandbox {
    /// Calls a tool with an authority, under limits. Never fails as such: the report says how it ended.
    ///
    /// Waits for a free thread and for memory first; that wait is not the call's time. Cancelling gives
    /// control back at once while the guest waits, within a tick while it computes, and after
    /// [`Limits::GRACE`] while the kernel holds it.
    pub async fn call(
        &self,
        plugin: &Plugin,
        call: &ToolCall,
        authority: Authority,
        limits: Limits,
        context: CallContext,
        cancel: CancellationToken,
    ) -> GuestReport {
        let size = call.arguments.as_str().len();
        if !Limits::fits_arguments(size) {
            let message = format!("the arguments are {size} bytes long, {} are allowed", Limits::ARGUMENT_BYTES);
            return ended_early(Failure::new(FailureKind::Validation, message), &limits);
        }
        let kept = context.state.clone();
        let refusals = Arc::clone(&authority.refusals);
        let mounts: Vec<Mount> = authority.mounts.iter().map(|preopen| preopen.mount.clone()).collect();
        let work = ToolWork { component: plugin.component.clone(), call: convert::to_call(call), limits };
        let run = context.run;
        let alive =
            move |engine: &Engine, place| Alive::fresh(engine, CallState::of_call(&authority, &limits, context, place));
        let entering = Entering { component: &plugin.component, run, limits, cancel };
        let started = Instant::now();
        let mut report = match self.enter(entering, work, alive).await {
            Ok((report, changed)) => {
                if let Some(changed) = changed {
                    kept.commit(changed);
                }
                report
            }
            Err(failure) => {
                let mut report = ended_early(failure, &limits);
                report.usage.duration = started.elapsed();
                report
            }
        };
        // Known here however it ended.
        report.refusals = refusals.take();
        report.drawn = drawn(&mounts);
        report
    }

    /// Asks a component who it is and what tools it has, in an instance with no authority.
    pub(super) async fn describe(&self, name: &str, component: &CheckedComponent) -> Result<Description> {
        let limits = Limits { memory_bytes: Limits::WISH_MEMORY_BYTES, ..Limits::SHIPPED };
        let work = DescribeWork { component: component.clone() };
        let alive = move |engine: &Engine, place: CallPlace| {
            Alive::fresh(engine, CallState::of_description(&limits, place.clock))
        };
        let (run, cancel) = (RunKey::unique(), CancellationToken::new());
        let fault = |why: String| Error::usage(format!("plugin `{name}` does not describe itself: {why}"));
        let finished = self
            .enter(Entering { component, run, limits, cancel }, work, alive)
            .await
            .map_err(|failure| fault(failure.message))?;
        match finished.answer {
            Ok((info, tools)) => {
                let wrong = |why: String| Error::usage(format!("plugin `{name}` {why}"));
                Ok(Description {
                    info: describe::info(info).map_err(wrong)?,
                    tools: describe::tools(tools).map_err(wrong)?,
                })
            }
            Err(ended) => {
                let state = finished.alive.store.into_data();
                let (failure, _) = trap::to_failure(&ended, finished.stop, &limits, state.memory.refused);
                // A panic in Rust ends with a note that helps nobody here.
                let mut last = state.stderr.last_lines(2);
                last.retain(|line| !line.starts_with("note: run with"));
                let last = last.pop();
                let error = fault(failure.message);
                Err(match last.or(failure.hint) {
                    Some(last) => error.hint(last),
                    None => error,
                })
            }
        }
    }
}

/// A tool is called.
struct ToolWork {
    component: CheckedComponent,
    call: super::bindings::looplet::plugin::common::ToolCall,
    limits: Limits,
}

impl Work for ToolWork {
    type Answer =
        Result<super::bindings::looplet::plugin::common::ToolOutput, super::bindings::looplet::plugin::common::Failure>;
    type Report = (GuestReport, Kept);

    async fn run(&self, store: &mut Store<CallState>, instance: &Instance) -> wasmtime::Result<Self::Answer> {
        let indices = self.component.tool().ok_or_else(|| wasmtime::format_err!("the plugin has no tools"))?;
        let tool = indices.load(&mut *store, instance)?;
        tool.call_call(store, &self.call).await
    }

    fn report(self, finished: Finished<Self::Answer>) -> (Self::Report, Option<Alive>) {
        let (report, left_over) = to_report(finished, &self.limits);
        (report, Some(left_over))
    }
}

/// A plugin is asked who it is.
struct DescribeWork {
    component: CheckedComponent,
}

impl Work for DescribeWork {
    type Answer = (
        super::bindings::exports::looplet::plugin::about::PluginInfo,
        Vec<super::bindings::exports::looplet::plugin::tool::ToolSpec>,
    );
    type Report = Finished<Self::Answer>;

    async fn run(&self, store: &mut Store<CallState>, instance: &Instance) -> wasmtime::Result<Self::Answer> {
        let about = self.component.about().load(&mut *store, instance)?;
        let info = about.call_describe(&mut *store).await?;
        let tools = match self.component.tool() {
            Some(indices) => indices.load(&mut *store, instance)?.call_list_tools(store).await?,
            None => Vec::new(),
        };
        Ok((info, tools))
    }

    fn report(self, finished: Finished<Self::Answer>) -> (Self::Report, Option<Alive>) {
        (finished, None)
    }
}

/// What a tool keeps; none if the call did not come to its end.
type Kept = Option<BTreeMap<String, String>>;

fn to_report(finished: Finished<<ToolWork as Work>::Answer>, limits: &Limits) -> ((GuestReport, Kept), Alive) {
    let Finished { answer, stop, mut alive, written } = finished;
    let state = alive.store.data_mut();
    let (outcome, detail, kept) = match answer {
        Ok(answer) => (output::outcome(answer, limits), None, Some(std::mem::take(&mut state.desk.kept))),
        Err(ended) => {
            let (failure, detail) = trap::to_failure(&ended, stop, limits, state.memory.refused);
            (Outcome::Aborted(failure), detail, None)
        }
    };
    // What is still on its way stays here, and what is counted is all.
    state.http.usage().end();
    let usage = CallUsage {
        duration: state.clock.used(),
        waited: state.clock.waited(),
        memory_peak: state.memory.peak as u64,
        memory_limit: limits.memory_bytes as u64,
        read_bytes: state.view.usage().read_bytes(),
        written_bytes: state.view.usage().written_bytes(),
        requests: state.http.usage().requests(),
        sent_bytes: state.http.usage().sent_bytes(),
        received_bytes: state.http.usage().received_bytes(),
        printed_bytes: state.stdout.total() + state.stderr.total(),
    };
    let report = GuestReport {
        outcome,
        detail,
        usage,
        refusals: Vec::new(),
        drawn: BTreeMap::new(),
        written: written.into_iter().map(|file| (file.mount, file.path, file.bytes, file.digest)).collect(),
        stderr: state.stderr.last_lines(Limits::STDERR_LINES),
        log: state.desk.take_log(),
    };
    ((report, kept), alive)
}

fn ended_early(failure: Failure, limits: &Limits) -> GuestReport {
    GuestReport {
        outcome: Outcome::Aborted(failure),
        detail: None,
        usage: CallUsage { memory_limit: limits.memory_bytes as u64, ..CallUsage::default() },
        refusals: Vec::new(),
        written: Vec::new(),
        drawn: BTreeMap::new(),
        stderr: Vec::new(),
        log: Vec::new(),
    }
}
