//! What the view lets through and what it does not, on real directories.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;

use tempfile::TempDir;

use super::{
    FsError, FsLimits, Handle, HandleKind, Mount, MountPath, MountSpec, OpenOptions, Preopen, Reach, ReachKind, View,
};
use crate::need::FsMode;
use crate::origin::Origin;
use crate::permission::{Mask, MaskKind, Masks, Tier};
use crate::refusal::{RefusalLog, RefusalReason};

const READ: OpenOptions = OpenOptions {
    follow: true,
    create: false,
    exclusive: false,
    truncate: false,
    directory: false,
    read: true,
    write: false,
};
const WRITE: OpenOptions = OpenOptions { write: true, ..READ };
const CREATE: OpenOptions = OpenOptions { create: true, truncate: true, write: true, read: false, ..READ };

/// A mount on a real directory, next to a file that must never be reached.
struct World {
    top: TempDir,
    masks: Vec<Mask>,
    mode: FsMode,
    reaches: Vec<Reach>,
    limits: FsLimits,
    refusals: Arc<RefusalLog>,
}

fn world() -> World {
    let top = TempDir::new().expect("a directory");
    fs::create_dir_all(top.path().join("in/src/deep")).expect("directories");
    fs::write(top.path().join("canary"), "outside").expect("a file");
    fs::write(top.path().join("in/src/a.rs"), "inside").expect("a file");
    fs::write(top.path().join("in/src/deep/b.rs"), "deep").expect("a file");
    World {
        top,
        masks: Vec::new(),
        mode: FsMode::ReadWrite,
        reaches: vec![tree(".", FsMode::ReadWrite)],
        limits: FsLimits::SHIPPED,
        refusals: Arc::default(),
    }
}

fn tree(path: &str, mode: FsMode) -> Reach {
    reach(path, mode, ReachKind::Tree)
}

fn reach(path: &str, mode: FsMode, kind: ReachKind) -> Reach {
    let origin = Some(Origin::line("looplet.toml", 9));
    Reach { path: MountPath::from_plain(path).expect("plain"), mode, kind, origin }
}

impl World {
    fn mask(mut self, pattern: &str, kind: MaskKind) -> Self {
        let origin = Origin::line("looplet.toml", 7);
        self.masks.push(Mask { pattern: pattern.to_owned(), kind, tier: Tier::Written, origin });
        self
    }

    fn reaching(mut self, reaches: Vec<Reach>) -> Self {
        self.reaches = reaches;
        self
    }

    fn read_only(mut self) -> Self {
        self.mode = FsMode::ReadOnly;
        self
    }

    fn path(&self, path: &str) -> std::path::PathBuf {
        self.top.path().join("in").join(path)
    }

    fn open(&self) -> (View, Handle) {
        let mount = Mount::open(MountSpec {
            name: "workspace".to_owned(),
            host_path: self.path("."),
            mode: self.mode,
            masks: Masks::new(self.masks.clone()).expect("masks"),
            quota_bytes: None,
            origin: Origin::flag("--workspace"),
        })
        .expect("a mount");
        let preopen = Preopen { guest_name: "workspace".to_owned(), mount, reaches: self.reaches.clone() };
        let view = View::new(vec![preopen], self.limits, Arc::clone(&self.refusals));
        let root = view.roots().expect("roots").swap_remove(0).0;
        (view, root)
    }

    /// The refusals as `operation target: reason`.
    fn refused(&self) -> Vec<String> {
        let line = |refusal: crate::refusal::Refusal| {
            let by = refusal.origin.map(|origin| format!(" ({origin})")).unwrap_or_default();
            format!("{} {}: {}{by}", refusal.operation, refusal.target, refusal.reason.as_str())
        };
        self.refusals.take().into_iter().map(line).collect()
    }
}

fn read(view: &View, root: &Handle, path: &str) -> Result<String, FsError> {
    let handle = view.open(root, path, READ)?;
    match handle.kind() {
        HandleKind::File(file) => Ok(String::from_utf8_lossy(&file.read_at(100, 0)?).into_owned()),
        HandleKind::Dir(_) => Err(FsError::IsDirectory),
    }
}

fn write(view: &View, root: &Handle, path: &str, text: &str) -> Result<(), FsError> {
    let handle = view.open(root, path, CREATE)?;
    match handle.kind() {
        HandleKind::File(file) => file.write_at(text.as_bytes(), 0),
        HandleKind::Dir(_) => Err(FsError::IsDirectory),
    }
}

fn names(view: &View, root: &Handle, path: &str) -> Vec<String> {
    let directory = view.open(root, path, READ).expect("opens");
    let mut names: Vec<_> = view.entries(&directory).expect("lists").into_iter().map(|entry| entry.name).collect();
    names.sort();
    names
}

fn said<T: std::fmt::Debug>(result: Result<T, FsError>) -> String {
    match result {
        Ok(value) => format!("ok {value:?}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn files_are_read_by_every_plain_spelling_of_their_path() {
    let world = world();
    let (view, root) = world.open();
    for path in ["src/a.rs", "./src//a.rs", "src/deep/../a.rs", "src/./a.rs"] {
        assert_eq!(said(read(&view, &root, path)), "ok \"inside\"", "{path}");
    }
    assert_eq!(world.refused(), Vec::<String>::new());
}

#[test]
fn no_path_leads_out_of_the_mount() {
    let world = world();
    let (view, root) = world.open();
    for path in ["../canary", "src/../../canary", "/canary", "src/../../in/src/a.rs", "..", "/"] {
        assert_eq!(said(read(&view, &root, path)), "not permitted", "{path}");
    }
    assert_eq!(said(read(&view, &root, "src/a\0.rs")), "invalid");
    assert_eq!(said(read(&view, &root, "")), "not found");
    assert_eq!(world.refused(), ["open workspace:/: leads out of the mount"]);
}

#[test]
fn no_link_leads_out_of_the_mount_however_it_is_spelled() {
    let world = world();
    symlink("../canary", world.path("out")).expect("a link");
    symlink("..", world.path("up")).expect("a link");
    symlink(world.top.path().join("canary"), world.path("absolute")).expect("a link");
    symlink("up", world.path("chain")).expect("a link");
    symlink("src/../../canary", world.path("winding")).expect("a link");
    let (view, root) = world.open();
    let ways = ["out", "out/", "up/canary", "up/", "absolute", "chain/canary", "winding", "src/../up/in/up/canary"];
    for path in ways {
        assert_eq!(said(read(&view, &root, path)), "not permitted", "{path}");
        assert_eq!(said(view.stat_at(&root, path, true)), "not permitted", "{path}");
        assert_eq!(said(write(&view, &root, path, "x")), "not permitted", "{path}");
    }
    assert_eq!(fs::read_to_string(world.top.path().join("canary")).expect("is there"), "outside");
}

#[test]
fn links_inside_the_mount_are_followed_to_their_place() {
    let world = world().mask("secret", MaskKind::Hidden);
    fs::create_dir(world.path("secret")).expect("a directory");
    fs::write(world.path("secret/key"), "hidden").expect("a file");
    symlink("src/a.rs", world.path("good")).expect("a link");
    symlink("secret/key", world.path("bad")).expect("a link");
    symlink("secret", world.path("worse")).expect("a link");
    symlink("loop", world.path("loop")).expect("a link");
    let (view, root) = world.open();
    assert_eq!(said(read(&view, &root, "good")), "ok \"inside\"");
    assert_eq!(said(read(&view, &root, "bad")), "not found");
    assert_eq!(said(read(&view, &root, "worse/key")), "not found");
    assert_eq!(said(read(&view, &root, "worse/../src/a.rs")), "not found");
    assert_eq!(said(read(&view, &root, "loop")), "too many symbolic links");
    assert_eq!(
        world.refused(),
        ["open workspace:/secret/key: hidden (looplet.toml:7)", "open workspace:/secret: hidden (looplet.toml:7)"]
    );
}

#[test]
fn what_is_hidden_does_not_exist_for_walkers_and_liars() {
    let world = world().mask(".env*", MaskKind::Hidden);
    fs::write(world.path(".env.local"), "token").expect("a file");
    let (view, root) = world.open();
    assert_eq!(names(&view, &root, "."), ["src"]);
    assert_eq!(said(read(&view, &root, ".env.local")), "not found");
    assert_eq!(said(read(&view, &root, ".ENV.local")), "not found");
    assert_eq!(said(view.stat_at(&root, ".env.local", false)), "not found");
    assert_eq!(said(write(&view, &root, ".env.new", "x")), "not found");
    assert_eq!(said(view.remove_file(&root, ".env.local")), "not found");
    assert_eq!(said(view.rename(&root, ".env.local", &root, "seen")), "not found");
    assert_eq!(said(view.hard_link(&root, ".env.local", &root, "seen")), "not found");
    assert_eq!(said(view.rename(&root, "src/a.rs", &root, ".env.mine")), "not found");
    assert_eq!(fs::read_to_string(world.path(".env.local")).expect("is there"), "token");
}

#[test]
fn what_is_read_only_cannot_be_changed_by_any_operation() {
    let world = world().mask("src", MaskKind::ReadOnly);
    let (view, root) = world.open();
    assert_eq!(said(read(&view, &root, "src/a.rs")), "ok \"inside\"");
    let denied = [
        said(view.open(&root, "src/a.rs", WRITE).map(drop)),
        said(view.open(&root, "src/a.rs", OpenOptions { truncate: true, ..READ }).map(drop)),
        said(write(&view, &root, "src/new", "x")),
        said(view.create_dir(&root, "src/new")),
        said(view.remove_file(&root, "src/a.rs")),
        said(view.remove_dir(&root, "src/deep")),
        said(view.rename(&root, "src/a.rs", &root, "b")),
        said(view.rename(&root, "src", &root, "other")),
        said(view.hard_link(&root, "src/a.rs", &root, "b")),
        said(view.symlink(&root, "a.rs", "src/link")),
        said(view.set_times_at(&root, "src/a.rs", true, None, None)),
    ];
    assert_eq!(denied, ["permission denied"; 11]);
    assert_eq!(fs::read_to_string(world.path("src/a.rs")).expect("is there"), "inside");
}

#[test]
fn a_read_only_mount_cannot_be_changed() {
    let world = world().read_only();
    let (view, root) = world.open();
    assert_eq!(said(read(&view, &root, "src/a.rs")), "ok \"inside\"");
    assert_eq!(said(write(&view, &root, "src/a.rs", "x")), "permission denied");
    assert_eq!(said(view.create_dir(&root, "new")), "permission denied");
    assert_eq!(
        world.refused(),
        [
            "open for writing workspace:/src/a.rs: read only (--workspace)",
            "create directory workspace:/new: read only (--workspace)"
        ]
    );
}

#[test]
fn renaming_a_directory_does_not_carry_a_mask_away() {
    let world = world().mask("src/deep/b.rs", MaskKind::Hidden).mask("goal/**", MaskKind::ReadOnly);
    fs::create_dir(world.path("free")).expect("a directory");
    fs::write(world.path("free/x"), "x").expect("a file");
    let (view, root) = world.open();
    assert_eq!(said(view.rename(&root, "src", &root, "moved")), "permission denied");
    assert_eq!(said(view.rename(&root, "free", &root, "goal")), "permission denied");
    assert_eq!(said(view.rename(&root, "free", &root, "moved")), "ok ()");
    assert_eq!(said(read(&view, &root, "moved/x")), "ok \"x\"");
}

#[test]
fn a_directory_that_was_renamed_is_found_anew_by_its_old_handle_or_not_at_all() {
    let world = world();
    let (view, root) = world.open();
    let deep = view.open(&root, "src/deep", READ).expect("opens");
    assert_eq!(said(view.rename(&root, "src", &root, "moved")), "ok ()");
    assert_eq!(said(read(&view, &deep, "b.rs").map_err(|_| FsError::NotFound)), "not found");
    assert_eq!(said(read(&view, &root, "moved/deep/b.rs")), "ok \"deep\"");
}

#[test]
fn a_narrowed_call_sees_its_places_and_the_way_to_them() {
    let world = world().reaching(vec![tree("src/deep", FsMode::ReadOnly)]);
    fs::write(world.path("notes"), "x").expect("a file");
    let (view, root) = world.open();
    assert_eq!(names(&view, &root, "."), ["src"]);
    assert_eq!(names(&view, &root, "src"), ["deep"]);
    assert_eq!(said(read(&view, &root, "src/deep/b.rs")), "ok \"deep\"");
    assert_eq!(said(read(&view, &root, "src/a.rs")), "not found");
    assert_eq!(said(read(&view, &root, "notes")), "not found");
    assert_eq!(said(write(&view, &root, "src/deep/b.rs", "x")), "permission denied");
    assert_eq!(
        world.refused(),
        [
            "open workspace:/src/a.rs: outside this call's reach (looplet.toml:9)",
            "open workspace:/notes: outside this call's reach (looplet.toml:9)",
            "open for writing workspace:/src/deep/b.rs: read only (looplet.toml:9)"
        ]
    );
}

#[test]
fn a_single_file_is_written_directly_or_by_its_sibling_and_nothing_beside_it() {
    let world = world().reaching(vec![reach("src/a.rs", FsMode::ReadWrite, ReachKind::File)]);
    let (view, root) = world.open();
    assert_eq!(said(write(&view, &root, "src/.a.rs.looplet-tmp", "new")), "ok ()");
    assert_eq!(said(view.rename(&root, "src/.a.rs.looplet-tmp", &root, "src/a.rs")), "ok ()");
    assert_eq!(fs::read_to_string(world.path("src/a.rs")).expect("is there"), "new");
    assert_eq!(said(write(&view, &root, "src/b.rs", "x")), "not found");
    assert_eq!(said(view.remove_file(&root, "src/deep/b.rs")), "not found");
    assert_eq!(names(&view, &root, "src"), ["a.rs"]);
}

#[test]
fn a_script_that_is_written_atomically_stays_executable() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = world();
    let mode = |path: &str| fs::metadata(world.path(path)).expect("is there").permissions().mode() & 0o777;
    fs::set_permissions(world.path("src/a.rs"), fs::Permissions::from_mode(0o755)).expect("sets");
    let (view, root) = world.open();
    assert_eq!(said(write(&view, &root, "src/.a.rs.looplet-tmp", "new")), "ok ()");
    assert_eq!(said(view.rename(&root, "src/.a.rs.looplet-tmp", &root, "src/a.rs")), "ok ()");
    assert_eq!(mode("src/a.rs"), 0o755);
}

#[test]
fn a_single_file_with_a_second_name_is_refused() {
    let world = world().reaching(vec![reach("src/a.rs", FsMode::ReadWrite, ReachKind::File)]);
    fs::hard_link(world.path("src/a.rs"), world.path("other")).expect("a link");
    let (view, root) = world.open();
    assert_eq!(said(read(&view, &root, "src/a.rs")), "permission denied");
    assert_eq!(said(write(&view, &root, "src/a.rs", "x")), "permission denied");
    assert_eq!(fs::read_to_string(world.path("other")).expect("is there"), "inside");
    assert_eq!(world.refused(), ["open workspace:/src/a.rs: has a second name"]);
}

#[test]
fn what_is_neither_file_nor_directory_is_not_opened_and_does_not_make_the_call_wait() {
    let world = world();
    let pipe = std::ffi::CString::new(world.path("pipe").to_str().expect("text")).expect("no NUL");
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0).expect("a pipe");
    let _socket = std::os::unix::net::UnixListener::bind(world.path("socket")).expect("a socket");
    let (view, root) = world.open();
    for path in ["pipe", "socket"] {
        assert_eq!(said(read(&view, &root, path)), "permission denied", "{path}");
        assert_eq!(said(write(&view, &root, path, "x")), "permission denied", "{path}");
    }
    assert_eq!(names(&view, &root, "."), ["pipe", "socket", "src"]);
}

#[test]
fn every_limit_of_files_holds() {
    let mut world = world();
    world.limits = FsLimits { written_bytes: 10, created_entries: 2, listed_entries: 4, open_files: 3 };
    let (view, root) = world.open();
    assert_eq!(said(write(&view, &root, "a", "12345678")), "ok ()");
    assert_eq!(said(write(&view, &root, "b", "123")), "no space left");
    assert_eq!(said(write(&view, &root, "c", "1")), "no space left");
    let handle = view.open(&root, "a", WRITE).expect("opens");
    let HandleKind::File(file) = handle.kind() else { panic!("is a file") };
    assert_eq!(said(file.set_size(1 << 40)), "no space left");
    assert_eq!(said(file.write_at(b"x", 1 << 40)), "no space left");
    assert_eq!(said(file.set_size(4)), "ok ()");
    let other = view.open(&root, "src/a.rs", READ).expect("opens");
    assert_eq!(said(view.open(&root, "src", READ).map(drop)), "too many");
    drop((handle, other));
    assert_eq!(names(&view, &root, "."), ["a", "b", "src"]);
    let src = view.open(&root, "src", READ).expect("opens");
    assert_eq!(said(view.entries(&src).map(|entries| entries.len())), "too many");
    assert!(world.refusals.take().iter().all(|refusal| refusal.reason == RefusalReason::Limit));
}

#[test]
fn links_that_guests_make_stay_in_the_mount() {
    let world = world();
    let (view, root) = world.open();
    assert_eq!(said(view.symlink(&root, "../src/a.rs", "src/link")), "ok ()");
    assert_eq!(said(read(&view, &root, "src/link")), "ok \"inside\"");
    for says in ["/etc/passwd", "../../canary", "../src/../../canary", ""] {
        assert_eq!(said(view.symlink(&root, says, "src/bad")), "not permitted", "{says}");
    }
    assert!(!Path::new(&world.path("src/bad")).exists());
}

#[test]
fn swapping_the_directory_under_the_mount_changes_nothing() {
    let world = world();
    let (view, root) = world.open();
    fs::rename(world.top.path().join("in"), world.top.path().join("aside")).expect("renames");
    symlink(world.top.path(), world.top.path().join("in")).expect("a link");
    assert_eq!(said(read(&view, &root, "canary")), "not found");
    assert_eq!(said(read(&view, &root, "src/a.rs")), "ok \"inside\"");
}
