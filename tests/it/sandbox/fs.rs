//! The filesystem view, attacked by a guest that calls WASI directly. For what is permitted there is a
//! step beside it that is not.

mod bounds;
mod halt;
mod masks;
mod modes;
mod narrowed;
mod paths;

use expect_test::expect;
use looplet_tests::guests;
use looplet_tests::harness::{Call, World, check, report};
use serde_json::json;

#[test]
fn swapping_the_directory_of_a_mount_changes_nothing() {
    let world = World::new();
    let authority = world.authority();
    std::fs::rename(world.path("in"), world.path("aside")).expect("renames");
    let world = {
        let top = world.path("");
        world.link(top, "in")
    };
    let came = report(&world.call(&["read /workspace/canary", "read /workspace/src/a.rs"]).with(authority).run());
    check(
        came,
        expect![[r#"
        read /workspace/canary: no-entry
        read /workspace/src/a.rs: "inside""#]],
    );
}

#[test]
fn without_authority_there_is_no_file_at_all() {
    let steps = json!({"steps": [["mounts"], ["read", "/workspace/src/a.rs"], ["read", "src/a.rs"], ["find", ""]]});
    check(
        report(&Call::of(guests::FS_PROBE, steps).run()),
        expect![[r#"
        mounts: 
        read /workspace/src/a.rs: no mount
        read src/a.rs: no mount
        find : "#]],
    );
}
