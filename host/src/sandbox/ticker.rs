//! The tick of the engine's epoch, by which computing guests are made to look at the clock.
//!
//! A thread of its own that ticks only while calls run, holds the engine weakly and ends when dropped.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;

use wasmtime::{Engine, EngineWeak};

use super::limits::Limits;
use crate::error::{Error, Result};

/// Ticks while a [`Ticking`] is alive.
#[derive(Debug)]
pub(super) struct Ticker {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    running_calls: usize,
    stopped: bool,
    /// The thread waits to be told. While it sleeps between two ticks, telling it would only cost.
    is_waiting: bool,
}

/// Keeps the ticker ticking until dropped.
#[derive(Debug)]
pub(super) struct Ticking(Arc<Shared>);

impl Ticker {
    pub(super) fn start(engine: &Engine) -> Result<Self> {
        let shared = Arc::new(Shared::default());
        let (on_thread, engine) = (Arc::clone(&shared), engine.weak());
        let thread = std::thread::Builder::new()
            .name("looplet-tick".to_owned())
            .spawn(move || on_thread.tick(&engine))
            .map_err(|error| Error::failed(format!("cannot start a thread: {error}")))?;
        Ok(Self { shared, thread: Some(thread) })
    }

    pub(super) fn keep_ticking(&self) -> Ticking {
        self.shared.change(|state| state.running_calls += 1);
        Ticking(Arc::clone(&self.shared))
    }
}

impl Shared {
    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut state);
        let is_waiting = state.is_waiting;
        drop(state);
        if is_waiting {
            self.changed.notify_one();
        }
    }

    fn tick(&self, engine: &EngineWeak) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        while !state.stopped {
            if state.running_calls == 0 {
                state.is_waiting = true;
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                state.is_waiting = false;
                continue;
            }
            drop(state);
            std::thread::sleep(Limits::TICK);
            let Some(engine) = engine.upgrade() else { return };
            engine.increment_epoch();
            drop(engine);
            state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Drop for Ticking {
    fn drop(&mut self) {
        self.0.change(|state| state.running_calls -= 1);
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.shared.change(|state| state.stopped = true);
        if let Some(thread) = self.thread.take() {
            // It sleeps for one tick at most.
            let _ = thread.join();
        }
    }
}
