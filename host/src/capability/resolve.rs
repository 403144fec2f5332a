//! Where paths in arguments lead, found with the same walk that a guest's own paths take.
//!
//! One resolver serves one call: the same question gets the same answer, even if the disk changes.

use std::cell::RefCell;
use std::collections::HashMap;

use super::fs::Mount;
use crate::permission::{PathFact, PathResolver};

/// Resolves paths inside mounts. Remembers every answer.
#[derive(Debug)]
pub struct MountResolver<'a> {
    mounts: &'a [Mount],
    answers: RefCell<HashMap<(String, String), PathFact>>,
}

impl<'a> MountResolver<'a> {
    /// A resolver over the operator's mounts.
    pub fn new(mounts: &'a [Mount]) -> Self {
        Self { mounts, answers: RefCell::default() }
    }

    fn find(&self, mount: &str, text: &str) -> PathFact {
        let refused = |reason: &str| PathFact::Refused { reason: reason.to_owned() };
        let Some(mount) = self.mounts.iter().find(|known| known.name() == mount) else {
            return refused("there is no such mount");
        };
        if text.contains('\0') {
            return refused("it holds a NUL");
        }
        let Some(relative) = inside(mount, text) else {
            return refused("it is an absolute path outside of the mount");
        };
        match mount.locate(relative) {
            Ok((place, exists)) => PathFact::Resolved { path: place.to_string(), exists },
            Err(reason) => PathFact::Refused { reason },
        }
    }
}

impl PathResolver for MountResolver<'_> {
    fn resolve(&self, mount: &str, text: &str) -> PathFact {
        let key = (mount.to_owned(), text.to_owned());
        if let Some(known) = self.answers.borrow().get(&key) {
            return known.clone();
        }
        let fact = self.find(mount, text);
        self.answers.borrow_mut().insert(key, fact.clone());
        fact
    }
}

/// The part of a path that lies in the mount: relative paths as they are, `/NAME/…` and the mount's own
/// host path cut off. None for other absolute paths.
fn inside<'t>(mount: &Mount, text: &'t str) -> Option<&'t str> {
    if !text.starts_with('/') {
        return Some(if text.is_empty() { "." } else { text });
    }
    let host_path = mount.host_path().to_str().unwrap_or_default().trim_end_matches('/');
    let guest_path = format!("/{}", mount.name());
    [guest_path.as_str(), host_path].into_iter().filter(|root| root.len() > 1).find_map(|root| {
        match text.strip_prefix(root)?.trim_start_matches('/') {
            "" => Some("."),
            rest if text.as_bytes().get(root.len()) == Some(&b'/') => Some(rest),
            _ => None,
        }
    })
}
