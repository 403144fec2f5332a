//! The intersection: what a tool needs, the operator grants, and the rules leave, for one call.
//!
//! Each part remembers the lines that gave or cut it, so that a prompt, a record and `explain` can say
//! why a call reaches what it reaches.

use std::fmt;
use std::sync::Arc;

use super::fs::{FileIdentity, MountPath, Preopen, Reach, ReachKind};
use super::grant::{Granted, GrantedMount};
use super::http::{AllowedHttp, HttpReach};
use super::secret::BoundSecret;
use crate::digest::Digest;
use crate::need::{Capability, FsMode, Need, Place};
use crate::origin::Origin;
use crate::permission::{HttpPattern, Narrowing};
use crate::refusal::RefusalLog;

/// Everything that one call holds. What is not in it does not exist for the guest.
///
/// The default is no authority at all. Clocks and random numbers come with every call: they tell
/// nothing and change nothing.
#[derive(Clone, Debug, Default)]
pub struct Authority {
    /// Directories and files.
    pub mounts: Vec<Preopen>,
    /// Environment variables with their values.
    pub env: Vec<(String, String)>,
    /// Requests.
    pub http: HttpReach,
    /// Where refusals of this call are noted.
    pub refusals: Arc<RefusalLog>,
}

/// An authority, and how it came about.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// What the call holds.
    pub authority: Authority,
    /// The same as plain values, with their lines.
    pub reached: Vec<Reached>,
    /// Optional needs that stayed empty.
    pub missing: Vec<Unfilled>,
}

/// One place that a call reaches, and the lines behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached {
    /// The place, by the operator's names.
    pub place: Place,
    /// Where that is, for people: on this machine, the origin that a secret goes to, or the addresses that requests
    /// may go to beside public ones.
    pub host_path: Option<String>,
    /// Which thing stands behind a directory's handle.
    pub identity: Option<FileIdentity>,
    /// The line that grants it.
    pub granted_by: Origin,
    /// That line does not name the tool: a person has to agree.
    pub ask_first: bool,
    /// What made it less than the tool asked for.
    pub cuts: Vec<Cut>,
}

/// Why a call reaches less than its tool asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// The grant is read-only.
    Grant,
    /// The mount is read-only.
    Mount,
    /// A rule or a hook narrows it.
    Rules,
    /// It is an address that no line opens.
    Address,
}

/// A need that nothing is left of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfilled {
    /// The need.
    pub need: Need,
    /// Whether something was granted, and rules left nothing of it.
    pub cut_by_rules: bool,
}

impl Authority {
    /// The intersection. The error is the first need that is required and stays empty.
    pub fn resolve(needs: &[Need], granted: &Granted, left: &Narrowing) -> Result<Resolved, Box<Unfilled>> {
        let mut resolved = Resolved { authority: Self::default(), reached: Vec::new(), missing: Vec::new() };
        for need in needs {
            let filled = match &need.capability {
                Capability::Fs { mount, mode } => resolved.add_mount(mount, *mode, granted, left),
                Capability::Env(names) => Ok(resolved.add_env(names, granted)),
                Capability::Http(patterns) => resolved.add_http(patterns, granted, left),
                Capability::Secret { .. } => Ok(resolved.add_secrets(&need.capability, granted)),
                // Nothing grants these yet, so nothing fills them.
                Capability::Process(_) | Capability::Model | Capability::Other { .. } => Ok(false),
            };
            let cut_by_rules = match filled {
                Ok(true) => continue,
                Ok(false) => false,
                Err(LeftNothing) => true,
            };
            let unfilled = Unfilled { need: need.clone(), cut_by_rules };
            if !need.optional {
                return Err(Box::new(unfilled));
            }
            resolved.missing.push(unfilled);
        }
        resolved.authority.http.keep_out(granted.leaks.clone());
        resolved.authority.http.drop_idle_secrets();
        resolved.forget_secrets();
        Ok(resolved)
    }
}

/// Rules left nothing of what was granted.
struct LeftNothing;

impl Resolved {
    fn add_mount(
        &mut self,
        word: &str,
        needed: FsMode,
        granted: &Granted,
        left: &Narrowing,
    ) -> Result<bool, LeftNothing> {
        let Some(GrantedMount { mount, mode, origin, ask_first }) = granted.mounts.get(word) else { return Ok(false) };
        let given = needed.min(*mode).min(mount.mode());
        let mut cuts = Vec::new();
        if *mode < needed {
            cuts.push(Cut::Grant);
        }
        if mount.mode() < needed.min(*mode) {
            cuts.push(Cut::Mount);
        }
        let whole = [(MountPath::root(), given)];
        let places: Vec<(MountPath, FsMode)> = match left.places(mount.name()) {
            None => whole.to_vec(),
            Some(places) => {
                cuts.push(Cut::Rules);
                let place = |place: &crate::permission::FsPlace| {
                    Some((MountPath::from_plain(&place.path)?, place.mode.min(given)))
                };
                places.iter().filter_map(place).collect()
            }
        };
        if places.is_empty() {
            return Err(LeftNothing);
        }
        let reaches = places.iter().flat_map(|(path, mode)| reaches_of(mount, path, *mode)).collect::<Vec<_>>();
        for (path, mode) in &places {
            self.reached.push(Reached {
                place: Place::Fs { mount: mount.name().to_owned(), path: path.to_string(), mode: *mode },
                host_path: Some(mount.host_path().join(path.as_str()).display().to_string()),
                identity: Some(mount.identity()),
                granted_by: origin.clone(),
                ask_first: *ask_first,
                cuts: cuts.clone(),
            });
        }
        self.merge(Preopen { guest_name: word.to_owned(), mount: mount.clone(), reaches });
        Ok(true)
    }

    /// Two needs of one mount give what either gives.
    fn merge(&mut self, preopen: Preopen) {
        let mounts = &mut self.authority.mounts;
        match mounts.iter_mut().find(|known| known.guest_name == preopen.guest_name) {
            Some(known) => known.reaches.extend(preopen.reaches),
            None => mounts.push(preopen),
        }
    }

    fn add_env(&mut self, names: &[String], granted: &Granted) -> bool {
        let mut any = false;
        for name in names {
            let Some(variable) = granted.env.get(name) else { continue };
            any = true;
            self.authority.env.push((name.clone(), variable.value.clone()));
            self.reached.push(Reached {
                place: Place::Env(name.clone()),
                host_path: None,
                identity: None,
                granted_by: variable.origin.clone(),
                ask_first: false,
                cuts: Vec::new(),
            });
        }
        any
    }

    /// What the tool asks for, some line grants, and rules leave.
    fn add_http(&mut self, needed: &[String], granted: &Granted, left: &Narrowing) -> Result<bool, LeftNothing> {
        let needed: Vec<HttpPattern> = needed.iter().filter_map(|text| HttpPattern::parse(text).ok()).collect();
        let (mut is_granted, mut is_left) = (false, false);
        for given in &granted.http {
            // What is granted of the web is less than what a tool asks for by its nature: no word on that.
            for both in needed.iter().filter_map(|need| need.intersect(&given.pattern)) {
                is_granted = true;
                let (patterns, cuts) = match left.requests() {
                    None => (vec![both], Vec::new()),
                    Some(kept) => {
                        self.authority.http.note_cut(both.clone());
                        (kept.iter().filter_map(|kept| both.intersect(kept)).collect(), vec![Cut::Rules])
                    }
                };
                for pattern in patterns {
                    is_left = true;
                    let left = given.cut_to(pattern);
                    let reached = reached_http(&left, cuts.clone());
                    if !self.reached.contains(&reached) {
                        self.reached.push(reached);
                    }
                    self.authority.http.push(left);
                }
            }
        }
        if is_granted && !is_left { Err(LeftNothing) } else { Ok(is_left) }
    }

    /// Secrets of that name and origin, `*` for any, that some line grants.
    fn add_secrets(&mut self, need: &Capability, granted: &Granted) -> bool {
        let is_wanted = |secret: &&BoundSecret| need.is_secret(&secret.name, &secret.to.to_string());
        let mut any = false;
        for secret in granted.secrets.iter().filter(is_wanted) {
            any = true;
            if self.authority.http.secret_names().any(|known| known == secret.name) {
                continue;
            }
            self.authority.http.push_secret(secret.clone());
            self.reached.push(Reached {
                place: Place::Secret(secret.name.clone()),
                host_path: Some(secret.to.to_string()),
                identity: None,
                granted_by: secret.origin.clone(),
                ask_first: false,
                cuts: Vec::new(),
            });
        }
        any
    }

    /// Says no more of secrets that the call does not hold.
    fn forget_secrets(&mut self) {
        let http = &self.authority.http;
        let is_held = |name: &str| http.secret_names().any(|held| held == name);
        self.reached.retain(|reached| !matches!(&reached.place, Place::Secret(name) if !is_held(name)));
    }

    /// Takes away the variables and secrets that are not among these.
    pub fn keep_only(&mut self, kept: &[Place]) {
        let is_kept = |place: Place| kept.contains(&place);
        self.authority.env.retain(|(name, _)| is_kept(Place::Env(name.clone())));
        self.authority.http.keep_secrets(|name| is_kept(Place::Secret(name.to_owned())));
        self.reached.retain(|reached| match &reached.place {
            Place::Env(_) | Place::Secret(_) => kept.contains(&reached.place),
            _ => true,
        });
    }

    /// Whether the call can change nothing: no place to write, no network, process or secret.
    pub fn changes_nothing(&self) -> bool {
        self.reached.iter().all(|reached| looks(&reached.place))
    }

    /// Whether doing the call twice does no more than once: it changes nothing, or only looks on the web.
    pub fn is_repeatable(&self) -> bool {
        let mut web = self.authority.http.iter();
        let is_fit = |place: &Place| matches!(place, Place::Http(_) | Place::Env(_)) || looks(place);
        web.all(|allowed| allowed.pattern.only_looks()) && self.reached.iter().all(|reached| is_fit(&reached.place))
    }

    /// The digest of what the call reaches, device and inode of its handles included.
    pub fn digest(&self) -> Digest {
        let lines: Vec<String> = self.reached.iter().map(Reached::bound).collect();
        Digest::of_parts(lines.iter().map(String::as_bytes))
    }
}

/// The place; of a secret also where it goes.
impl fmt::Display for Reached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.place)?;
        match (&self.place, &self.host_path) {
            (Place::Secret(_), Some(origin)) => write!(f, " for {origin}"),
            (Place::Http(_), Some(addresses)) => write!(f, ", at {addresses}"),
            _ => Ok(()),
        }
    }
}

impl Reached {
    /// What an approval of it is bound to.
    fn bound(&self) -> String {
        let to = self.host_path.as_deref().filter(|_| matches!(self.place, Place::Secret(_) | Place::Http(_)));
        format!("{:?} {:?} {to:?}", self.place, self.identity)
    }
}

fn looks(place: &Place) -> bool {
    match place {
        Place::Fs { mode, .. } => !mode.is_writable(),
        Place::Env(_) => true,
        Place::Http(_) | Place::Secret(_) | Place::Process(_) | Place::Model | Place::Other(_) => false,
    }
}

fn reached_http(left: &AllowedHttp, mut cuts: Vec<Cut>) -> Reached {
    if left.is_barred() {
        cuts.push(Cut::Address);
    }
    Reached {
        place: Place::Http(left.pattern.to_string()),
        host_path: left.addresses.in_words(),
        identity: None,
        granted_by: left.origin.clone(),
        ask_first: false,
        cuts,
    }
}

/// A directory is reached with all below it. A file is reached by its name alone. What is not there yet
/// may become either.
fn reaches_of(mount: &super::fs::Mount, path: &MountPath, mode: FsMode) -> Vec<Reach> {
    let reach = |kind| Reach { path: path.clone(), mode, kind, origin: None };
    match mount.is_dir(path) {
        Some(true) => vec![reach(ReachKind::Tree)],
        Some(false) => vec![reach(ReachKind::File)],
        None => vec![reach(ReachKind::Tree), reach(ReachKind::File)],
    }
}

#[cfg(test)]
mod tests {
    use super::super::http::{AddressPolicy, HttpTarget};
    use super::*;

    /// Whether a tool that needs `need`, is granted `grant` and is left `left` may ask this machine.
    fn reaches_this_machine(need: &str, grant: &str, left: Option<&str>) -> bool {
        let pattern = HttpPattern::parse(grant).expect("is a pattern");
        let granted = AllowedHttp::granted(pattern, AddressPolicy::default(), Origin::Program);
        let capability = Capability::Http(vec![need.to_owned()]);
        let needs = [Need { capability, optional: false, why: String::new() }];
        let left: Vec<Place> = left.map(|left| Place::Http(left.to_owned())).into_iter().collect();
        let granted = Granted { http: vec![granted], ..Granted::default() };
        let resolved = Authority::resolve(&needs, &granted, &Narrowing::from_places(&left)).expect("is not empty");
        let target = HttpTarget::parse("GET", "http://127.0.0.1:8080/a").expect("is a URL");
        let addresses = resolved.authority.http.permit(&target).expect("is about it");
        addresses.permits(target.address().expect("is an address"))
    }

    #[test]
    fn only_the_grant_opens_an_address_that_is_not_public() {
        let (open, here) = ("GET http://*:*/**", "GET http://127.0.0.1:8080/**");
        assert!(!reaches_this_machine(open, open, None));
        assert!(!reaches_this_machine(here, open, None), "a plugin that needs it opens it");
        assert!(!reaches_this_machine(open, open, Some(here)), "a rule or a hook that leaves it opens it");
        assert!(!reaches_this_machine(here, open, Some(here)));
        for (need, left) in [(open, None), (here, None), (open, Some(here)), (open, Some(open))] {
            assert!(reaches_this_machine(need, here, left));
        }
    }
}
