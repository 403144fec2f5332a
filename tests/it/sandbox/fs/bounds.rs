//! What files may cost: bytes, entries, descriptors, waiting.

use expect_test::expect;
use looplet_tests::harness::{World, check};

use super::halt::halted;

#[test]
fn what_is_no_file_is_not_opened_and_nobody_waits_for_it() {
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    let world = World::new();
    mknodat(CWD, world.path("in/pipe"), FileType::Fifo, Mode::RWXU, 0).expect("a pipe");
    let _socket = std::os::unix::net::UnixListener::bind(world.path("in/socket")).expect("a socket");
    let world = world.link("pipe", "in/to-pipe").link("/dev/zero", "in/zero").link("/proc/self/environ", "in/environ");
    let came = world.probe(&[
        "read /workspace/pipe",
        "open /workspace/pipe w",
        "open /workspace/pipe rt",
        "read /workspace/to-pipe",
        "append /workspace/pipe x",
        "read /workspace/socket",
        "read /workspace/zero",
        "read /workspace/environ",
        "lstat /workspace/pipe",
        "unlink /workspace/pipe",
    ]);
    check(
        came,
        expect![[r#"
        read /workspace/pipe: access
        open /workspace/pipe w: access
        open /workspace/pipe rt: access
        read /workspace/to-pipe: access
        append /workspace/pipe x: access
        read /workspace/socket: access
        read /workspace/zero: not-permitted
        read /workspace/environ: not-permitted
        lstat /workspace/pipe: other
        unlink /workspace/pipe: ok
        refused open workspace:/pipe: neither a file nor a directory × 5
        refused open workspace:/socket: neither a file nor a directory
        refused open workspace:/zero: leads out of the mount
        refused open workspace:/environ: leads out of the mount"#]],
    );
}

#[test]
fn bytes_entries_listings_and_open_files_are_bounded() {
    let world = World::new().limits(|limits| {
        limits.written_bytes = 100;
        limits.created_entries = 5;
    });
    let came = world.probe(&[
        "write /workspace/a 12345678",
        "keep a /workspace/a rw",
        "write-at a 1000000000000 x",
        "write-at a 18446744073709551615 x",
        "write-at a 9223372036854775807 x",
        "read-at a 18446744073709551615",
        "read-at a 9223372036854775807",
        "set-size /workspace/a 1000000000000",
        "set-size /workspace/a 18446744073709551615",
        "set-size /workspace/a 90",
        "write-at a 89 xxxxxxxxxxxxxxx",
        "append /workspace/a xxxxxxxxxxxxxxx",
        "stat /workspace/a",
        "make-many /workspace/file 100",
        "mkdir /workspace/dir",
        "symlink a /workspace/link",
        "link /workspace/a /workspace/b",
    ]);
    check(
        came,
        expect![[r#"
            write /workspace/a 12345678: ok
            keep a /workspace/a rw: ok
            write-at a 1000000000000 x: insufficient-space
            write-at a 18446744073709551615 x: invalid
            write-at a 9223372036854775807 x: insufficient-space
            read-at a 18446744073709551615: invalid
            read-at a 9223372036854775807: invalid
            set-size /workspace/a 1000000000000: insufficient-space
            set-size /workspace/a 18446744073709551615: insufficient-space
            set-size /workspace/a 90: ok
            write-at a 89 xxxxxxxxxxxxxxx: insufficient-space
            append /workspace/a xxxxxxxxxxxxxxx: stream failed
            stat /workspace/a: file of 90
            make-many /workspace/file 100: 4 made, then insufficient-space
            mkdir /workspace/dir: insufficient-space
            symlink a /workspace/link: insufficient-space
            link /workspace/a /workspace/b: insufficient-space
            refused write workspace:/a: limit used up × 6
            refused create workspace:/file4: limit used up
            refused create workspace:/dir: limit used up
            refused create workspace:/link: limit used up
            refused create workspace:/b: limit used up"#]],
    );
    let came = World::new().probe(&[
        "open-many /workspace/src/a.rs 1000",
        "stream-many /workspace/src/a.rs 1000",
        "read src/a.rs",
    ]);
    check(
        came,
        expect![[r#"
        open-many /workspace/src/a.rs 1000: 62 open, then insufficient-memory
        stream-many /workspace/src/a.rs 1000: 62 open, then insufficient-memory
        read src/a.rs: "inside"
        refused open workspace:/src/a.rs: limit used up × 2"#]],
    );
    let world = World::new().limits(|limits| limits.listed_entries = 6).hide("hidden*");
    let world = (0..4).fold(world, |world, number| world.file(&format!("in/hidden{number}"), ""));
    check(
        world.probe(&["list /workspace", "list /workspace"]),
        expect![[r#"
        list /workspace: src
        list /workspace: insufficient-memory
        refused list workspace:/: limit used up"#]],
    );
}

#[test]
fn a_deep_tree_costs_neither_stack_nor_descriptors() {
    let world = World::new();
    std::fs::create_dir_all(world.path(&format!("in/top/{}", "d/".repeat(400)))).expect("directories");
    let deep = format!("stat /workspace/top/{}", "d/".repeat(200));
    let deeper = format!("stat /workspace/top/{}", "d/".repeat(300));
    let keep: Vec<_> = (0..60).map(|number| format!("keep h{number} /workspace/top/{} rd", "d/".repeat(200))).collect();
    let mut steps: Vec<_> = keep.iter().map(String::as_str).collect();
    steps.extend(["wait", &*deep, &*deeper, "rename /workspace/top /workspace/moved"]);
    let before = descriptors();
    let (came, during) = halted(world.call(&steps), async { descriptors() });
    // One a handle, with room for tests that run beside this one; not one for each directory on the way.
    assert!(during <= before + 500, "{during} descriptors, {before} before");
    let ends: Vec<_> = came.lines().skip(60).collect();
    assert_eq!(came.lines().take(60).filter(|line| line.contains(": ok")).count(), 60, "{came}");
    check(
        ends.join("\n"),
        expect![[r#"
        wait: told true
        stat /workspace/top/d/d/…/d/d/d/d/d/d/: directory (431 bytes)
        stat /workspace/top/d/d/…/d/d/d/d/: name-too-long (635 bytes)
        rename /workspace/top /workspace/moved: name-too-long"#]],
    );
}

/// How many files this process has open.
fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").expect("Linux").count()
}
