//! The host's functions off WebAssembly: as if there were no run. For the tests of plugins.
//!
//! One function for one of the contract's interface `host`, with the same parameters, so that the
//! modules above need not know which of the two they call.

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::contract::bindings::looplet::plugin::host::Level;
use crate::contract::{Failure, FailureKind, StepView};

const MAX_KEY: usize = 256;
const MAX_STATE: usize = 1024 * 1024;

/// What the stand-in remembers for one thread.
#[derive(Default)]
pub(super) struct Memory {
    pub(super) log: Vec<(Level, String)>,
    pub(super) settings: Option<String>,
    pub(super) state: BTreeMap<String, String>,
    pub(super) steps: Vec<StepView>,
}

thread_local! {
    pub(super) static MEMORY: RefCell<Memory> = RefCell::default();
}

pub(super) fn log(level: Level, message: &str) {
    MEMORY.with_borrow_mut(|memory| memory.log.push((level, message.to_owned())));
}

pub(super) fn progress(_stage: &str, _completed: u32, _total: Option<u32>) {}

pub(super) fn cancelled() -> bool {
    false
}

pub(super) fn time_left() -> u32 {
    u32::MAX
}

pub(super) fn approve(_action: &str, _details: &str) -> bool {
    false
}

pub(super) fn settings() -> String {
    MEMORY.with_borrow(|memory| memory.settings.clone()).unwrap_or_else(|| "{}".to_owned())
}

pub(super) fn secret_exists(_name: &str) -> bool {
    false
}

pub(super) fn get_state(key: &str) -> Option<String> {
    MEMORY.with_borrow(|memory| memory.state.get(key).cloned())
}

pub(super) fn set_state(key: &str, value: Option<&str>) -> Result<(), Failure> {
    if key.len() > MAX_KEY {
        return Err(too_much(format!("a key of state has {MAX_KEY} bytes at most")));
    }
    MEMORY.with_borrow_mut(|memory| {
        let Some(value) = value else {
            memory.state.remove(key);
            return Ok(());
        };
        let others = memory.state.iter().filter(|(other, _)| *other != key);
        let kept: usize = others.map(|(key, value)| key.len() + value.len()).sum();
        if kept + key.len() + value.len() > MAX_STATE {
            return Err(too_much(format!("state has {MAX_STATE} bytes at most")));
        }
        memory.state.insert(key.to_owned(), value.to_owned());
        Ok(())
    })
}

fn too_much(message: String) -> Failure {
    Failure { kind: FailureKind::Validation, message, retriable: false, hint: None }
}

/// The functions of the contract's interface `history`.
pub(super) mod history {
    use super::MEMORY;
    use crate::contract::StepView;

    const MOST: u32 = 100;

    pub(in crate::host) fn steps(first: u32, limit: u32) -> Vec<StepView> {
        let limit = usize::try_from(limit.min(MOST)).unwrap_or_default();
        MEMORY.with_borrow(|memory| {
            memory.steps.iter().filter(|step| step.number >= first).take(limit).cloned().collect()
        })
    }

    pub(in crate::host) fn messages(_first: u32, _limit: u32) -> String {
        "[]".to_owned()
    }
}
