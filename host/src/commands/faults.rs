//! Tells the person, once, that a hook failed or wanted more than it may.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use looplet_host::agent::Watch;
use looplet_host::record::{HookVerdict, Record, cut, inert};

use super::print;

/// How much of a reason is shown.
const SHOWN: usize = 160;

/// Watches records for what hooks did wrong; holds what was said.
#[derive(Default)]
pub(crate) struct Faults(Mutex<BTreeSet<String>>);

impl Watch for Faults {
    fn record(&self, record: &Record) {
        for verdict in record.hooks() {
            let said = match verdict.verdict.split_once(": ") {
                _ if verdict.verdict == HookVerdict::FAULT => {
                    let why = cut(verdict.reason.as_deref().unwrap_or_default(), SHOWN);
                    format!("failed ({why}): it is not called again in this run")
                }
                Some((what, why)) => format!("wanted `{what}`, which was left out: {why}"),
                None => continue,
            };
            let key = format!("{} {}", verdict.hook, verdict.verdict);
            if self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key) {
                print::note(&format!("hook `{}` {said}", inert(&verdict.hook)));
            }
        }
    }
}
