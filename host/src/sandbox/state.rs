//! The data of one store: everything that one call has, and nothing that it has not.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use wasmtime::component::ResourceTable;
use wasmtime_wasi::random::Deterministic;
use wasmtime_wasi::{HostMonotonicClock, HostWallClock, WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtxView, WasiHttpView};

use super::capture::Capture;
use super::clock::CallClock;
use super::filesystem::FilesystemHost;
use super::http::HttpDesk;
use super::limits::Limits;
use super::memory::MemoryLimit;
use super::permits::Lent;
use crate::capability::Authority;
use crate::capability::fs::View;
use crate::capability::http::{Egress, HttpReach};
use crate::hook::History;
use crate::plugin::{CallContext, LogLevel, LogLine};

/// What a store holds.
pub(super) struct CallState {
    /// Dropped before the table, so that what was not finished does not look finished.
    pub(super) http: HttpDesk,
    pub(super) table: ResourceTable,
    wasi: WasiCtx,
    pub(super) view: Arc<View>,
    pub(super) memory: MemoryLimit,
    pub(super) clock: Arc<CallClock>,
    pub(super) stdout: Capture,
    pub(super) stderr: Capture,
    pub(super) desk: Desk,
    /// The place that the call lends out while it waits for a person; none while a plugin describes itself.
    pub(super) lent: Option<Lent>,
    /// What has happened in the run; for hooks alone.
    pub(super) history: Option<Arc<dyn History>>,
    /// Most bytes of an answer.
    pub(super) output_bytes: usize,
}

/// Where a call takes place: what its thread and its seat give it.
pub(super) struct CallPlace {
    pub(super) clock: Arc<CallClock>,
    pub(super) lent: Lent,
    pub(super) egress: Arc<Egress>,
}

/// The part behind the contract's `host` interface.
pub(super) struct Desk {
    /// None while a plugin describes itself.
    pub(super) context: Option<CallContext>,
    /// A copy of what the tool has kept, changed by this call.
    pub(super) kept: BTreeMap<String, String>,
    pub(super) log: Vec<LogLine>,
    /// Log lines that were not kept.
    pub(super) unheard: u64,
    pub(super) progress: u32,
    pub(super) questions: u32,
}

impl Desk {
    fn new(context: Option<CallContext>) -> Self {
        let kept = context.as_ref().map(|context| context.state.entries()).unwrap_or_default();
        Self { context, kept, log: Vec::new(), unheard: 0, progress: 0, questions: 0 }
    }

    /// What was logged since it was last asked. Where that was too much, the last line says how much more
    /// there was.
    pub(super) fn take_log(&mut self) -> Vec<LogLine> {
        let mut log = std::mem::take(&mut self.log);
        let unheard = std::mem::take(&mut self.unheard);
        if unheard > 0 {
            let message = format!("{unheard} more lines were dropped");
            log.push(LogLine { level: LogLevel::Warn, message });
        }
        log
    }
}

impl CallState {
    /// The state of a call of a tool.
    pub(super) fn of_call(authority: &Authority, limits: &Limits, context: CallContext, place: CallPlace) -> Self {
        let CallPlace { clock, lent, egress } = place;
        let mut wasi = closed();
        wasi.envs(&authority.env);
        let refusals = &authority.refusals;
        let view = View::new(authority.mounts.clone(), limits.fs, Arc::clone(refusals));
        let http = HttpDesk::new(authority.http.clone(), limits.http, egress, Arc::clone(refusals));
        Self { lent: Some(lent), ..Self::new(wasi, view, http, limits, clock, Some(context)) }
    }

    /// The state of one point of a hook.
    pub(super) fn of_hook(
        authority: &Authority,
        limits: &Limits,
        context: CallContext,
        place: CallPlace,
        history: Arc<dyn History>,
    ) -> Self {
        Self { history: Some(history), ..Self::of_call(authority, limits, context, place) }
    }

    /// The next point of a hook whose instance was kept: everything is counted anew, but for the memory
    /// and the handles that the instance holds.
    pub(super) fn begin_again(&mut self, again: Self) {
        self.view = again.view;
        self.http = again.http;
        self.clock = again.clock;
        self.desk = again.desk;
        self.lent = again.lent;
        self.history = again.history;
    }

    /// The state in which a plugin describes itself: no authority, the same time and chance every time.
    pub(super) fn of_description(limits: &Limits, clock: Arc<CallClock>) -> Self {
        let mut wasi = closed();
        wasi.wall_clock(Frozen)
            .monotonic_clock(Frozen)
            .secure_random(Deterministic::new(vec![0]))
            .insecure_random(Deterministic::new(vec![0]))
            .insecure_random_seed(0);
        let view = View::new(Vec::new(), limits.fs, Arc::default());
        let http = HttpDesk::new(HttpReach::default(), limits.http, Arc::default(), Arc::default());
        Self::new(wasi, view, http, limits, clock, None)
    }

    fn new(
        mut wasi: WasiCtxBuilder,
        view: View,
        http: HttpDesk,
        limits: &Limits,
        clock: Arc<CallClock>,
        context: Option<CallContext>,
    ) -> Self {
        let (stdout, stderr) = (Capture::default(), Capture::default());
        wasi.stdout(stdout.clone()).stderr(stderr.clone());
        let mut table = ResourceTable::new();
        table.set_max_capacity(Limits::HANDLES);
        Self {
            table,
            wasi: wasi.build(),
            view: Arc::new(view),
            http,
            memory: MemoryLimit::new(limits.memory_bytes),
            clock,
            stdout,
            stderr,
            desk: Desk::new(context),
            lent: None,
            history: None,
            output_bytes: limits.output_bytes,
        }
    }

    /// The filesystem part.
    pub(super) fn filesystem(&mut self) -> FilesystemHost<'_> {
        FilesystemHost { table: &mut self.table, view: &self.view }
    }
}

/// A WASI context without arguments, variables, input, directories or network. The builder is closed by
/// default; what is set here is only narrower.
fn closed() -> WasiCtxBuilder {
    let mut wasi = WasiCtxBuilder::new();
    wasi.allow_blocking_current_thread(true)
        .allow_tcp(false)
        .allow_udp(false)
        .allow_ip_name_lookup(false)
        .max_random_size(Limits::RANDOM_BYTES);
    wasi
}

impl WasiView for CallState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for CallState {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        self.http.view(&mut self.table)
    }
}

/// A clock that stands still.
struct Frozen;

impl HostWallClock for Frozen {
    fn resolution(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn now(&self) -> Duration {
        Duration::ZERO
    }
}

impl HostMonotonicClock for Frozen {
    fn resolution(&self) -> u64 {
        1
    }

    fn now(&self) -> u64 {
        0
    }
}
