//! What `#[tool]` makes of a function: the whole description, and what a call answers.

use looplet_guest::contract::{
    ArgumentRole, Capability, Effects, FsMode, FsNeed, Need, ShownArgument, ToolSpec, WishedLimits,
};
use looplet_guest::prelude::*;
use looplet_guest::{Content, Tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

type Answer<T> = std::result::Result<T, Failure>;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Args {
    /// The file.
    path: String,
}

#[derive(Serialize, JsonSchema)]
struct Copied {
    bytes: u32,
}

/// Copy a file.
///
/// It has to be there.
#[looplet_guest::tool(
    name = "copy_file",
    reads,
    writes,
    idempotent,
    uncharged,
    concurrent_safe,
    output_schema,
    needs(fs(workspace, read, "the file you name")),
    needs(fs("my-notes", write, "the copy", optional)),
    show(path = "/path", text = "/path"),
    limits(memory_mib = 128, wall_ms = 30_000)
)]
fn copy(Args { path }: Args) -> Answer<Copied> {
    match path.as_str() {
        "gone" => None.or_not_found(&path),
        _ => Ok(Copied { bytes: 3 }),
    }
}

/// Say the id.
#[looplet_guest::tool]
fn say_id(_: looplet_guest::NoArguments, call: &Call) -> Result<String, std::io::Error> {
    match call.id() {
        "" => Err(std::io::ErrorKind::TimedOut.into()),
        id => Ok(id.to_owned()),
    }
}

/// Nothing to say.
#[looplet_guest::tool(description = "Do nothing.")]
fn nothing() -> Result<Output, Failure> {
    Ok(Output::text("").warn("nothing was done"))
}

fn fs(mount: &str, mode: FsMode, why: &str, optional: bool) -> Need {
    Need { capability: Capability::Fs(FsNeed { mount: mount.into(), mode }), optional, why: why.into() }
}

fn shown(role: ArgumentRole) -> ShownArgument {
    ShownArgument { pointer: "/path".into(), role }
}

#[test]
fn everything_an_author_says_stands_in_the_description() {
    let input = r#"{"additionalProperties":false,"properties":{"path":{"description":"The file.","type":"string"}},"required":["path"],"type":"object"}"#;
    let output = r#"{"properties":{"bytes":{"minimum":0,"type":"integer"}},"required":["bytes"],"type":"object"}"#;
    let expected = ToolSpec {
        name: "copy_file".into(),
        description: "Copy a file.\n\nIt has to be there.".into(),
        input_schema: sorted(input),
        output_schema: Some(sorted(output)),
        effects: Effects::READS | Effects::WRITES | Effects::IDEMPOTENT,
        needs: vec![
            fs("workspace", FsMode::ReadOnly, "the file you name", false),
            fs("my-notes", FsMode::ReadWrite, "the copy", true),
        ],
        limits: Some(WishedLimits { wall_ms: Some(30_000), memory_bytes: Some(134_217_728), output_bytes: None }),
        show: vec![shown(ArgumentRole::Path), shown(ArgumentRole::Text)],
        uncharged: true,
        concurrent_safe: true,
    };
    let mut found = <copy as Tool>::spec();
    found.input_schema = sorted(&found.input_schema);
    found.output_schema = found.output_schema.as_deref().map(sorted);
    assert_eq!(found, expected);
}

/// The order of keys depends on what else is built beside this test.
fn sorted(json: &str) -> String {
    fn sort(value: serde_json::Value) -> serde_json::Value {
        match value {
            serde_json::Value::Object(members) => {
                let mut members: Vec<_> = members.into_iter().map(|(key, member)| (key, sort(member))).collect();
                members.sort_by(|(a, _), (b, _)| a.cmp(b));
                members.into_iter().collect()
            }
            other => other,
        }
    }
    sort(serde_json::from_str(json).expect("a schema is JSON")).to_string()
}

#[test]
fn a_tool_that_claims_nothing_has_the_plainest_description() {
    let expected = ToolSpec {
        name: "nothing".into(),
        description: "Do nothing.".into(),
        input_schema: sorted(r#"{"type":"object","additionalProperties":false}"#),
        output_schema: None,
        effects: Effects::empty(),
        needs: vec![],
        limits: None,
        show: vec![],
        uncharged: false,
        concurrent_safe: false,
    };
    let mut found = <nothing as Tool>::spec();
    found.input_schema = sorted(&found.input_schema);
    assert_eq!(found, expected);
}

fn content<T: Tool>(id: &str, arguments: &str) -> Result<Content, Failure> {
    T::call(&Call::new(id, arguments)).map(|output| output.content().clone())
}

#[test]
fn what_a_function_returns_becomes_content_or_a_failure() {
    assert_eq!(content::<copy>("1", r#"{"path":"a"}"#), Ok(Content::Json("{\"bytes\":3}".into())));
    assert_eq!(content::<copy>("1", r#"{"path":"gone"}"#), Err(Failure::not_found("`gone` does not exist")));
    assert_eq!(content::<say_id>("run-7", "{}"), Ok(Content::Text("run-7".into())));
    assert_eq!(content::<say_id>("", "{}"), Err(Failure::timeout("timed out")));
    assert_eq!(content::<nothing>("1", "{}"), Ok(Content::Text(String::new())));
}

#[test]
fn arguments_that_do_not_fit_are_refused_before_the_function_runs() {
    let said = "the arguments do not fit: missing field `path` at line 1 column 2";
    assert_eq!(content::<copy>("1", "{}"), Err(Failure::validation(said)));
    let said = "the arguments do not fit: unknown field `x`, there are no fields at line 1 column 4";
    assert_eq!(content::<nothing>("1", r#"{"x":1}"#), Err(Failure::validation(said)));
    assert!(content::<copy>("1", "[1,").is_err());
}

looplet_guest::plugin!("sample", tools: [copy, say_id, nothing]);
