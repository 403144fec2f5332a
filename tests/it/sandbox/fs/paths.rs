//! Paths and links: what leads into the mount, and what would lead out of it.

use expect_test::expect;
use looplet_tests::harness::{World, check};

#[test]
fn paths_lead_into_the_mount_and_never_out_of_it() {
    let world = World::new();
    let long = format!("read /workspace/{}", "a/../".repeat(2_000));
    let name = format!("read /workspace/{}", "n".repeat(300));
    let came = world.probe(&[
        "read /workspace/src/a.rs",
        "read src/a.rs",
        "read /workspace/./src//deep/../a.rs",
        "read /workspace/../canary",
        "read /workspace/src/../../canary",
        "read /workspace//etc/passwd",
        "read /workspace/..",
        "read /workspace/%2e%2e/canary",
        "read /workspace/src\\..\\..\\canary",
        "read /workspace/src/a.rs\0.txt",
        "read /workspace/src/a.rs/",
        "read /workspace/",
        "read /workspace/CON",
        "read /workspace/SRC/A.RS",
        "write /workspace/../canary x",
        "mkdir /workspace/../made",
        "rename /workspace/src/a.rs /workspace/../a.rs",
        "rename /workspace/../canary /workspace/canary",
        "link /workspace/../canary /workspace/canary",
    ]);
    check(
        came,
        expect![[r#"
        read /workspace/src/a.rs: "inside"
        read src/a.rs: "inside"
        read /workspace/./src//deep/../a.rs: "inside"
        read /workspace/../canary: not-permitted
        read /workspace/src/../../canary: not-permitted
        read /workspace//etc/passwd: not-permitted
        read /workspace/..: not-permitted
        read /workspace/%2e%2e/canary: no-entry
        read /workspace/src\..\..\canary: no-entry
        read /workspace/src/a.rs�.txt: invalid
        read /workspace/src/a.rs/: not-directory
        read /workspace/: no-entry
        read /workspace/CON: no-entry
        read /workspace/SRC/A.RS: no-entry
        write /workspace/../canary x: not-permitted
        mkdir /workspace/../made: not-permitted
        rename /workspace/src/a.rs /workspace/../a.rs: not-permitted
        rename /workspace/../canary /workspace/canary: not-permitted
        link /workspace/../canary /workspace/canary: not-permitted
        refused open workspace:/: leads out of the mount × 5
        refused create directory workspace:/: leads out of the mount
        refused rename workspace:/: leads out of the mount × 2
        refused link workspace:/: leads out of the mount"#]],
    );
    check(
        [long, name].map(|step| world.probe(&[&step])).join("\n"),
        expect![[r#"
        read /workspace/a/../a/.…/../a/../: name-too-long (10031 bytes)
        read /workspace/nnnnnnnn…nnnnnnnnn: name-too-long (331 bytes)"#]],
    );
    assert_eq!(world.read("canary"), "outside");
}

#[test]
fn links_that_were_there_before_do_not_lead_out_by_any_spelling() {
    let world = World::new()
        .link("../canary", "in/out")
        .link("..", "in/up")
        .link("up", "in/chain")
        .link("src/a.rs", "in/good")
        .link("src", "in/dir");
    let world = {
        let absolute = world.path("canary");
        world.link(absolute, "in/absolute")
    };
    let mut steps = vec!["read /workspace/good".to_owned(), "read /workspace/dir/deep/../a.rs".to_owned()];
    for way in
        ["out", "out/", "out/.", "up/canary", "up/", "chain/canary", "chain/in/up/canary", "absolute", "absolute/"]
    {
        for operation in ["read", "stat", "list"] {
            steps.push(format!("{operation} /workspace/{way}"));
        }
        steps.push(format!("open /workspace/{way} wct"));
        steps.push(format!("set-times /workspace/{way} 1"));
        steps.push(format!("rename /workspace/src/a.rs /workspace/{way}/x"));
        steps.push(format!("mkdir /workspace/{way}/x"));
    }
    let steps: Vec<_> = steps.iter().map(String::as_str).collect();
    let came = world.probe(&steps);
    let mut ends: Vec<_> = came.lines().filter(|line| !line.starts_with("refused")).map(str::to_owned).collect();
    let good: Vec<_> = ends.drain(..2).collect();
    assert_eq!(good, ["read /workspace/good: \"inside\"", "read /workspace/dir/deep/../a.rs: \"inside\""]);
    let let_through: Vec<_> = ends.iter().filter(|line| !line.ends_with(": not-permitted")).cloned().collect();
    check(let_through.join("\n"), expect![[""]]);
    assert_eq!(world.read("canary"), "outside");
}

#[test]
fn links_that_a_guest_makes_or_moves_never_lead_out_for_anybody() {
    let world = World::new().hide("secret").file("in/secret/key", "k").file("in/a/b/c/file", "x");
    let came = world.probe(&[
        "symlink ../a.rs /workspace/src/deep/link",
        "read /workspace/src/deep/link",
        "symlink /etc/passwd /workspace/bad",
        "symlink ../canary /workspace/bad",
        "symlink src/../../canary /workspace/bad",
        "symlink ./.. /workspace/bad",
        "symlink secret/key /workspace/bad",
        "symlink ../../../src /workspace/a/b/c/link",
        "rename /workspace/a/b/c/link /workspace/link",
        "rename /workspace/a/b/c /workspace/c",
        "rename /workspace/a/b/c /workspace/src/deep/c",
        "rename /workspace/a/b/c /workspace/src/deep/far",
        "link /workspace/src/deep/link /workspace/link",
        "readlink /workspace/src/deep/link",
        "lstat /workspace/bad",
    ]);
    check(
        came,
        expect![[r#"
        symlink ../a.rs /workspace/src/deep/link: ok
        read /workspace/src/deep/link: "inside"
        symlink /etc/passwd /workspace/bad: not-permitted
        symlink ../canary /workspace/bad: not-permitted
        symlink src/../../canary /workspace/bad: not-permitted
        symlink ./.. /workspace/bad: not-permitted
        symlink secret/key /workspace/bad: no-entry
        symlink ../../../src /workspace/a/b/c/link: ok
        rename /workspace/a/b/c/link /workspace/link: not-permitted
        rename /workspace/a/b/c /workspace/c: not-permitted
        rename /workspace/a/b/c /workspace/src/deep/c: ok
        rename /workspace/a/b/c /workspace/src/deep/far: no-entry
        link /workspace/src/deep/link /workspace/link: access
        readlink /workspace/src/deep/link: ../a.rs
        lstat /workspace/bad: no-entry
        refused create link workspace:/bad: leads out of the mount × 4
        refused create link workspace:/secret/key: hidden (looplet.toml:7)
        refused rename workspace:/link: leads out of the mount
        refused rename workspace:/c/link: leads out of the mount"#]],
    );
}
