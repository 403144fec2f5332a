//! A read-only mount, and the same operations where they are permitted.

use expect_test::expect;
use looplet_tests::harness::{World, check};

#[test]
fn a_read_only_mount_stays_as_it_is_beside_a_writable_one() {
    let world = World::new().read_only().other("beside").file("beside/file", "mine");
    let came = world.probe(&[
        "read /workspace/src/a.rs",
        "write /other/new x",
        "open /workspace/src/a.rs w",
        "open /workspace/src/a.rs rt",
        "open /workspace/src/a.rs rc",
        "open /workspace/new c",
        "open /workspace/new rcx",
        "set-size /workspace/src/a.rs 0",
        "set-times /workspace/src/a.rs 1",
        "set-times-open /workspace/src/a.rs r 1",
        "set-times-open /workspace/src rd 1",
        "append /workspace/src/a.rs x",
        "keep file /workspace/src/a.rs r",
        "write-at file 0 x",
        "mkdir /workspace/new",
        "unlink /workspace/src/a.rs",
        "rmdir /workspace/src/deep",
        "rename /workspace/src/a.rs /workspace/b",
        "rename /workspace/src/a.rs /other/b",
        "rename /other/file /workspace/src/a.rs",
        "link /workspace/src/a.rs /other/b",
        "link /other/file /workspace/b",
        "symlink a.rs /workspace/src/link",
        "list /workspace",
    ]);
    check(
        came,
        expect![[r#"
        read /workspace/src/a.rs: "inside"
        write /other/new x: ok
        open /workspace/src/a.rs w: access
        open /workspace/src/a.rs rt: access
        open /workspace/src/a.rs rc: access
        open /workspace/new c: access
        open /workspace/new rcx: access
        set-size /workspace/src/a.rs 0: access
        set-times /workspace/src/a.rs 1: access
        set-times-open /workspace/src/a.rs r 1: access
        set-times-open /workspace/src rd 1: access
        append /workspace/src/a.rs x: access
        keep file /workspace/src/a.rs r: ok
        write-at file 0 x: bad-descriptor
        mkdir /workspace/new: access
        unlink /workspace/src/a.rs: access
        rmdir /workspace/src/deep: access
        rename /workspace/src/a.rs /workspace/b: access
        rename /workspace/src/a.rs /other/b: cross-device
        rename /other/file /workspace/src/a.rs: cross-device
        link /workspace/src/a.rs /other/b: cross-device
        link /other/file /workspace/b: cross-device
        symlink a.rs /workspace/src/link: access
        list /workspace: src
        refused open for writing workspace:/src/a.rs: read only (--mount) × 5
        refused open for writing workspace:/new: read only (--mount) × 2
        refused set times workspace:/src/a.rs: read only (--mount)
        refused set times workspace:/src: read only (--mount)
        refused create directory workspace:/new: read only (--mount)
        refused remove workspace:/src/a.rs: read only (--mount)
        refused remove directory workspace:/src/deep: read only (--mount)
        refused rename workspace:/src/a.rs: read only (--mount)
        refused create link workspace:/src/link: read only (--mount)"#]],
    );
    assert_eq!(world.read("in/src/a.rs"), "inside");
}

#[test]
fn the_same_operations_work_where_they_are_permitted() {
    let world = World::new();
    let came = world.probe(&[
        "write /workspace/src/a.rs changed",
        "append /workspace/src/a.rs +more",
        "read /workspace/src/a.rs",
        "set-size /workspace/src/a.rs 3",
        "read /workspace/src/a.rs",
        "set-times /workspace/src/a.rs 1",
        "set-times /workspace/src/a.rs 18446744073709551615",
        "set-times /workspace/src/a.rs 9223372036854775807",
        "set-times-open /workspace/src/a.rs w 4611686018427387904",
        "open /workspace/new cx",
        "open /workspace/new cx",
        "mkdir /workspace/dir",
        "rename /workspace/new /workspace/dir/new",
        "link /workspace/dir/new /workspace/second",
        "unlink /workspace/second",
        "rename /workspace/dir /workspace/moved",
        "list /workspace/moved",
        "unlink /workspace/moved/new",
        "rmdir /workspace/moved",
        "list /workspace",
    ]);
    check(
        came,
        expect![[r#"
        write /workspace/src/a.rs changed: ok
        append /workspace/src/a.rs +more: ok
        read /workspace/src/a.rs: "changed+more"
        set-size /workspace/src/a.rs 3: ok
        read /workspace/src/a.rs: "cha"
        set-times /workspace/src/a.rs 1: ok
        set-times /workspace/src/a.rs 18446744073709551615: overflow
        set-times /workspace/src/a.rs 9223372036854775807: ok
        set-times-open /workspace/src/a.rs w 4611686018427387904: ok
        open /workspace/new cx: ok
        open /workspace/new cx: exist
        mkdir /workspace/dir: ok
        rename /workspace/new /workspace/dir/new: ok
        link /workspace/dir/new /workspace/second: ok
        unlink /workspace/second: ok
        rename /workspace/dir /workspace/moved: ok
        list /workspace/moved: new
        unlink /workspace/moved/new: ok
        rmdir /workspace/moved: ok
        list /workspace: src"#]],
    );
}
