//! Calls that were given one directory or one file.

use expect_test::expect;
use looplet_host::capability::fs::ReachKind;
use looplet_host::need::FsMode;
use looplet_tests::harness::{World, check, report};

#[test]
fn a_narrowed_call_keeps_to_its_directory() {
    let world = World::new().only_tree("src/deep", FsMode::ReadWrite).file("in/other/x", "x").file("in/top", "x");
    let came = world.probe(&[
        "list /workspace",
        "list /workspace/src",
        "read /workspace/src/deep/b.rs",
        "write /workspace/src/deep/new x",
        "read /workspace/src/a.rs",
        "read /workspace/src/a.rs/x",
        "read /workspace/none/x",
        "read /workspace/other/../src/deep/b.rs",
        "stat /workspace/src",
        "stat /workspace/other",
        "write /workspace/top x",
        "mkdir /workspace/src/new",
        "rename /workspace/src/deep/new /workspace/src/new",
        "rename /workspace/src/deep /workspace/src/gone",
        "rename /workspace/src/a.rs /workspace/src/deep/a.rs",
        "link /workspace/src/a.rs /workspace/src/deep/a.rs",
        "symlink ../a.rs /workspace/src/deep/link",
        "symlink b.rs /workspace/src/deep/link",
        "set-times-open /workspace/src rd 1",
        "find e",
    ]);
    check(
        came,
        expect![[r#"
        list /workspace: src
        list /workspace/src: deep
        read /workspace/src/deep/b.rs: "deep"
        write /workspace/src/deep/new x: ok
        read /workspace/src/a.rs: no-entry
        read /workspace/src/a.rs/x: no-entry
        read /workspace/none/x: no-entry
        read /workspace/other/../src/deep/b.rs: no-entry
        stat /workspace/src: directory
        stat /workspace/other: no-entry
        write /workspace/top x: no-entry
        mkdir /workspace/src/new: no-entry
        rename /workspace/src/deep/new /workspace/src/new: no-entry
        rename /workspace/src/deep /workspace/src/gone: no-entry
        rename /workspace/src/a.rs /workspace/src/deep/a.rs: no-entry
        link /workspace/src/a.rs /workspace/src/deep/a.rs: no-entry
        symlink ../a.rs /workspace/src/deep/link: no-entry
        symlink b.rs /workspace/src/deep/link: ok
        set-times-open /workspace/src rd 1: access
        find e: /workspace/src/deep/b.rs /workspace/src/deep/link
        refused open workspace:/src/a.rs: outside this call's reach (looplet.toml:9) × 2
        refused open workspace:/none: outside this call's reach (looplet.toml:9)
        refused open workspace:/other: outside this call's reach (looplet.toml:9)
        refused stat workspace:/other: outside this call's reach (looplet.toml:9)
        refused open for writing workspace:/top: outside this call's reach (looplet.toml:9)
        refused create directory workspace:/src/new: outside this call's reach (looplet.toml:9)
        refused rename workspace:/src/new: outside this call's reach (looplet.toml:9)
        refused rename workspace:/src/gone: outside this call's reach (looplet.toml:9)
        refused rename workspace:/src/a.rs: outside this call's reach (looplet.toml:9)
        refused link workspace:/src/a.rs: outside this call's reach (looplet.toml:9)
        refused create link workspace:/src/a.rs: outside this call's reach (looplet.toml:9)
        refused set times workspace:/src: read only (looplet.toml:9)"#]],
    );
}

#[test]
fn a_call_for_one_file_can_replace_it_and_nothing_else() {
    let world = World::new().only_file("src/a.rs", FsMode::ReadWrite);
    let came = world.probe(&[
        "list /workspace/src",
        "write /workspace/src/.a.rs.looplet-tmp new",
        "rename /workspace/src/.a.rs.looplet-tmp /workspace/src/a.rs",
        "read /workspace/src/a.rs",
        "write /workspace/src/.b.rs.looplet-tmp new",
        "write /workspace/src/b.rs x",
        "symlink deep/b.rs /workspace/src/.a.rs.looplet-tmp",
        "symlink a.rs /workspace/src/.a.rs.looplet-tmp",
        "mkdir /workspace/src/.a.rs.looplet-tmp",
        "link /workspace/src/a.rs /workspace/src/.a.rs.looplet-tmp",
        "unlink /workspace/src/deep/b.rs",
        "read /workspace/src/deep/b.rs",
    ]);
    check(
        came,
        expect![[r#"
        list /workspace/src: a.rs
        write /workspace/src/.a.rs.looplet-tmp new: ok
        rename /workspace/src/.a.rs.looplet-tmp /workspace/src/a.rs: ok
        read /workspace/src/a.rs: "new"
        write /workspace/src/.b.rs.looplet-tmp new: no-entry
        write /workspace/src/b.rs x: no-entry
        symlink deep/b.rs /workspace/src/.a.rs.looplet-tmp: access
        symlink a.rs /workspace/src/.a.rs.looplet-tmp: access
        mkdir /workspace/src/.a.rs.looplet-tmp: access
        link /workspace/src/a.rs /workspace/src/.a.rs.looplet-tmp: access
        unlink /workspace/src/deep/b.rs: no-entry
        read /workspace/src/deep/b.rs: no-entry
        refused open for writing workspace:/src/.b.rs.looplet-tmp: outside this call's reach (looplet.toml:9)
        refused open for writing workspace:/src/b.rs: outside this call's reach (looplet.toml:9)
        refused remove workspace:/src/deep/b.rs: outside this call's reach (looplet.toml:9)
        refused open workspace:/src/deep/b.rs: outside this call's reach (looplet.toml:9)"#]],
    );
    let linked = World::new().only_file("src/a.rs", FsMode::ReadWrite);
    std::fs::hard_link(linked.path("canary"), linked.path("in/src/.a.rs.looplet-tmp")).expect("a link");
    let came = linked.probe(&[
        "read /workspace/src/.a.rs.looplet-tmp",
        "write /workspace/src/.a.rs.looplet-tmp x",
        "open /workspace/src/.a.rs.looplet-tmp rt",
        "rename /workspace/src/.a.rs.looplet-tmp /workspace/src/a.rs",
    ]);
    check(
        came,
        expect![[r#"
        read /workspace/src/.a.rs.looplet-tmp: access
        write /workspace/src/.a.rs.looplet-tmp x: access
        open /workspace/src/.a.rs.looplet-tmp rt: access
        rename /workspace/src/.a.rs.looplet-tmp /workspace/src/a.rs: access
        refused open workspace:/src/.a.rs.looplet-tmp: has a second name × 3
        refused rename workspace:/src/.a.rs.looplet-tmp: has a second name"#]],
    );
    assert_eq!(linked.read("canary"), "outside");
}

/// The call has its handles; then, with nobody asked in between, the name or one above it comes to lead elsewhere.
#[test]
fn what_is_swapped_for_a_link_before_the_call_begins_reaches_nothing_else() {
    let came = [
        ("src/a.rs", ReachKind::File, "in/src/a.rs", "deep/b.rs"),
        ("src/a.rs", ReachKind::File, "in/src/a.rs", "../../canary"),
        ("src/a.rs", ReachKind::File, "in/src", "elsewhere"),
        ("src/deep", ReachKind::Tree, "in/src/deep", "../elsewhere"),
        ("src/deep", ReachKind::Tree, "in/src", "elsewhere"),
    ]
    .map(|(reached, kind, swapped, to)| {
        let world = World::new();
        for (path, says) in [("in/elsewhere/a.rs", "elsewhere"), ("in/elsewhere/deep/b.rs", "elsewhere")] {
            std::fs::create_dir_all(world.path("in/elsewhere/deep")).expect("directories");
            std::fs::write(world.path(path), says).expect("a file");
        }
        let world = match kind {
            ReachKind::File => world.only_file(reached, FsMode::ReadWrite),
            ReachKind::Tree => world.only_tree(reached, FsMode::ReadWrite),
        };
        let authority = world.authority();
        std::fs::rename(world.path(swapped), world.path("aside")).expect("is moved");
        let world = world.link(to, swapped);
        let steps = [
            "read /workspace/src/a.rs",
            "write /workspace/src/a.rs mine",
            "read /workspace/src/deep/b.rs",
            "write /workspace/src/deep/b.rs mine",
            "list /workspace/src/deep",
        ];
        let came = report(&world.call(&steps).with(authority).run());
        for theirs in ["in/elsewhere/a.rs", "in/elsewhere/deep/b.rs"] {
            assert_eq!(world.read(theirs), "elsewhere", "{came}");
        }
        assert_eq!(world.read("canary"), "outside", "{came}");
        format!("{reached}, {swapped} now leads to {to}:\n{came}\n")
    });
    check(
        came.concat(),
        expect![[r#"
        src/a.rs, in/src/a.rs now leads to deep/b.rs:
        read /workspace/src/a.rs: no-entry
        write /workspace/src/a.rs mine: no-entry
        read /workspace/src/deep/b.rs: no-entry
        write /workspace/src/deep/b.rs mine: no-entry
        list /workspace/src/deep: no-entry
        refused open workspace:/src/deep/b.rs: outside this call's reach (looplet.toml:9) × 2
        refused open for writing workspace:/src/deep/b.rs: outside this call's reach (looplet.toml:9) × 2
        refused open workspace:/src/deep: outside this call's reach (looplet.toml:9)
        src/a.rs, in/src/a.rs now leads to ../../canary:
        read /workspace/src/a.rs: not-permitted
        write /workspace/src/a.rs mine: not-permitted
        read /workspace/src/deep/b.rs: no-entry
        write /workspace/src/deep/b.rs mine: no-entry
        list /workspace/src/deep: no-entry
        refused open workspace:/: leads out of the mount × 2
        refused open workspace:/src/deep/b.rs: outside this call's reach (looplet.toml:9)
        refused open for writing workspace:/src/deep/b.rs: outside this call's reach (looplet.toml:9)
        refused open workspace:/src/deep: outside this call's reach (looplet.toml:9)
        src/a.rs, in/src now leads to elsewhere:
        read /workspace/src/a.rs: no-entry
        write /workspace/src/a.rs mine: no-entry
        read /workspace/src/deep/b.rs: no-entry
        write /workspace/src/deep/b.rs mine: no-entry
        list /workspace/src/deep: no-entry
        refused open workspace:/elsewhere/a.rs: outside this call's reach (looplet.toml:9)
        refused open for writing workspace:/elsewhere/a.rs: outside this call's reach (looplet.toml:9)
        refused open workspace:/elsewhere/deep/b.rs: outside this call's reach (looplet.toml:9)
        refused open for writing workspace:/elsewhere/deep/b.rs: outside this call's reach (looplet.toml:9)
        refused open workspace:/elsewhere/deep: outside this call's reach (looplet.toml:9)
        src/deep, in/src/deep now leads to ../elsewhere:
        read /workspace/src/a.rs: no-entry
        write /workspace/src/a.rs mine: no-entry
        read /workspace/src/deep/b.rs: no-entry
        write /workspace/src/deep/b.rs mine: no-entry
        list /workspace/src/deep: no-entry
        refused open workspace:/src/a.rs: outside this call's reach (looplet.toml:9)
        refused open for writing workspace:/src/a.rs: outside this call's reach (looplet.toml:9)
        refused open workspace:/elsewhere/b.rs: outside this call's reach (looplet.toml:9)
        refused open for writing workspace:/elsewhere/b.rs: outside this call's reach (looplet.toml:9)
        refused open workspace:/elsewhere: outside this call's reach (looplet.toml:9)
        src/deep, in/src now leads to elsewhere:
        read /workspace/src/a.rs: no-entry
        write /workspace/src/a.rs mine: no-entry
        read /workspace/src/deep/b.rs: no-entry
        write /workspace/src/deep/b.rs mine: no-entry
        list /workspace/src/deep: no-entry
        refused open workspace:/elsewhere/a.rs: outside this call's reach (looplet.toml:9)
        refused open for writing workspace:/elsewhere/a.rs: outside this call's reach (looplet.toml:9)
        refused open workspace:/elsewhere/deep/b.rs: outside this call's reach (looplet.toml:9)
        refused open for writing workspace:/elsewhere/deep/b.rs: outside this call's reach (looplet.toml:9)
        refused open workspace:/elsewhere/deep: outside this call's reach (looplet.toml:9)
    "#]],
    );
}
