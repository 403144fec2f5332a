//! Nothing lasts from one call to the next, or passes from one plugin to another, but what the host keeps.

use expect_test::expect;
use looplet_host::plugin::PluginState;
use looplet_host::sandbox::Limits;
use looplet_tests::guests;
use looplet_tests::harness::{Call, World, block_on, check, report, said};
use serde_json::{Value, json};

fn burn(arguments: Value) -> Call {
    Call::of(guests::LIMITS_BURN, arguments)
}

#[test]
fn no_static_and_no_file_lasts_to_the_next_call() {
    let calls: Vec<_> = (0..3).map(|_| said(&burn(json!({"do": "count"})).run())).collect();
    check(
        calls.join("\n"),
        expect![[r#"
        call 1, file found false, made false
        call 1, file found false, made false
        call 1, file found false, made false"#]],
    );
}

#[test]
fn kept_state_lasts_for_its_own_tool_and_only_when_the_call_ends_well() {
    let (state, other) = (PluginState::default(), PluginState::default());
    let run = |arguments: Value, state: &PluginState| said(&burn(arguments).state(state).run());
    let came = [
        run(json!({"do": "set", "text": "a", "count": 2, "size": 10}), &state),
        run(json!({"do": "get", "text": "a1"}), &state),
        run(json!({"do": "get", "text": "a1"}), &other),
        run(json!({"do": "set and trap", "text": "a"}), &state),
        run(json!({"do": "get", "text": "a0"}), &state),
        // Half of it, and then too much: a failure is an answer, so what fitted is kept.
        run(json!({"do": "set", "text": "b", "count": 3, "size": 500_000}), &state),
        run(json!({"do": "get", "text": "b1"}), &state),
        run(json!({"do": "get", "text": "b2"}), &state),
        run(json!({"do": "set", "text": "k".repeat(300), "count": 1, "size": 1}), &state),
    ];
    check(
        came.join("\n"),
        expect![[r#"
        kept
        10 bytes
        nothing
        aborted: execution: the tool trapped: unreachable
        10 bytes
        failed: validation: all that is kept has at most 1048576 bytes
        500000 bytes
        nothing
        failed: validation: a key has at most 256 bytes"#]],
    );
}

#[test]
fn a_guest_sees_no_environment_arguments_directory_or_input_of_the_host() {
    let world = World::new();
    let came = world.probe(&["environment", "arguments", "directory", "stdin", "mounts"]);
    check(
        came,
        expect![[r#"
        environment: []
        arguments: []
        directory: None
        stdin: Err("closed")
        mounts: . /workspace"#]],
    );
    let mut authority = world.authority();
    authority.env.push(("GRANTED".to_owned(), "value".to_owned()));
    check(
        report(&world.call(&["environment"]).with(authority).run()),
        expect![[r#"environment: [("GRANTED", "value")]"#]],
    );
}

#[test]
fn many_spinners_of_one_plugin_do_not_keep_another_from_its_answer() {
    let world = World::new();
    let (spun, honest) = block_on(async {
        let spin = || burn(json!({"do": "spin"})).wall(200).start();
        let spinners: Vec<_> = (0..64).map(|_| tokio::spawn(spin())).collect();
        let honest: Vec<_> =
            (0..8).map(|_| tokio::spawn(world.call(&["read /workspace/src/a.rs"]).wall(60_000).start())).collect();
        let (mut spun, mut answered) = (Vec::new(), Vec::new());
        for call in spinners {
            spun.push(said(&call.await.expect("no panic")));
        }
        for call in honest {
            answered.push(said(&call.await.expect("no panic")));
        }
        (spun, answered)
    });
    assert_eq!((spun.len(), honest.len()), (64, 8));
    let timeout = "aborted: timeout: the tool was stopped after 200 ms; whether it had an effect is not known";
    assert!(spun.iter().all(|end| end == timeout), "{spun:?}");
    assert!(honest.iter().all(|end| end == "read /workspace/src/a.rs: \"inside\""), "{honest:?}");
}

#[test]
fn many_honest_calls_at_once_all_get_their_own_answer() {
    let reports = block_on(async {
        let calls: Vec<_> = (0..16 * Limits::CONCURRENT_CALLS)
            .map(|number| tokio::spawn(burn(json!({"do": "text", "text": format!("{number}"), "count": 1})).start()))
            .collect();
        let mut reports = Vec::new();
        for call in calls {
            reports.push(said(&call.await.expect("no panic")));
        }
        reports
    });
    let expected: Vec<_> = (0..16 * Limits::CONCURRENT_CALLS).map(|number| number.to_string()).collect();
    assert_eq!(reports, expected);
}
