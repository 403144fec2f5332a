//! Tells the person, once, that a hook failed and what follows from it.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use looplet_host::agent::Watch;
use looplet_host::record::{HookVerdict, Record, cut, inert};

use crate::commands::print;

/// How much of a reason is shown.
const SHOWN: usize = 160;

/// Watches records for hooks that failed.
#[derive(Default)]
pub(super) struct Faults(Mutex<BTreeSet<String>>);

impl Watch for Faults {
    fn record(&self, record: &Record) {
        for verdict in record.hooks().iter().filter(|verdict| verdict.verdict == HookVerdict::FAULT) {
            let is_new = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(verdict.hook.clone());
            if is_new {
                let why = cut(verdict.reason.as_deref().unwrap_or_default(), SHOWN);
                print::note(&format!(
                    "hook `{}` failed ({why}): it is not called again in this run",
                    inert(&verdict.hook)
                ));
            }
        }
    }
}
