//! Trust is given at the terminal, whatever standard input says.

use expect_test::{Expect, expect};
use looplet_tests::person::World;

fn check(answer: &str, code: i32, shown: &Expect) -> World {
    let world = World::new();
    world.write("looplet.toml", "[budget]\nsteps = 5\n");
    let mut person = world.start(&["trust"]);
    person.answers(answer);
    let (exit, seen) = person.leaves();
    shown.assert_eq(&seen);
    assert_eq!(exit, Some(code));
    world
}

#[test]
fn a_yes_is_kept() {
    let world = check(
        "y",
        0,
        &expect![[r#"
        `looplet.toml` and the files it names, sha256:…
           1 │ [budget]
           2 │ steps = 5
         May this file speak for the project: give tools directories, allow calls, load
         plugins?
         y yes   n no
        > y
        trusted as it is now; a change asks again
    "#]],
    );
    assert!(world.run(&["trust"]).2.contains("is trusted already"));
}

#[test]
fn a_no_changes_nothing() {
    let world = check(
        "n",
        3,
        &expect![[r#"
        `looplet.toml` and the files it names, sha256:…
           1 │ [budget]
           2 │ steps = 5
         May this file speak for the project: give tools directories, allow calls, load
         plugins?
         y yes   n no
        > n
        nothing was changed
    "#]],
    );
    assert_eq!(world.run(&["trust"]).0, Some(2));
}
