//! The one sandbox of all tests, and the guests in it.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Duration;

use looplet_host::error::Result;
use looplet_host::sandbox::{Plugin, Sandbox};
use tokio::runtime::Runtime;

/// Nothing takes as long, even on a busy machine: what has not come back by then never will.
const NEVER: Duration = Duration::from_mins(2);

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a runtime"));
static SANDBOX: LazyLock<Sandbox> = LazyLock::new(|| Sandbox::new().expect("a sandbox"));
static PLUGINS: Mutex<Option<HashMap<&'static str, Plugin>>> = Mutex::new(None);

/// The sandbox that all tests share, as all calls of a process do.
pub fn sandbox() -> &'static Sandbox {
    &SANDBOX
}

/// Waits for what has to come back at all.
///
/// # Panics
/// If it does not.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    let came = RUNTIME.block_on(async { tokio::time::timeout(NEVER, future).await });
    came.expect("comes back at all")
}

/// Loads bytes as the plugin `guest`.
pub fn load(bytes: &[u8]) -> Result<Plugin> {
    block_on(sandbox().load("guest", bytes.to_vec()))
}

/// The guest of this path, compiled once.
///
/// # Panics
/// If it does not load.
pub fn plugin(path: &'static str) -> Plugin {
    let mut plugins = PLUGINS.lock().unwrap_or_else(PoisonError::into_inner);
    let plugins = plugins.get_or_insert_default();
    let loaded = plugins.entry(path).or_insert_with(|| {
        let bytes = std::fs::read(path).expect("is built");
        // On a thread of its own: the first to ask may stand inside the runtime already.
        let loaded = std::thread::scope(|scope| scope.spawn(|| load(&bytes)).join()).expect("does not panic");
        loaded.unwrap_or_else(|error| panic!("{}", error.report()))
    });
    loaded.clone()
}
