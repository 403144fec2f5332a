//! The loop: a run is a stream of steps, driven by a pure state machine.
//!
//! [`machine`] decides what is next from the records so far; the driver does it and appends a record.
//! Models, tools and the journal are seen through three traits, [`AskModel`], [`Dispatch`] and [`Sink`].
//! Nothing here names Wasmtime, opens a file or looks at the environment. Waiting needs a tokio runtime
//! with its timer.

mod account;
mod ask;
mod blocking;
mod clock;
mod contain;
mod dispatch;
mod done;
mod driver;
mod event;
mod fold;
pub mod machine;
mod notes;
mod outcome;
mod owed;
mod result;
mod sink;
mod steering;
#[cfg(test)]
mod tests;
mod turn;

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;
use tokio_util::sync::CancellationToken;

use crate::error::{Error, Result};
use crate::hook::{HookChain, HookLog, StepView};
use crate::record::{Body, Chain, OnUnknown, Record, RunId, RunResumed, RunStarted, Step, Usage};
use crate::redaction::Redaction;

pub(crate) use contain::caught;

pub use account::Account;
pub use ask::{Announcement, Answer, AskModel, ModelFault, Question};
pub use blocking::BlockingRun;
pub(crate) use blocking::blocking_runtime;
pub use clock::{Clock, SystemClock};
pub use dispatch::{CallReport, Dispatch, Prepared, ReadyCall, Verdict};
pub use event::{Event, Events};
pub use fold::Fold;
pub use notes::Notes;
pub use outcome::{ExitRules, Outcome};
pub use result::NotDone;
pub use sink::{MemorySink, Sink};
pub use steering::Steering;
pub use turn::{Turn, TurnCall};

use driver::{Driver, Until};
use owed::Owed;

/// Is told of every record once it is written. Must not block.
pub trait Watch: Send + Sync {
    /// A record was written.
    fn record(&self, record: &Record);
}

/// What a run works with.
pub struct Parts {
    /// The model.
    pub model: Box<dyn AskModel>,
    /// The gate and the tools.
    pub dispatch: Arc<dyn Dispatch>,
    /// The hooks of the run.
    pub hooks: Arc<HookChain>,
    /// Where records go.
    pub sink: Box<dyn Sink>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Ends the run when it is cancelled. The run can be resumed.
    pub cancel: CancellationToken,
    /// Ends the run when it is cancelled, but lets the calls that run come to their end. The run can be resumed.
    pub rest: CancellationToken,
    /// Is told of every record.
    pub watch: Option<Arc<dyn Watch>>,
    /// What is kept out of the run.
    pub redaction: Redaction,
    /// What is told between steps.
    pub notes: Notes,
    /// Whether the journal is left to look at; the last line then says how.
    pub is_kept: bool,
    /// Who pays for the run reads here what it spends.
    pub account: Option<Account>,
}

impl Parts {
    /// A run on the machine's clock that keeps its records in memory and that nobody cancels or watches.
    pub fn new(model: Box<dyn AskModel>, dispatch: Arc<dyn Dispatch>) -> Self {
        Self {
            model,
            dispatch,
            hooks: Arc::default(),
            sink: Box::new(MemorySink::default()),
            clock: Arc::new(SystemClock::default()),
            cancel: CancellationToken::new(),
            rest: CancellationToken::new(),
            watch: None,
            redaction: Redaction::default(),
            notes: Notes::default(),
            is_kept: false,
            account: None,
        }
    }
}

/// A run: a lazy stream of steps.
///
/// Between two polls no model is asked and no tool runs. Dropping it stops everything that is under way
/// and leaves a journal that can be resumed, with the stop reason `stream_closed`.
pub struct Run {
    id: RunId,
    usage: Usage,
    is_touched: bool,
    close: CancellationToken,
    steering: Steering,
    notes: Notes,
    /// The calls of the turn that the caller has seen last.
    proposed: Vec<TurnCall>,
    work: Work,
}

enum Work {
    Resting(Box<Driver>),
    Driving(Pin<Box<dyn Future<Output = Box<Driver>> + Send>>),
    /// Only while the other two change places, and after a panic of the host itself.
    Gone,
}

impl Run {
    /// Begins a run: its first record is on disk when this returns. No model is asked yet.
    pub fn start(mut started: RunStarted, parts: Parts) -> Result<Self> {
        check(&started)?;
        parts.redaction.clean(&mut started);
        let mut about = About::for_hooks(&parts.hooks);
        about.read(&started);
        let fold = Fold::new(&started);
        Self::begin(fold, Chain::default(), about, Body::RunStarted(Box::new(started)), parts)
    }

    /// Goes on with a run from its records. `chain` is where its journal stands.
    ///
    /// Refused where the run is over, and where a call was begun whose end nobody knows, unless `resumed`
    /// says what becomes of it. Whether plugins and policy are as they were is for the caller to check.
    pub fn resume<'r>(
        records: impl IntoIterator<Item = &'r Record>,
        chain: Chain,
        resumed: RunResumed,
        parts: Parts,
    ) -> Result<Self> {
        let mut about = About { is_resumed: true, ..About::for_hooks(&parts.hooks) };
        let log = Arc::clone(&about.log);
        let owed = RefCell::<Owed>::default();
        let records = records.into_iter().inspect(|record| {
            about.take(record);
            owed.borrow_mut().take(record);
        });
        let fold = Fold::from_records_with(records, |step, run| {
            if !parts.hooks.is_empty() {
                let seen = StepView::of(step, format!("{run}-{}", step.number));
                log.push(&seen);
                owed.borrow_mut().end(seen);
            }
        })?;
        about.owed = owed.into_inner();
        check_resume(&fold, &resumed)?;
        parts.hooks.restore(fold.hooks());
        Self::begin(fold, chain, about, Body::RunResumed(Box::new(resumed)), parts)
    }

    fn begin(fold: Fold, chain: Chain, about: About, first: Body, parts: Parts) -> Result<Self> {
        let id = fold.state.run();
        let (close, notes) = (parts.cancel.child_token(), parts.notes.clone());
        let mut driver = Box::new(Driver::new(fold, chain, parts, close.clone()).about(&about.task, &about.model));
        driver.is_resumed = about.is_resumed;
        (driver.log, driver.owed) = (about.log, about.owed);
        // What goes wrong is kept by the driver, which then writes nothing more.
        let _ = driver.record(first).and_then(|()| driver.sync());
        if let Some(error) = driver.broken() {
            return Err(error.clone().context(format!("run {id} cannot begin")));
        }
        let usage = driver.fold.state.meter().usage();
        let steering = driver.steering.clone();
        Ok(Self {
            id,
            usage,
            is_touched: false,
            close,
            steering,
            notes,
            proposed: Vec::new(),
            work: Work::Resting(driver),
        })
    }

    /// Name of the run.
    pub fn id(&self) -> RunId {
        self.id
    }

    /// What was spent up to the last step that was taken.
    pub fn usage(&self) -> Usage {
        self.usage
    }

    /// Says something to the model before its next request; see [`Steering::steer`].
    pub fn steer(&self, text: impl Into<String>) -> Result<()> {
        self.steering.steer(text)
    }

    /// A hand for who does not hold the run itself: another task, a signal, a page.
    pub fn steering(&self) -> Steering {
        self.steering.clone()
    }

    /// Where the run stands; none while a step that was asked for is not there.
    pub fn fold(&self) -> Option<&Fold> {
        match &self.work {
            Work::Resting(driver) => Some(&driver.fold),
            Work::Driving(_) | Work::Gone => None,
        }
    }

    /// The next step; none when the run has stopped. May be dropped and called again: nothing is lost.
    pub async fn next(&mut self) -> Option<Step> {
        self.drive(Until::Step).await;
        self.take_step()
    }

    /// The model's next answer that calls tools, before its calls. None when the run has stopped. Steps
    /// of the turn before that were not taken are run first and can be had by [`Run::next`].
    pub async fn next_turn(&mut self) -> Option<Turn<'_>> {
        self.drive(Until::Turn).await;
        let Work::Resting(driver) = &mut self.work else { return None };
        if driver.is_over() {
            return None;
        }
        let (number, calls) = driver.fold.state.proposed()?;
        driver.shown_turn = number;
        self.proposed = calls.into_iter().map(|(step, call)| TurnCall::new(step, call)).collect();
        Some(Turn::new(self, number))
    }

    /// The outcome. A run of which no step was taken goes on to its end first; one that was left in the
    /// middle stops where it stands, with `stream_closed`.
    pub async fn finish(mut self) -> Outcome {
        if !self.is_touched {
            self.complete().await;
        }
        self.stop().await
    }

    /// Goes on to the end, whatever was taken before.
    async fn complete(&mut self) {
        while self.next().await.is_some() {}
    }

    async fn stop(mut self) -> Outcome {
        if matches!(self.work, Work::Driving(_)) {
            self.close.cancel();
            self.drive(Until::Step).await;
        }
        match &mut self.work {
            Work::Resting(driver) => {
                driver.close();
                driver.outcome()
            }
            Work::Driving(_) | Work::Gone => Outcome::gone(self.id),
        }
    }

    async fn drive(&mut self, until: Until) {
        poll_fn(|cx| self.poll_drive(until, cx)).await;
    }

    fn poll_drive(&mut self, until: Until, cx: &mut Context<'_>) -> Poll<()> {
        self.is_touched = true;
        if matches!(self.work, Work::Resting(_)) {
            let Work::Resting(mut driver) = std::mem::replace(&mut self.work, Work::Gone) else {
                return Poll::Ready(());
            };
            driver.touches.extend(self.proposed.iter_mut().filter_map(TurnCall::take_touch));
            self.work = Work::Driving(Box::pin(async move {
                driver.drive(until).await;
                driver
            }));
        }
        let Work::Driving(driving) = &mut self.work else { return Poll::Ready(()) };
        let Poll::Ready(driver) = driving.as_mut().poll(cx) else { return Poll::Pending };
        self.usage = driver.fold.state.meter().usage();
        self.work = Work::Resting(driver);
        Poll::Ready(())
    }

    fn take_step(&mut self) -> Option<Step> {
        match &mut self.work {
            Work::Resting(driver) => driver.take_step(),
            Work::Driving(_) | Work::Gone => None,
        }
    }
}

impl Stream for Run {
    type Item = Step;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Step>> {
        self.poll_drive(Until::Step, cx).map(|()| self.take_step())
    }
}

/// What hooks are told of a run that its state does not hold.
#[derive(Default)]
struct About {
    task: String,
    model: String,
    is_resumed: bool,
    log: Arc<HookLog>,
    owed: Owed,
}

impl About {
    fn for_hooks(hooks: &HookChain) -> Self {
        Self { log: Arc::new(HookLog::new(hooks.reads_history())), ..Self::default() }
    }

    fn take(&mut self, record: &Record) {
        if let Body::RunStarted(started) = &record.body {
            self.read(started);
        }
    }

    fn read(&mut self, started: &RunStarted) {
        started.task.clone_into(&mut self.task);
        started.model.clone_into(&mut self.model);
    }
}

/// What no run can begin with.
fn check(started: &RunStarted) -> Result<()> {
    if started.tools.is_empty() {
        return Err(Error::usage("the run has no tools").hint("name a plugin in `[plugins]` or with `--plugins DIR`"));
    }
    let mut names: Vec<&str> = started.tools.iter().map(|tool| tool.name.as_str()).collect();
    names.push(&started.done.name);
    names.sort_unstable();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(Error::usage(format!("two tools are called `{}`", pair[0]))
            .hint("give one of the plugins a `prefix` in `[plugins]`")),
        None => Ok(()),
    }
}

fn check_resume(fold: &Fold, resumed: &RunResumed) -> Result<()> {
    let run = fold.state.run();
    if let Some(reason) = fold.state.stopped().filter(|reason| reason.is_finished()) {
        let word = reason.as_str();
        return Err(Error::usage(format!("run {run} is over ({word}): there is nothing to resume"))
            .hint(format!("`looplet-host run --continue {run} \"…\"` starts a new run from it")));
    }
    match fold.state.begun().first() {
        Some(step) if resumed.on_unknown == OnUnknown::Stop => {
            let message = format!("step {step} was begun, and nobody knows whether it took effect");
            Err(Error::failed(message).hint("look, then resume with `--on-unknown retry` or `--on-unknown skip`"))
        }
        _ => Ok(()),
    }
}
