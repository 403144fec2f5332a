//! What the gate makes of a native tool.

use std::sync::{Arc, Mutex};

use expect_test::expect;
use looplet_host::hook::ToolAnswer;
use looplet_host::host::Launch;
use looplet_host::native::Tool;

use super::{GREET, Greet, greet, host, script, told};

const ALLOW: &str = "[[rules]]\ntool = \"native/greet\"\ndecision = \"allow\"\n";

async fn launch(policy: &str, turns: &[&str]) -> Launch {
    host(policy).await.run("greet Ada").model(script(turns)).tool(greet())
}

#[tokio::test]
async fn an_allowed_function_runs_and_is_marked() {
    expect![[r"
        #1 ✓ greet(name='Ada') [native] → greeting: Hello, Ada!
        #2 ✓ done(summary='All is said.')
        done"]]
    .assert_eq(&told(launch(ALLOW, &[GREET]).await).await);
}

#[tokio::test]
async fn denied_what_nobody_allows_does_not_run() {
    expect![[r#"
        #1 ⊘ greet(name='Ada') [native] → denied «nothing in the operator's policy allows this call»
        #2 ✓ done(summary='All is said.')
        done"#]]
    .assert_eq(&told(launch("", &[GREET]).await).await);
}

#[tokio::test]
async fn denied_a_rule_beats_the_allowance_of_the_program() {
    let deny = "[[rules]]\ntool = \"native/*\"\ndecision = \"deny\"\nreason = \"not here\"\n";
    let launch = launch(deny, &[GREET]).await.allow("native/greet");
    expect![[r#"
        #1 ⊘ greet(name='Ada') [native] → denied by policy.toml:1 «not here»
        #2 ✓ done(summary='All is said.')
        done"#]]
    .assert_eq(&told(launch).await);
}

#[tokio::test]
async fn denied_it_is_never_taken_to_change_nothing() {
    let harmless = "[[rules]]\neffects = \"none\"\ndecision = \"allow\"\n";
    let think =
        r#"{"calls":[{"tool":"think","arguments":{"thought":"hm"}},{"tool":"greet","arguments":{"name":"Ada"}}]}"#;
    expect![[r#"
        #1 ✓ think(thought='hm') → ok: true
        #2 ⊘ greet(name='Ada') [native] → denied «nothing in the operator's policy allows this call»
        #3 ✓ done(summary='All is said.')
        done"#]]
    .assert_eq(&told(launch(harmless, &[think]).await).await);
}

#[tokio::test]
async fn arguments_are_held_against_the_schema_of_the_type() {
    let wrong = r#"{"calls":[{"tool":"greet","arguments":{"nme":"Ada"}}]}"#;
    expect![[r#"
        #1 ✗ greet(nme='Ada') [native] → validation: the arguments do not fit the schema of `greet`: `name` is missing; …
        #2 ✓ done(summary='All is said.')
        done"#]]
    .assert_eq(&told(launch(ALLOW, &[wrong]).await).await);
}

#[tokio::test]
async fn hooks_are_told_what_it_is_and_may_deny_it() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sees = Arc::clone(&seen);
    let launch = launch(ALLOW, &[GREET]).await.on_pre_tool(move |_, call| {
        let facts = (call.plugin.clone(), call.changes_nothing, call.repeatable, call.reach.len());
        sees.lock().unwrap().push(facts);
        ToolAnswer::deny("no greetings")
    });
    expect![[r#"
        #1 ⊘ greet(name='Ada') [native] → denied by a hook «no greetings»
        #2 ✓ done(summary='All is said.')
        done"#]]
    .assert_eq(&told(launch).await);
    assert_eq!(*seen.lock().unwrap(), [("native".to_owned(), false, false, 0)]);
}

#[tokio::test]
async fn a_name_that_is_taken_refuses_to_start() {
    let host = host("").await;
    let tool = |name: &str| Tool::native(name, "Greet.", |_: Greet, _| async { Ok("hello") });
    let why = |launch: Launch| launch.model(script(&[])).start().err().unwrap().to_string();
    assert_eq!(
        why(host.run("x").tool(tool("grep"))),
        "the native tool `grep` has a name that is taken: it is that of `files/grep`"
    );
    assert_eq!(
        why(host.run("x").tool(tool("done"))),
        "the native tool `done` has a name that is taken: it is built in, and ends a run"
    );
    assert_eq!(
        why(host.run("x").tool(tool("twice")).tool(tool("twice"))),
        "the native tool `twice` has a name that is taken: it is that of `native/twice`"
    );
    assert_eq!(
        why(host.run("x").tool(tool("Greet me"))),
        "the native tool `Greet me` has a name that is not of the form `[a-z][a-z0-9_]*`"
    );
}
