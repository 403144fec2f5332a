//! The examples of the library do what their first lines say.

#[path = "../../../host/examples/native_tool.rs"]
mod native_tool;
#[path = "../../../host/examples/sub_agent.rs"]
mod sub_agent;
#[path = "../../../host/examples/turns.rs"]
mod turns;

use expect_test::expect;

/// Without the times.
fn steady(lines: &[String]) -> String {
    let steady = |line: &String| {
        let timed = line.strip_suffix("ms]").and_then(|line| line.rsplit_once(" ["));
        timed.map_or(line.as_str(), |(line, _)| line).to_owned()
    };
    lines.iter().map(steady).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn a_caller_vetoes_edits_and_answers_and_the_gate_still_decides() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("main.rs"), "fn main() {}\n").unwrap();
    expect![[r#"
        #1 ⊘ write_file(content='mine now', path='Cargo.lock') → vetoed «lock files are generated»
        #2 ✓ grep(path='.', pattern='fn main') → 1 match
        #3 ⊘ todo(add=["tidy up"]) → denied «nothing in the operator's policy allows this call»
        #4 ✓ think(thought='what next?') → thought about it (answered by caller)
        answered"#]]
    .assert_eq(&steady(&turns::example(dir.path()).await.unwrap()));
}

#[tokio::test]
async fn a_function_is_a_tool() {
    expect![[r"
        #1 ✗ greet(name='') [native] → validation: nobody has no name
        #2 ✓ greet(name='Ada') [native] → greeting: Hello, Ada!
        answered"]]
    .assert_eq(&steady(&native_tool::example().await.unwrap()));
}

#[tokio::test]
async fn a_tool_hands_its_question_to_a_sub_agent() {
    expect![[r#"
        #1 ✓ research(question='the height of Ben Nevis') [native] → 2 keys
           {"answer":"1,345 m","stopped":"text"}
        answered: It is 1,345 m high."#]]
    .assert_eq(&steady(&sub_agent::example().await.unwrap()));
}
