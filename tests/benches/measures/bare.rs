//! The floor: Wasmtime called by hand, with the engine's settings and limits of the sandbox and nothing else.
//!
//! Written out a second time on purpose. What a call costs beside this is what the host adds: a gate, a
//! filesystem of its own, a thread. Settings that decide on speed must follow `host/src/sandbox/engine.rs`.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Instant;

use looplet_host::sandbox::Limits;
use wasmtime::component::types::{ComponentFunc, ComponentItem};
use wasmtime::component::{Component, InstancePre, Linker, ResourceTable, Val};
use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Store, StoreContextMut, StoreLimits,
    StoreLimitsBuilder, UpdateDeadline,
};
use wasmtime_wasi::{FsPerms, WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};

use exports::looplet::plugin::tool::GuestIndices;
use looplet::plugin::common::ToolCall;

wasmtime::component::bindgen!({
    path: "../wit",
    world: "tool-plugin",
    exports: { default: async },
});

/// A tool that is called without a host.
pub(crate) struct Bare {
    engine: Engine,
    pre: InstancePre<State>,
    tool: GuestIndices,
    /// Given to every call as `/workspace`.
    workspace: Option<PathBuf>,
}

struct State {
    table: ResourceTable,
    wasi: WasiCtx,
    limits: StoreLimits,
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl Bare {
    /// Compiles a component.
    pub(crate) fn new(component: &[u8], workspace: Option<&Path>) -> Self {
        let engine = Engine::new(&config()).expect("starts");
        let component = Component::new(&engine, component).expect("compiles");
        let mut linker = Linker::new(&engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker).expect("is linked");
        refuse_contract(&mut linker, &engine, &component);
        let pre = linker.instantiate_pre(&component).expect("has its imports");
        let tool = GuestIndices::new(&pre).expect("has tools");
        Self { engine, pre, tool, workspace: workspace.map(Path::to_owned) }
    }

    /// One call in a fresh store, all limits set.
    pub(crate) async fn call(&self, tool: &str, arguments: &str) {
        let mut store = Store::new(&self.engine, self.state());
        Self::arm(&mut store);
        let instance = self.pre.instantiate_async(&mut store).await.expect("is instantiated");
        let guest = self.tool.load(&mut store, &instance).expect("is found");
        let call = ToolCall { id: "call-1".to_owned(), tool: tool.to_owned(), arguments: arguments.to_owned() };
        let answer = guest.call_call(&mut store, &call).await.expect("does not trap");
        assert!(answer.is_ok(), "`{tool}` does not succeed: {answer:?}");
    }

    fn state(&self) -> State {
        let mut wasi = WasiCtxBuilder::new();
        wasi.allow_blocking_current_thread(true).allow_tcp(false).allow_udp(false).allow_ip_name_lookup(false);
        if let Some(workspace) = &self.workspace {
            wasi.preopened_dir(workspace, "/workspace", FsPerms::ReadOnly).expect("is opened");
        }
        let limits = StoreLimitsBuilder::new()
            .memory_size(Limits::SHIPPED.memory_bytes)
            .table_elements(Limits::TABLE_ELEMENTS)
            .instances(Limits::CORE_INSTANCES as usize)
            .memories(Limits::MEMORIES as usize)
            .tables(Limits::TABLES as usize)
            .build();
        let mut table = ResourceTable::new();
        table.set_max_capacity(Limits::HANDLES);
        State { table, wasi: wasi.build(), limits }
    }

    fn arm(store: &mut Store<State>) {
        store.limiter(|state| &mut state.limits);
        store.set_hostcall_fuel(Limits::HOST_CALL_BYTES);
        store.set_max_component_handles(Limits::HANDLES);
        store.set_epoch_deadline(1);
        let end = Instant::now() + Limits::SHIPPED.wall;
        store.epoch_deadline_callback(move |_| {
            Ok(if Instant::now() < end { UpdateDeadline::Continue(1) } else { UpdateDeadline::Interrupt })
        });
    }

    /// Ticks until dropped, as the sandbox does while calls run.
    pub(crate) fn tick(&self) -> Ticking {
        let (stop, engine) = (Arc::new(AtomicBool::new(false)), self.engine.clone());
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                std::thread::sleep(Limits::TICK);
                engine.increment_epoch();
            }
        });
        Ticking { stop, thread: Some(thread) }
    }
}

/// A thread that ticks.
pub(crate) struct Ticking {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Ticking {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().map(JoinHandle::join);
    }
}

/// The host's own functions: there, because a component may name them, and never called.
fn refuse_contract(linker: &mut Linker<State>, engine: &Engine, component: &Component) {
    for (name, item) in component.component_type().imports(engine) {
        let ComponentItem::ComponentInstance(interface) = item.ty else { continue };
        if !name.starts_with("looplet:plugin/") {
            continue;
        }
        let mut offered = linker.instance(name).expect("is new");
        for (function, item) in interface.exports(engine) {
            if matches!(item.ty, ComponentItem::ComponentFunc(_)) {
                let refuse = |_: StoreContextMut<'_, State>, _: ComponentFunc, _: &[Val], _: &mut [Val]| {
                    Err(wasmtime::format_err!("not offered"))
                };
                offered.func_new(function, refuse).expect("is new");
            }
        }
    }
}

fn config() -> Config {
    let slots = 64;
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(slots)
        .total_core_instances(slots * 8)
        .total_memories(slots * 4)
        .total_tables(slots * 8)
        .total_stacks(slots)
        .max_core_instances_per_component(Limits::CORE_INSTANCES)
        .max_memories_per_component(Limits::MEMORIES)
        .max_tables_per_component(Limits::TABLES)
        .table_elements(Limits::TABLE_ELEMENTS)
        .max_memory_size(Limits::MEMORY_MAX_BYTES)
        .linear_memory_keep_resident(512 << 10)
        .table_keep_resident(64 << 10)
        .async_stack_keep_resident(64 << 10)
        .max_unused_warm_slots(slots)
        .pagemap_scan(Enabled::Auto);
    let mut config = Config::new();
    config
        .epoch_interruption(true)
        .max_wasm_stack(Limits::STACK_BYTES)
        .async_stack_size(Limits::STACK_BYTES + (1 << 20))
        .wasm_backtrace_max_frames(None)
        .wasm_component_model(true)
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    config
}
