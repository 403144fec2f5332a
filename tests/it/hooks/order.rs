//! When hooks are called, and in which order.

use expect_test::expect;

use super::{run, verdicts, world};

#[test]
fn every_point_is_called_in_the_order_of_the_run() {
    let world = world();
    let printed = world.run(&run("../probe.wasm+add-context"));
    assert_eq!(printed.code, Some(0), "{}", printed.stderr);
    let points: Vec<String> = verdicts(&world)
        .iter()
        .filter_map(|line| line.split(' ').next())
        .filter(|point| *point != "observe")
        .map(str::to_owned)
        .collect();
    expect![[r#"
        run-start
        should-compact
        pre-prompt
        pre-model
        post-model
        pre-tool
        post-tool
        post-step
        should-stop
        should-compact
        pre-prompt
        pre-model
        post-model
        pre-tool
        post-tool
        post-step
        should-stop
        should-compact
        pre-prompt
        pre-model
        post-model
        pre-tool
        post-step
        run-end"#]]
    .assert_eq(&points.join("\n"));
}

#[test]
fn hooks_are_called_in_the_order_in_which_they_are_named_and_the_first_denial_ends_it() {
    let denies = r#"../probe.wasm+add-context={"at":"pre-tool","do":"deny","text":"not today"}"#;
    let world = world();
    let mut arguments = run(denies).to_vec();
    arguments.splice(5..5, ["--hook", "../probe.wasm+add-context"]);
    arguments.splice(9..9, ["--hook", "../probe.wasm+add-context"]);
    let printed = world.run(&arguments);
    assert_eq!(printed.code, Some(0), "{}", printed.stderr);
    let gates: Vec<String> = verdicts(&world).into_iter().filter(|line| line.starts_with("pre-tool")).collect();
    expect![[r#"
        pre-tool probe pass
        pre-tool probe#2 deny «not today»
        pre-tool probe pass
        pre-tool probe#2 deny «not today»
        pre-tool probe pass
        pre-tool probe#2 pass
        pre-tool probe#3 pass"#]]
    .assert_eq(&gates.join("\n"));
}
