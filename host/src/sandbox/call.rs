//! One call: a fresh store on a sandbox thread, watched from outside.

use std::sync::Arc;
use std::time::Instant;

use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use wasmtime::component::Instance;
use wasmtime::{Store, UpdateDeadline};

use super::clock::{CallClock, StopNow};
use super::component::CheckedComponent;
use super::limits::Limits;
use super::permits::{Lent, Seat};
use super::state::CallState;
use super::trap::{self, Ended};
use super::{Description, Plugin, Sandbox, convert, describe, output};
use crate::capability::Authority;
use crate::capability::fs::Written;
use crate::error::{Error, Result};
use crate::message::{Failure, FailureKind, Outcome, ToolCall};
use crate::plugin::{CallContext, CallUsage, GuestReport, RunKey};

/// What a guest is asked, inside its store.
trait Work: Send + 'static {
    type Answer: Send + 'static;

    fn run(
        &self,
        store: &mut Store<CallState>,
        instance: &Instance,
    ) -> impl Future<Output = wasmtime::Result<Self::Answer>>;
}

/// What came back from a sandbox thread.
struct Finished<A> {
    answer: Result<A, Ended>,
    /// Why the clock said that the call had to stop, if it did.
    stop: Option<StopNow>,
    /// Files that it changed, looked at on its thread: the kernel may block there.
    written: Vec<Written>,
    state: CallState,
}

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
        let work = ToolWork { component: plugin.component.clone(), call: convert::to_call(call) };
        let run = context.run;
        let state = move |clock, lent| CallState::of_call(&authority, &limits, clock, context, lent);
        let started = Instant::now();
        let mut report = match self.enter(&plugin.component, run, work, limits, cancel, state).await {
            Ok(finished) => to_report(finished, &limits, |state| kept.commit(std::mem::take(&mut state.desk.kept))),
            Err(failure) => {
                let mut report = ended_early(failure, &limits);
                report.usage.duration = started.elapsed();
                report
            }
        };
        report.refusals = refusals.take();
        report
    }

    /// Asks a component who it is and what tools it has, in an instance with no authority.
    pub(super) async fn describe(&self, name: &str, component: &CheckedComponent) -> Result<Description> {
        let limits = Limits { memory_bytes: Limits::WISH_MEMORY_BYTES, ..Limits::SHIPPED };
        let work = DescribeWork { component: component.clone() };
        let state = move |clock, _| CallState::of_description(&limits, clock);
        let fault = |why: String| Error::usage(format!("plugin `{name}` does not describe itself: {why}"));
        let finished = self
            .enter(component, RunKey::unique(), work, limits, CancellationToken::new(), state)
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
                let (failure, _) = trap::to_failure(&ended, finished.stop, &limits, finished.state.memory.refused);
                // A panic in Rust ends with a note that helps nobody here.
                let mut last = finished.state.stderr.last_lines(2);
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

    /// Runs work in a fresh instance on a sandbox thread and watches it from here.
    async fn enter<W: Work>(
        &self,
        component: &CheckedComponent,
        run: RunKey,
        work: W,
        limits: Limits,
        cancel: CancellationToken,
        state: impl FnOnce(Arc<CallClock>, Lent) -> CallState + Send + 'static,
    ) -> Result<Finished<W::Answer>, Failure> {
        let cancelled = || Failure::new(FailureKind::Cancelled, "the call was cancelled before it began");
        let seat = tokio::select! {
            biased;
            () = cancel.cancelled() => return Err(cancelled()),
            permit = self.0.permits.acquire((run, component.digest()), limits.memory_bytes) => Seat::new(permit),
        };
        let lent = seat.guest_side();
        // The guest lives on its thread, whatever becomes of this future: dropping it stops the guest, and
        // the ticker goes on until the guest has stopped.
        let ticking = self.0.ticker.keep_ticking();
        let stop = cancel.child_token();
        let _stops_when_dropped = stop.clone().drop_guard();
        let clock = Arc::new(CallClock::start(limits.wall, stop));
        let (sender, mut answer) = oneshot::channel();
        let (on_thread, pre, engine) = (Arc::clone(&clock), component.pre().clone(), self.0.engine.clone());
        let job = move |runtime: &Runtime| {
            let _ticking = ticking;
            let mut store = Store::new(&engine, state(Arc::clone(&on_thread), lent));
            arm(&mut store, &on_thread);
            let answer = runtime.block_on(async {
                tokio::select! {
                    biased;
                    answer = async {
                        let instance = pre.instantiate_async(&mut store).await?;
                        work.run(&mut store, &instance).await
                    } => answer.map_err(Ended::Trapped),
                    stop = on_thread.until_stop() => Err(Ended::Stopped(stop)),
                }
            });
            let stop = on_thread.must_stop();
            let state = store.into_data();
            let written = state.view.written();
            // The caller may have gone.
            let _ = sender.send(Finished { answer, stop, written, state });
        };
        let no_thread = |error: Error| Failure::new(FailureKind::Execution, error.message());
        self.0.threads.run(Box::new(job)).map_err(no_thread)?;
        let late = async {
            clock.until_stop().await;
            tokio::time::sleep(Limits::GRACE).await;
        };
        tokio::select! {
            biased;
            finished = &mut answer => finished.map_err(|_| Failure::new(FailureKind::Execution, "the sandbox thread ended")),
            () = late => {
                self.0.threads.give_up_one();
                Err(match clock.must_stop() {
                    Some(StopNow::Cancelled) => Failure::new(FailureKind::Cancelled, "the call was cancelled"),
                    Some(StopNow::TimedOut) | None => trap::timeout(&limits),
                })
            }
        }
    }
}

/// Sets every limit of a store. The deadline is one tick: then the callback looks at the clock.
fn arm(store: &mut Store<CallState>, clock: &Arc<CallClock>) {
    store.limiter(|state| &mut state.memory);
    store.set_hostcall_fuel(Limits::HOST_CALL_BYTES);
    store.set_max_component_handles(Limits::HANDLES);
    store.set_epoch_deadline(1);
    let clock = Arc::clone(clock);
    store.epoch_deadline_callback(move |_| {
        Ok(match clock.must_stop() {
            Some(_) => UpdateDeadline::Interrupt,
            None => UpdateDeadline::Continue(1),
        })
    });
}

/// A tool is called.
struct ToolWork {
    component: CheckedComponent,
    call: super::bindings::looplet::plugin::common::ToolCall,
}

impl Work for ToolWork {
    type Answer =
        Result<super::bindings::looplet::plugin::common::ToolOutput, super::bindings::looplet::plugin::common::Failure>;

    async fn run(&self, store: &mut Store<CallState>, instance: &Instance) -> wasmtime::Result<Self::Answer> {
        let indices = self.component.tool().ok_or_else(|| wasmtime::format_err!("the plugin has no tools"))?;
        let tool = indices.load(&mut *store, instance)?;
        tool.call_call(store, &self.call).await
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

    async fn run(&self, store: &mut Store<CallState>, instance: &Instance) -> wasmtime::Result<Self::Answer> {
        let about = self.component.about().load(&mut *store, instance)?;
        let info = about.call_describe(&mut *store).await?;
        let tools = match self.component.tool() {
            Some(indices) => indices.load(&mut *store, instance)?.call_list_tools(store).await?,
            None => Vec::new(),
        };
        Ok((info, tools))
    }
}

fn to_report(
    finished: Finished<<ToolWork as Work>::Answer>,
    limits: &Limits,
    commit: impl FnOnce(&mut CallState),
) -> GuestReport {
    let Finished { answer, stop, written, mut state } = finished;
    let (outcome, detail) = match answer {
        Ok(answer) => {
            commit(&mut state);
            (output::outcome(answer, limits), None)
        }
        Err(ended) => {
            let (failure, detail) = trap::to_failure(&ended, stop, limits, state.memory.refused);
            (Outcome::Aborted(failure), detail)
        }
    };
    let usage = CallUsage {
        duration: state.clock.used(),
        waited: state.clock.waited(),
        memory_peak: state.memory.peak as u64,
        memory_limit: limits.memory_bytes as u64,
        read_bytes: state.view.usage().read_bytes(),
        written_bytes: state.view.usage().written_bytes(),
        printed_bytes: state.stdout.total() + state.stderr.total(),
    };
    GuestReport {
        outcome,
        detail,
        usage,
        refusals: Vec::new(),
        written: written.into_iter().map(|file| (file.mount, file.path, file.bytes, file.digest)).collect(),
        stderr: state.stderr.last_lines(Limits::STDERR_LINES),
        log: state.desk.log(),
    }
}

fn ended_early(failure: Failure, limits: &Limits) -> GuestReport {
    GuestReport {
        outcome: Outcome::Aborted(failure),
        detail: None,
        usage: CallUsage { memory_limit: limits.memory_bytes as u64, ..CallUsage::default() },
        refusals: Vec::new(),
        written: Vec::new(),
        stderr: Vec::new(),
        log: Vec::new(),
    }
}
