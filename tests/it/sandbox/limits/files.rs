//! What files may cost, at the shipped values: each limit is reached, passed, and there again for the
//! next call.

use expect_test::expect;
use looplet_tests::harness::{World, check, report};

/// What came of the steps, and that the next call has its own limits.
fn probe(world: &World, steps: &[&str]) -> String {
    let came = report(&world.call(steps).wall(60_000).run());
    assert_eq!(world.probe(&["write /workspace/next x", "unlink /workspace/next"]).matches(": ok").count(), 2);
    came
}

#[test]
fn thirty_two_mebibytes_are_written_and_no_more() {
    let world = World::new();
    let came = [
        probe(
            &world,
            &[
                "write-many /workspace/a 262144 127",
                "write-many /workspace/b 262143 1",
                "write /workspace/c x",
                "write /workspace/d x",
            ],
        ),
        probe(&world, &["write-many /workspace/e 262144 1000", "write /workspace/f x"]),
        probe(&world, &["write /workspace/g x", "set-size /workspace/g 33554432", "set-size /workspace/g 33554433"]),
        probe(&world, &["set-size /workspace/g 1099511627776", "keep h /workspace/h wc", "write-at h 1099511627776 x"]),
    ];
    check(
        came.join("\n"),
        expect![[r#"
            write-many /workspace/a 262144 127: 127 written
            write-many /workspace/b 262143 1: 1 written
            write /workspace/c x: ok
            write /workspace/d x: insufficient-space
            refused write workspace:/d: limit used up
            write-many /workspace/e 262144 1000: 128 written, then insufficient-space
            write /workspace/f x: insufficient-space
            refused write workspace:/e: limit used up
            refused write workspace:/f: limit used up
            write /workspace/g x: ok
            set-size /workspace/g 33554432: ok
            set-size /workspace/g 33554433: insufficient-space
            refused write workspace:/g: limit used up
            set-size /workspace/g 1099511627776: insufficient-space
            keep h /workspace/h wc: ok
            write-at h 1099511627776 x: insufficient-space
            refused write workspace:/g: limit used up
            refused write workspace:/h: limit used up"#]],
    );
}

#[test]
fn a_mount_is_filled_up_to_its_quota_by_all_calls_together() {
    let world = World::new().quota(100);
    let authority = world.authority();
    let fill = || report(&world.call(&["write-many /workspace/a 40 2"]).with(authority.clone()).run());
    check(
        [fill(), fill(), fill()].join("\n"),
        expect![[r#"
            write-many /workspace/a 40 2: 2 written
            write-many /workspace/a 40 2: 0 written, then insufficient-space
            refused write workspace:/a: more than is left of the run's budget (--mount)
            write-many /workspace/a 40 2: 0 written, then insufficient-space
            refused write workspace:/a: more than is left of the run's budget (--mount)"#]],
    );
}

#[test]
fn a_thousand_files_are_made_and_no_more() {
    let world = World::new();
    let came = [
        probe(
            &world,
            &["make-many /workspace/a 999", "mkdir /workspace/b", "symlink a0 /workspace/c", "write /workspace/a0 x"],
        ),
        probe(&world, &["make-many /workspace/d 10000"]),
    ];
    check(
        came.join("\n"),
        expect![[r#"
        make-many /workspace/a 999: 999 made
        mkdir /workspace/b: ok
        symlink a0 /workspace/c: insufficient-space
        write /workspace/a0 x: ok
        refused create workspace:/c: limit used up
        make-many /workspace/d 10000: 1000 made, then insufficient-space
        refused create workspace:/d1000: limit used up"#]],
    );
}

#[test]
fn a_hundred_thousand_entries_are_listed_and_no_more() {
    let world = World::new();
    std::fs::create_dir(world.path("in/many")).expect("a directory");
    for number in 0..10_000 {
        std::fs::write(world.path(&format!("in/many/{number}")), "").expect("a file");
    }
    let came = [
        probe(&world, &["list-many /workspace/many 10", "list /workspace/src"]),
        probe(&world, &["list-many /workspace/many 11", "list /workspace/src"]),
    ];
    check(
        came.join("\n"),
        expect![[r#"
        list-many /workspace/many 10: 100000 entries
        list /workspace/src: insufficient-memory
        refused list workspace:/src: limit used up
        list-many /workspace/many 11: 100000 entries, then insufficient-memory
        list /workspace/src: insufficient-memory
        refused list workspace:/many: limit used up
        refused list workspace:/src: limit used up"#]],
    );
}

#[test]
fn sixty_four_files_are_open_and_no_more() {
    let world = World::new();
    // `.` and `/workspace` are open from the beginning.
    let came = [
        probe(&world, &["open-many /workspace/src/a.rs 62", "read /workspace/src/a.rs"]),
        probe(
            &world,
            &["open-many /workspace/src/a.rs 10000", "stream-many src/a.rs 10000", "read /workspace/src/a.rs"],
        ),
    ];
    check(
        came.join("\n"),
        expect![[r#"
        open-many /workspace/src/a.rs 62: 62 open
        read /workspace/src/a.rs: "inside"
        open-many /workspace/src/a.rs 10000: 62 open, then insufficient-memory
        stream-many src/a.rs 10000: 62 open, then insufficient-memory
        read /workspace/src/a.rs: "inside"
        refused open workspace:/src/a.rs: limit used up × 2"#]],
    );
}

#[test]
fn paths_are_so_long_and_so_deep_and_no_more() {
    let world = World::new();
    let long = |length: usize| format!("stat /workspace/src{}", "/.".repeat((length - 3) / 2));
    let came = [long(4_095), long(4_097), long(1 << 20)].map(|step| probe(&world, &[&step]));
    check(
        came.join("\n"),
        expect![[r#"
        stat /workspace/src/././…././././././.: directory (4122 bytes)
        stat /workspace/src/././…././././.: name-too-long (4128 bytes)
        aborted: validation: the arguments are 1048609 bytes long, 1048576 are allowed"#]],
    );
    let deep = |depth: usize| format!("/workspace/{}", vec!["d"; depth].join("/"));
    let (last, beyond) = (deep(256), deep(257));
    std::fs::create_dir_all(world.path(&format!("in/{}", vec!["d"; 255].join("/")))).expect("directories");
    let came = probe(
        &world,
        &[
            &format!("mkdir {last}"),
            &format!("stat {last}"),
            &format!("mkdir {beyond}"),
            &format!("write {beyond} x"),
            &format!("rename {} {last}", "src"),
        ],
    );
    check(
        came,
        expect![[r#"
        mkdir /workspace/d/d/d/d…/d/d/d/d/d/d/d/d/d/d: ok (532 bytes)
        stat /workspace/d/d/d/d/…d/d/d/d/d/d/d: directory (538 bytes)
        mkdir /workspace/d/d/d/d…d/d/d/d/d: name-too-long (545 bytes)
        write /workspace/d/d/d/d…d/d/d/d x: name-too-long (547 bytes)
        rename src /workspace/d/…d/d/d/d/d: name-too-long (548 bytes)"#]],
    );
}

#[test]
fn forty_links_are_followed_and_no_more() {
    let world = (1..=41).fold(World::new().link("src", "in/l0"), |world, number| {
        world.link(format!("l{}", number - 1), &format!("in/l{number}"))
    });
    let came = probe(&world, &["read /workspace/l39/a.rs", "read /workspace/l40/a.rs"]);
    check(
        came,
        expect![[r#"
        read /workspace/l39/a.rs: "inside"
        read /workspace/l40/a.rs: loop"#]],
    );
}

#[test]
fn a_directory_of_ten_thousand_entries_is_renamed_and_none_larger() {
    let world = World::new();
    std::fs::create_dir(world.path("in/many")).expect("a directory");
    for number in 0..10_000 {
        std::fs::write(world.path(&format!("in/many/{number}")), "").expect("a file");
    }
    let came = probe(
        &world,
        &[
            "rename /workspace/many /workspace/moved",
            "write /workspace/moved/one x",
            "rename /workspace/moved /workspace/again",
        ],
    );
    check(
        came,
        expect![[r#"
        rename /workspace/many /workspace/moved: ok
        write /workspace/moved/one x: ok
        rename /workspace/moved /workspace/again: insufficient-memory
        refused rename workspace:/moved: limit used up"#]],
    );
}
