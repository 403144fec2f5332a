//! What rules leave of mounts and requests: the algebra of places.
//!
//! A place is a path of a mount with everything below it, and how far it may be used. Places of one
//! rule add up; what several rules leave intersects. **A mount that a rule does not mention stays as
//! it is**: grants say which mounts a call has at all, a rule cuts only those that it speaks of, so
//! that two rules about two arguments in two mounts can both hold. An empty list closes a mount. Requests are the
//! same: patterns of one rule add up, those of several intersect, and an empty list closes them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::http_pattern::HttpPattern;
use crate::need::{FsMode, Place};

/// One path of a mount with everything below it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FsPlace {
    /// Relative to the mount, without `..`, `.` for all of it.
    pub path: String,
    /// At most how far it may be used; need and grant stand above it.
    pub mode: FsMode,
}

impl FsPlace {
    /// A place that may be used as far as need and grant go.
    pub fn new(path: impl Into<String>, mode: FsMode) -> Self {
        Self { path: path.into(), mode }
    }

    /// Whether that path is this place or below it.
    pub fn covers(&self, path: &str) -> bool {
        self.path == "."
            || path.strip_prefix(self.path.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    fn intersect(&self, other: &Self) -> Option<Self> {
        let deeper = if self.covers(&other.path) {
            other
        } else if other.covers(&self.path) {
            self
        } else {
            return None;
        };
        Some(Self { path: deeper.path.clone(), mode: self.mode.min(other.mode) })
    }
}

/// What is left of the mounts that are mentioned; mounts that are not stay as they are.
///
/// ```
/// use looplet_host::need::FsMode::{ReadOnly, ReadWrite};
/// use looplet_host::permission::{FsPlace, Narrowing};
/// let src = Narrowing::of("workspace", [FsPlace::new("src", ReadWrite)]);
/// let look = Narrowing::of("workspace", [FsPlace::new(".", ReadOnly)]);
/// let both = src.intersect(&look);
/// assert_eq!(both.mode_at("workspace", "src/a.rs"), Some(ReadOnly));
/// assert_eq!(both.mode_at("workspace", "build.rs"), None);
/// assert_eq!(both.mode_at("notes", "x"), Some(ReadWrite));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Narrowing {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    fs: BTreeMap<String, Vec<FsPlace>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    http: Option<Vec<HttpPattern>>,
}

impl Narrowing {
    /// Leaves everything as it is.
    pub fn none() -> Self {
        Self::default()
    }

    /// Leaves these places of one mount.
    pub fn of(mount: impl Into<String>, places: impl IntoIterator<Item = FsPlace>) -> Self {
        let mut narrowing = Self::none();
        narrowing.set(mount, places);
        narrowing
    }

    /// Leaves these places of the mounts that they are in, and these requests; what is neither is not looked at. A
    /// request that is no pattern is none.
    pub fn from_places(places: &[Place]) -> Self {
        let mut narrowing = Self::none();
        for place in places {
            match place {
                Place::Fs { mount, path, mode } => {
                    narrowing.fs.entry(mount.clone()).or_default().push(FsPlace::new(path, *mode));
                }
                Place::Http(pattern) => narrowing.http.get_or_insert_default().extend(HttpPattern::parse(pattern).ok()),
                Place::Env(_) | Place::Secret(_) | Place::Process(_) | Place::Model | Place::Other(_) => {}
            }
        }
        narrowing.fs.values_mut().for_each(|places| *places = tidy(std::mem::take(places)));
        narrowing
    }

    /// Leaves these requests, instead of what was said of them before.
    pub fn set_requests(&mut self, requests: Vec<HttpPattern>) {
        self.http = Some(requests);
    }

    /// What is left of requests; none if they stay as they are.
    pub fn requests(&self) -> Option<&[HttpPattern]> {
        self.http.as_deref()
    }

    /// Leaves these places of a mount, instead of what was said of it before.
    pub fn set(&mut self, mount: impl Into<String>, places: impl IntoIterator<Item = FsPlace>) {
        self.fs.insert(mount.into(), tidy(places.into_iter().collect()));
    }

    /// What both leave.
    pub fn intersect(&self, other: &Self) -> Self {
        let mut fs = self.fs.clone();
        for (mount, theirs) in &other.fs {
            let left = match self.fs.get(mount) {
                Some(ours) => tidy(ours.iter().flat_map(|a| theirs.iter().filter_map(|b| a.intersect(b))).collect()),
                None => theirs.clone(),
            };
            fs.insert(mount.clone(), left);
        }
        let http = match (&self.http, &other.http) {
            (None, requests) | (requests, None) => requests.clone(),
            (Some(ours), Some(theirs)) => Some(both(ours, theirs)),
        };
        Self { fs, http }
    }

    /// The same without a word on what it closes.
    pub(super) fn without_closed(&self) -> Self {
        let open = self.fs.iter().filter(|(_, places)| !places.is_empty());
        Self {
            fs: open.map(|(mount, places)| (mount.clone(), places.clone())).collect(),
            http: self.http.clone().filter(|requests| !requests.is_empty()),
        }
    }

    /// What is left of a mount; none if it stays as it is.
    pub fn places(&self, mount: &str) -> Option<&[FsPlace]> {
        self.fs.get(mount).map(Vec::as_slice)
    }

    /// The mounts that are mentioned, and what is left of each.
    pub fn mounts(&self) -> impl Iterator<Item = (&str, &[FsPlace])> {
        self.fs.iter().map(|(mount, places)| (mount.as_str(), places.as_slice()))
    }

    /// At most how far a path may be used; none if it may not be reached.
    pub fn mode_at(&self, mount: &str, path: &str) -> Option<FsMode> {
        match self.fs.get(mount) {
            None => Some(FsMode::ReadWrite),
            Some(places) => places.iter().filter(|place| place.covers(path)).map(|place| place.mode).max(),
        }
    }

    /// Whether everything stays as it is.
    pub fn is_none(&self) -> bool {
        self.fs.is_empty() && self.http.is_none()
    }

    /// As places of the contract.
    pub fn to_places(&self) -> Vec<Place> {
        let place = |mount: &str, place: &FsPlace| Place::Fs {
            mount: mount.to_owned(),
            path: place.path.clone(),
            mode: place.mode,
        };
        let places = self.mounts().flat_map(|(mount, places)| places.iter().map(move |p| place(mount, p)));
        places.chain(self.http.iter().flatten().map(|pattern| Place::Http(pattern.to_string()))).collect()
    }
}

/// The requests that are about one of each.
fn both(ours: &[HttpPattern], theirs: &[HttpPattern]) -> Vec<HttpPattern> {
    ours.iter().flat_map(|one| theirs.iter().filter_map(|other| one.intersect(other))).collect()
}

/// Sorts, and drops places inside others that reach as far.
fn tidy(mut places: Vec<FsPlace>) -> Vec<FsPlace> {
    places.sort();
    places.dedup();
    let covered = |place: &FsPlace| {
        places.iter().any(|other| other != place && other.covers(&place.path) && other.mode >= place.mode)
    };
    places.iter().filter(|place| !covered(place)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn narrowing() -> impl Strategy<Value = Narrowing> {
        let place = (
            prop_oneof![Just(".".to_owned()), "[ab](/[ab]){0,2}"],
            prop_oneof![Just(FsMode::ReadOnly), Just(FsMode::ReadWrite)],
        )
            .prop_map(|(path, mode)| FsPlace { path, mode });
        prop::collection::btree_map("[mn]", prop::collection::vec(place, 0..4), 0..3).prop_map(|mounts| {
            let fs = mounts.into_iter().map(|(mount, places)| (mount, tidy(places))).collect();
            Narrowing { fs, http: None }
        })
    }

    #[test]
    fn a_name_that_only_begins_alike_is_another_place() {
        let src = FsPlace::new("src", FsMode::ReadWrite);
        assert!(
            src.covers("src") && src.covers("src/a") && !src.covers("srcx") && !src.covers(".") && !src.covers("a/src")
        );
    }

    #[test]
    fn places_inside_wider_ones_are_dropped_unless_they_reach_further() {
        let places = tidy(vec![
            FsPlace::new("src/a", FsMode::ReadOnly),
            FsPlace::new("src", FsMode::ReadOnly),
            FsPlace::new("src/b", FsMode::ReadWrite),
            FsPlace::new("src", FsMode::ReadOnly),
        ]);
        assert_eq!(places, [FsPlace::new("src", FsMode::ReadOnly), FsPlace::new("src/b", FsMode::ReadWrite)]);
    }

    proptest! {
        #[test]
        fn the_intersection_reaches_exactly_what_both_reach(a in narrowing(), b in narrowing(), mount in "[mno]", path in "[ab](/[ab]){0,3}") {
            let both = a.intersect(&b);
            let expected = a.mode_at(&mount, &path).zip(b.mode_at(&mount, &path)).map(|(a, b)| a.min(b));
            prop_assert_eq!(both.mode_at(&mount, &path), expected);
        }

        #[test]
        fn the_order_of_intersecting_does_not_matter(a in narrowing(), b in narrowing(), c in narrowing()) {
            prop_assert_eq!(a.intersect(&b), b.intersect(&a));
            prop_assert_eq!(a.intersect(&b).intersect(&c), a.intersect(&b.intersect(&c)));
            prop_assert_eq!(&a.intersect(&a), &a);
        }
    }
}
