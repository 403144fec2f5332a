//! `[ceiling]` of the user's file: the most that a trusted project file may give.
//!
//! What is above is brought down with a note, so that one bold line does not make a project unusable.

use super::file::ConfigFile;
use super::layers::Note;
use super::sourced::Sourced;
use super::types::{Ceiling, GrantTable};
use crate::origin::Origin;
use crate::permission::{Decision, HttpPattern};

/// Brings a project file down to what the ceiling leaves.
pub(super) fn clamp(file: &mut ConfigFile, ceiling: &Ceiling, notes: &mut Vec<Note>) {
    clamp_modes(file, ceiling, notes);
    clamp_limits(file, ceiling, notes);
    clamp_names(file, ceiling, notes);
    clamp_requests(file, ceiling, notes);
    let budget = &mut file.budget;
    let most = &ceiling.budget;
    bound("budget.steps", &mut budget.steps, most.steps.as_ref(), notes);
    bound("budget.turns", &mut budget.turns, most.turns.as_ref(), notes);
    bound("budget.tokens", &mut budget.tokens, most.tokens.as_ref(), notes);
    bound("budget.active_s", &mut budget.active_s, most.active_s.as_ref(), notes);
    bound("budget.egress_kib", &mut budget.egress_kib, most.egress_kib.as_ref(), notes);
    bound("budget.money_usd", &mut budget.money_micro_usd, most.money_micro_usd.as_ref(), notes);
    if let Some(allow) = &ceiling.allow {
        for rule in file.rules.iter_mut().filter(|rule| rule.decision == Decision::Allow) {
            rule.within = Some(allow.clone());
        }
    }
}

fn clamp_modes(file: &mut ConfigFile, ceiling: &Ceiling, notes: &mut Vec<Note>) {
    for (name, mount) in &mut file.mounts {
        bound(&format!("mounts.{name}.mode"), &mut mount.mode, ceiling.mode.as_ref(), notes);
    }
    let Some(most) = &ceiling.mode else { return };
    for (table, _) in tables(file) {
        for mode in table.fs.values_mut() {
            *mode = (*mode).min(most.value);
        }
    }
}

/// What it gives, to tools and to hooks, and where.
fn tables(file: &mut ConfigFile) -> impl Iterator<Item = (&mut GrantTable, &Origin)> {
    let grants = file.grants.iter_mut().map(|grant| (&mut grant.table, &grant.origin));
    grants.chain(file.hooks.iter_mut().map(|hook| (&mut hook.grants, &hook.origin)))
}

fn clamp_limits(file: &mut ConfigFile, ceiling: &Ceiling, notes: &mut Vec<Note>) {
    let grants = file.grants.iter_mut().map(|grant| &mut grant.limits);
    for limits in grants.chain(file.hooks.iter_mut().map(|hook| &mut hook.limits)) {
        bound("limits.wall_ms", &mut limits.wall_ms, ceiling.wall_ms.as_ref(), notes);
        bound("limits.memory_mib", &mut limits.memory_mib, ceiling.memory_mib.as_ref(), notes);
        bound("limits.url_bytes", &mut limits.url_bytes, ceiling.url_bytes.as_ref(), notes);
        bound("limits.body_mib", &mut limits.body_mib, ceiling.body_mib.as_ref(), notes);
    }
}

/// Variables and secrets that the ceiling does not name are not given.
fn clamp_names(file: &mut ConfigFile, ceiling: &Ceiling, notes: &mut Vec<Note>) {
    for (table, origin) in tables(file) {
        keep_known("variable", &mut table.env, ceiling.env.as_ref(), origin, notes);
        keep_known("secret", &mut table.secrets, ceiling.secrets.as_ref(), origin, notes);
    }
}

/// Leaves the names that the ceiling knows; all of them where it says nothing.
fn keep_known(
    what: &str,
    names: &mut Vec<String>,
    known: Option<&Vec<String>>,
    origin: &Origin,
    notes: &mut Vec<Note>,
) {
    let Some(known) = known else { return };
    let (kept, cut): (Vec<_>, Vec<_>) = names.drain(..).partition(|name| known.contains(name));
    *names = kept;
    let message = |name: &String| format!("{what} `{name}` is above the ceiling of your own file and not given");
    notes.extend(cut.iter().map(|name| Note { message: message(name), origin: origin.clone() }));
}

/// Requests are brought down to those that both are about, networks to those inside the ceiling's.
fn clamp_requests(file: &mut ConfigFile, ceiling: &Ceiling, notes: &mut Vec<Note>) {
    for (table, origin) in tables(file) {
        let mut note = |what: &str| {
            let message = format!("{what} above the ceiling of your own file and brought down to it");
            notes.push(Note { message, origin: origin.clone() });
        };
        if let Some(most) = &ceiling.http {
            // An address that the ceiling alone names is granted by nobody.
            let is_fit = |both: &HttpPattern, written: &HttpPattern| {
                both.address().is_none_or(|address| written.address().is_some() || table.addresses.permits(address))
            };
            let both = |pattern: &HttpPattern| {
                let both = most.iter().filter_map(|most| pattern.intersect(most));
                both.filter(|both| is_fit(both, pattern)).collect::<Vec<_>>()
            };
            let left: Vec<HttpPattern> = table.http.iter().flat_map(both).collect();
            if left != table.http {
                note("`http` is");
                table.http = left;
            }
        }
        let Some(most) = &ceiling.addresses else { continue };
        if let Some(left) = table.addresses.cut_to(most) {
            note("`addresses` are");
            table.addresses = left;
        }
        // What names an address in place of a host opens it.
        let is_above = |pattern: &HttpPattern| pattern.address().is_some_and(|address| !most.permits(address));
        if table.http.iter().any(is_above) {
            note("an address in `http` is");
            table.http.retain(|pattern| !is_above(pattern));
        }
    }
}

fn bound<T: PartialOrd + Clone>(
    key: &str,
    value: &mut Option<Sourced<T>>,
    most: Option<&Sourced<T>>,
    notes: &mut Vec<Note>,
) {
    if let (Some(written), Some(most)) = (value.as_ref(), most)
        && written.value > most.value
    {
        notes.push(Note {
            message: format!("`{key}` is above the ceiling in {} and brought down to it", most.origin),
            origin: written.origin.clone(),
        });
        *value = Some(most.clone());
    }
}
