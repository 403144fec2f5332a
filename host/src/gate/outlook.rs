//! Whether a call would come to what it asks for: beyond the decision, what its arguments name and does not lie in
//! its reach, is masked, or is not there.
//!
//! Which arguments are paths and addresses is the plugin's word, so this is for people to read and decides nothing.

use serde_json::Value;

use super::Gate;
use super::judge::{Judgement, Obstacle};
use super::named::{self, NamedPlace};
use super::tool::GatedTool;
use crate::capability::http::HttpTarget;
use crate::capability::{Cut, MountResolver, Reached, Resolved};
use crate::need::{Capability, FsMode, Place};
use crate::permission::{HttpPattern, MaskKind, PathFact, PathResolver as _};
use crate::plugin::ArgumentRole;
use crate::record::inert;

/// What is to be expected of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outlook {
    /// It would work, as far as the host can tell, with these bounds, one clause each.
    Works(Vec<String>),
    /// The same, once somebody agrees.
    Asks(Vec<String>),
    /// It would not, for these reasons, one clause each.
    Fails(Vec<String>),
}

impl Gate {
    /// What is to be expected of a call with these arguments. Nothing runs, and nobody is asked.
    pub fn outlook(&self, tool: &GatedTool, arguments: &Value, judgement: &Judgement) -> Outlook {
        let (mut reasons, mut bounds) = (Vec::new(), Vec::new());
        if self.redaction.holds(arguments) {
            // Whatever else is said of it may say them again.
            return Outlook::Fails(vec!["its arguments hold what `redact` keeps out of runs".to_owned()]);
        }
        if !tool.faults(arguments).is_empty() {
            reasons.push("its arguments do not fit".to_owned());
        }
        match judgement.obstacle() {
            Some(Obstacle::Denied) => reasons.push("it is denied".to_owned()),
            Some(Obstacle::Unfilled(unfilled)) => reasons.push(format!("it lacks `{}`", unfilled.need.capability)),
            Some(Obstacle::Ask) | None => {}
        }
        if let Ok(resolved) = &judgement.authority
            && tool.is_walled()
        {
            reasons.extend(resolved.reached.iter().filter(|reached| is_less(reached)).map(less));
            reasons.extend(self.beyond_paths(tool, arguments, resolved));
            reasons.extend(beyond_requests(tool, arguments, resolved));
            bounds.extend(methods_left(tool, arguments, resolved));
        }
        match judgement.obstacle() {
            _ if !reasons.is_empty() => Outlook::Fails(reasons),
            Some(Obstacle::Ask) => Outlook::Asks(bounds),
            _ => Outlook::Works(bounds),
        }
    }

    /// What is wrong with the paths that a call names, in the one mount that they could be in.
    fn beyond_paths(&self, tool: &GatedTool, arguments: &Value, resolved: &Resolved) -> Vec<String> {
        let mut mounts = tool.granted().mounts.values();
        let (Some(given), None) = (mounts.next(), mounts.next()) else { return Vec::new() };
        let resolver = MountResolver::new(&self.mounts);
        named::texts(tool, arguments, ArgumentRole::Path)
            .filter_map(|text| {
                let shown = inert(text);
                match resolver.resolve(given.mount.name(), text) {
                    PathFact::Refused { reason } => Some(format!("`{shown}` cannot be reached: {}", inert(&reason))),
                    PathFact::Resolved { path, exists } => {
                        let named = NamedPlace { pointer: String::new(), mount: given.mount.name().to_owned(), path };
                        self.beyond(&named, exists, resolved).map(|why| format!("`{shown}` {why}"))
                    }
                }
            })
            .collect()
    }

    fn beyond<'r>(&self, named: &NamedPlace, exists: bool, resolved: &'r Resolved) -> Option<String> {
        let covers = |reached: &'r Reached| Some((mode_of(&reached.place, named)?, reached));
        let widest = resolved.reached.iter().filter_map(covers).max_by_key(|(mode, _)| *mode);
        let Some((mode, reached)) = widest else { return Some("lies outside of what the call reaches".to_owned()) };
        let mount = self.mounts.iter().find(|mount| mount.name() == named.mount)?;
        match mount.masks().of(&named.path) {
            Some(hit) if hit.kind == MaskKind::Hidden => {
                Some(format!("is hidden ({}): it will not be found", hit.origin))
            }
            Some(hit) if mode.is_writable() => Some(format!("is read-only ({}): writes will fail", hit.origin)),
            // What is to be written need not be there.
            _ => (!exists && !mode.is_writable() && !is_less(reached)).then(|| "is not there".to_owned()),
        }
    }
}

/// Whether a tool that writes may only read there.
fn is_less(reached: &Reached) -> bool {
    reached.cuts.iter().any(|cut| matches!(cut, Cut::Grant | Cut::Mount))
}

fn less(reached: &Reached) -> String {
    format!("`{reached}` is less than it asks for: writes will fail")
}

/// How far a place of a mount is reached by what stands for another one.
fn mode_of(reached: &Place, named: &NamedPlace) -> Option<FsMode> {
    let Place::Fs { mount, path, mode } = reached else { return None };
    let is_below =
        || named.path.strip_prefix(path.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    (*mount == named.mount && (path == "." || is_below())).then_some(*mode)
}

/// What is wrong with the addresses that a call names.
fn beyond_requests(tool: &GatedTool, arguments: &Value, resolved: &Resolved) -> Vec<String> {
    let reach = &resolved.authority.http;
    let beyond = |text: &str| {
        let shown = inert(text);
        let target = match HttpTarget::parse("GET", text) {
            Ok(target) => target,
            Err(why) => return Some(format!("`{shown}` cannot be asked: {}", inert(&why))),
        };
        let (length, most) = (target.url().as_str().len(), tool.limits().http.url_bytes);
        if length > most {
            return Some(format!("`{shown}` has {length} bytes, and a URL may have {most}"));
        }
        let Some(addresses) = reach.addresses_of(&target) else {
            return Some(format!("`{shown}` lies outside of the requests that the call may send"));
        };
        let address = target.address().filter(|address| !addresses.permits(*address))?;
        Some(format!("`{shown}` leads to {address}, which is not public and not granted"))
    };
    named::texts(tool, arguments, ArgumentRole::Url).filter_map(beyond).collect()
}

/// By which methods the addresses that a call names may be asked, where its tool would ask by others too: which of
/// them it is, nobody but the tool knows.
fn methods_left(tool: &GatedTool, arguments: &Value, resolved: &Resolved) -> Vec<String> {
    let reach = &resolved.authority.http;
    let needs = tool.spec().needs.iter().filter_map(|need| match &need.capability {
        Capability::Http(patterns) => Some(patterns),
        _ => None,
    });
    let wanted: Vec<HttpPattern> = needs.flatten().filter_map(|text| HttpPattern::parse(text).ok()).collect();
    let left = |text: &str| {
        let target = HttpTarget::parse("GET", text).ok()?;
        let methods = reach.methods_to(&target)?;
        let is_beyond = |pattern: &HttpPattern| {
            let others = |wanted: &[String]| wanted.iter().any(|method| !methods.contains(method.as_str()));
            pattern.is_about(&target) && pattern.methods().is_none_or(others)
        };
        let names: Vec<String> = methods.iter().map(|method| format!("`{method}`")).collect();
        wanted.iter().any(is_beyond).then(|| format!("`{}` by {} alone", inert(text), names.join(", ")))
    };
    named::texts(tool, arguments, ArgumentRole::Url).filter_map(left).collect()
}
