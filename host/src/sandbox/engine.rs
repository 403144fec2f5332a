//! The engine: how components are compiled, and where their instances live.
//!
//! One per process. Every setting that decides what compiled code looks like is here, so that the
//! cache can be keyed on it.

use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use super::limits::Limits;
use crate::error::{Error, Result};

/// How many calls can be inside guests at once, with room for those that are being dropped.
const SLOTS: u32 = 64;

/// Makes the engine.
pub(super) fn new() -> Result<Engine> {
    Engine::new(&config()).map_err(|error| {
        Error::failed(format!("the WebAssembly engine does not start: {error:#}"))
            .hint("`looplet-host doctor` says what this machine lacks")
    })
}

fn config() -> Config {
    let mut config = Config::new();
    config
        .epoch_interruption(true)
        .max_wasm_stack(Limits::STACK_BYTES)
        // Room for the host functions, which run on the same stack.
        .async_stack_size(Limits::STACK_BYTES + (1 << 20))
        // What maps an address back to the component's text, and what unwinds through it, is for backtraces,
        // which nobody is shown: a sixth of compiled code that would only be read and hashed.
        .wasm_backtrace_max_frames(None)
        .generate_address_map(false)
        .native_unwind_info(false)
        .wasm_memory64(false)
        .wasm_multi_memory(false)
        .wasm_relaxed_simd(false)
        .wasm_component_model(true)
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool()));
    config
}

fn pool() -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(SLOTS)
        .total_core_instances(SLOTS * 8)
        .total_memories(SLOTS * 4)
        .total_tables(SLOTS * 8)
        .total_stacks(SLOTS)
        .max_core_instances_per_component(Limits::CORE_INSTANCES)
        .max_memories_per_component(Limits::MEMORIES)
        .max_tables_per_component(Limits::TABLES)
        .table_elements(Limits::TABLE_ELEMENTS)
        .max_memory_size(Limits::MEMORY_MAX_BYTES)
        .linear_memory_keep_resident(512 << 10)
        .table_keep_resident(64 << 10)
        .async_stack_keep_resident(64 << 10)
        .max_unused_warm_slots(SLOTS)
        .pagemap_scan(Enabled::Auto);
    pool
}
