//! How far one call reaches into one mount: whole trees, single files, and the way to them.

use super::path::MountPath;
use crate::need::FsMode;
use crate::origin::Origin;

/// The suffix and prefix of the one sibling name that an atomic write of a single file may use.
const SIBLING: (&str, &str) = (".", ".looplet-tmp");

/// Whether a reach covers a directory with all below it, or one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReachKind {
    /// The place and everything below it.
    Tree,
    /// One name. With `rw`, its temporary sibling too, so that writing can be atomic.
    File,
}

/// One place that a call may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach {
    /// Where.
    pub path: MountPath,
    /// How far.
    pub mode: FsMode,
    /// A tree or a file.
    pub kind: ReachKind,
    /// The line that cut it down to this; shown when something beside it is refused.
    pub origin: Option<Origin>,
}

/// What a call may do with a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Access {
    /// Nothing: it does not exist.
    None,
    /// Pass through it, see that it is there: it lies on the way to something.
    Pass,
    /// Look at it.
    Look,
    /// Change it.
    Change,
}

impl Reach {
    fn access(&self, place: &MountPath) -> Access {
        let given = if self.mode.is_writable() { Access::Change } else { Access::Look };
        match self.kind {
            ReachKind::Tree if self.path.covers(place) => given,
            ReachKind::File if self.path == *place => given,
            ReachKind::File if given == Access::Change && self.is_sibling(place) => given,
            ReachKind::Tree | ReachKind::File if place.covers(&self.path) => Access::Pass,
            ReachKind::Tree | ReachKind::File => Access::None,
        }
    }

    fn is_sibling(&self, place: &MountPath) -> bool {
        match (self.path.split(), place.split()) {
            (Some((own_parent, own)), Some((parent, name))) => own_parent == parent && name == sibling_of(own),
            _ => false,
        }
    }
}

/// The name beside a file under which an atomic write of it begins.
pub(super) fn sibling_of(name: &str) -> String {
    let (before, after) = SIBLING;
    format!("{before}{name}{after}")
}

/// The most that any of the places gives.
pub(super) fn access(reaches: &[Reach], place: &MountPath) -> Access {
    reaches.iter().map(|reach| reach.access(place)).max().unwrap_or(Access::None)
}

/// Whether the place is reached only as one named file (or its sibling), not as part of a tree.
pub(super) fn is_single_file(reaches: &[Reach], place: &MountPath) -> bool {
    !reaches.iter().any(|reach| reach.kind == ReachKind::Tree && reach.path.covers(place))
        && reaches.iter().any(|reach| reach.kind == ReachKind::File && reach.access(place) >= Access::Look)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach(path: &str, mode: FsMode, kind: ReachKind) -> Vec<Reach> {
        vec![Reach { path: MountPath::from_plain(path).expect("plain"), mode, kind, origin: None }]
    }

    fn at(reaches: &[Reach], path: &str) -> Access {
        access(reaches, &MountPath::from_plain(path).expect("plain"))
    }

    #[test]
    fn a_tree_gives_all_below_it_and_lets_pass_above_it() {
        let tree = reach("a/b", FsMode::ReadOnly, ReachKind::Tree);
        assert_eq!(at(&tree, "a/b/c/d"), Access::Look);
        assert_eq!(at(&tree, "a"), Access::Pass);
        assert_eq!(at(&tree, "."), Access::Pass);
        assert_eq!(at(&tree, "a/bc"), Access::None);
    }

    #[test]
    fn a_file_gives_its_name_and_with_rw_one_sibling() {
        let file = reach("src/a.rs", FsMode::ReadWrite, ReachKind::File);
        assert_eq!(at(&file, "src/a.rs"), Access::Change);
        assert_eq!(at(&file, "src/.a.rs.looplet-tmp"), Access::Change);
        assert_eq!(at(&file, "src/.b.rs.looplet-tmp"), Access::None);
        assert_eq!(at(&file, "src/a.rs/x"), Access::None);
        let file = reach("src/a.rs", FsMode::ReadOnly, ReachKind::File);
        assert_eq!(at(&file, "src/.a.rs.looplet-tmp"), Access::None);
    }
}
