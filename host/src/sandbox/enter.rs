//! Into a guest and back: an instance on a sandbox thread, with all limits armed, watched from outside.

use std::sync::Arc;

use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use wasmtime::component::Instance;
use wasmtime::{Engine, Store, UpdateDeadline};

use super::Sandbox;
use super::clock::{CallClock, StopNow};
use super::component::CheckedComponent;
use super::limits::Limits;
use super::permits::Seat;
use super::state::{CallPlace, CallState};
use super::thread::Station;
use super::trap::{self, Ended};
use crate::capability::fs::Written;
use crate::error::Error;
use crate::message::{Failure, FailureKind};
use crate::plugin::RunKey;

/// What a guest is asked, inside its store.
pub(super) trait Work: Send + 'static {
    type Answer: Send + 'static;
    /// What the caller gets.
    type Report: Send + 'static;

    fn run(
        &self,
        store: &mut Store<CallState>,
        instance: &Instance,
    ) -> impl Future<Output = wasmtime::Result<Self::Answer>>;

    /// What the caller is told, still on the thread. What is left over is dropped there, once the caller is told.
    fn report(self, finished: Finished<Self::Answer>) -> (Self::Report, Option<Alive>);
}

/// A store, and the instance in it once there is one.
pub(super) struct Alive {
    pub(super) store: Store<CallState>,
    pub(super) instance: Option<Instance>,
}

impl Alive {
    /// A store without an instance.
    pub(super) fn fresh(engine: &Engine, state: CallState) -> Self {
        Self { store: Store::new(engine, state), instance: None }
    }
}

/// How work on a sandbox thread ended.
pub(super) struct Finished<A> {
    pub(super) answer: Result<A, Ended>,
    /// Why the clock said that the call had to stop, if it did.
    pub(super) stop: Option<StopNow>,
    /// Files that it changed, looked at on its thread: the kernel may block there.
    pub(super) written: Vec<Written>,
    /// What is left of the guest; after anything but an answer, fit only to be read.
    pub(super) alive: Alive,
}

/// Who enters: for whose turn, under which limits, and what ends it.
pub(super) struct Entering<'a> {
    pub(super) component: &'a CheckedComponent,
    pub(super) run: RunKey,
    pub(super) limits: Limits,
    pub(super) cancel: CancellationToken,
}

impl Sandbox {
    /// Runs work on a sandbox thread, in the instance that `alive` gives or in a fresh one, and watches it
    /// from here.
    pub(super) async fn enter<W: Work>(
        &self,
        entering: Entering<'_>,
        work: W,
        alive: impl FnOnce(&Engine, CallPlace) -> Alive + Send + 'static,
    ) -> Result<W::Report, Failure> {
        let Entering { component, run, limits, cancel } = entering;
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
        let job = move |station: &Station| {
            let _ticking = ticking;
            let place = CallPlace { clock: Arc::clone(&on_thread), lent, egress: Arc::clone(&station.egress) };
            let Alive { mut store, mut instance } = alive(&engine, place);
            arm(&mut store, &on_thread);
            let answer = station.runtime.block_on(async {
                tokio::select! {
                    biased;
                    answer = async {
                        let entered = match instance {
                            Some(kept) => kept,
                            None => *instance.insert(pre.instantiate_async(&mut store).await?),
                        };
                        work.run(&mut store, &entered).await
                    } => answer.map_err(Ended::Trapped),
                    stop = on_thread.until_stop() => Err(Ended::Stopped(stop)),
                }
            });
            let stop = on_thread.must_stop();
            let written = store.data().view.written();
            let (report, _left_over) =
                work.report(Finished { answer, stop, written, alive: Alive { store, instance } });
            // The caller may have gone.
            let _ = sender.send(report);
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
