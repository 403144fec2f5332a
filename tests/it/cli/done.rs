//! `[agent] done.schema`: what a run has to hand over, from the command line.

use expect_test::expect;

use crate::world::World;

const SCHEMA: &str = r#"{"type":"object","properties":{"title":{"type":"string"},"sources":{"type":"array","minItems":1,"items":{"type":"string"}}},"required":["title","sources"]}"#;
const WRONG: &str = r#"{"calls":[{"tool":"done","arguments":{"title":7,"sources":[]}}]}"#;
const RIGHT: &str = r#"{"calls":[{"tool":"done","arguments":{"title":"Kale","sources":["notes.md"]}}]}"#;
const READ: &str = r#"{"calls":[{"tool":"read_file","arguments":{"path":"notes.md"}}]}"#;
const POLICY: &str = "[agent]\ndone = { required = true, schema = { file = \"report.schema.json\" } }\n";

fn world(schema: &str) -> World {
    World::with_notes().file("policy.toml", POLICY).file("report.schema.json", schema)
}

const RUN: [&str; 7] = ["run", "--model", "scripted:../model.jsonl", "--policy", "policy.toml", "--allow", "files/*"];

fn run(more: &[&'static str]) -> Vec<&'static str> {
    [&RUN[..], &["--workspace", "."], more].concat()
}

#[test]
fn an_answer_that_does_not_fit_is_rejected_with_each_place_and_the_next_one_counts() {
    let world = world(SCHEMA).model(&[WRONG, RIGHT]);
    world.check(&run(&["do it"]), &expect![[r#"
        ── stdout
        {"sources":["notes.md"],"title":"Kale"}
        ── stderr
        model scripted:../model.jsonl (--model)
        workspace [DIR]/project (ro, --workspace)
        policy none written and no terminal to ask at: every call is denied but for `--allow`
        #1 ✗ done(sources=[], title=7) → validation: the arguments of `done` do not fit: `/sources`: [] has less than 1 …
        #2 ✓ done(sources=["notes.md"], title='Kale')
        done · 2 steps · [TIME] · show: looplet-host show [RUN]
        ── exit 0
    "#]]);
}

#[test]
fn a_resumed_run_holds_the_answer_against_the_schema_that_it_began_with() {
    let world = world(SCHEMA).model(&[READ, WRONG, RIGHT]);
    world.run(&run(&["--max-steps", "1", "do it"]));
    world.write("report.schema.json", r#"{"type":"object"}"#);
    world.check(&["resume", "--max-steps", "9"], &expect![[r#"
        ── stdout
        {"sources":["notes.md"],"title":"Kale"}
        ── stderr
        model scripted:../model.jsonl (the run's own)
        workspace [DIR]/project (ro, --workspace)
        policy none written and no terminal to ask at: every call is denied but for `--allow`
        run [RUN] goes on after step 1
        #2 ✗ done(sources=[], title=7) → validation: the arguments of `done` do not fit: `/sources`: [] has less than 1 …
        #3 ✓ done(sources=["notes.md"], title='Kale')
        done · 3 steps · [TIME] · show: looplet-host show [RUN]
        ── exit 0
    "#]]);
}

#[test]
fn a_schema_that_is_none_refuses_to_start_with_its_line() {
    let mut said = String::new();
    for schema in ["{", r#"{"type":"obj"}"#, r#"{"type":"string"}"#, r#"{"type":"object","$ref":"file:///x.json"}"#] {
        said.push_str(&world(schema).model(&[RIGHT]).run(&["check", "--policy", "policy.toml"]).transcript());
    }
    expect![[r#"
        ── stderr
        error: policy.toml:2: the schema of `done` is no JSON: EOF while parsing an object at line 1 column 1
        ── exit 2
        ── stderr
        error: policy.toml:2: the schema of `done` is no JSON Schema: "obj" is not valid under any of the schemas listed in the 'anyOf' keyword
        ── exit 2
        ── stderr
        error: policy.toml:2: the schema of `done` is not one of an object
        hint: `done` is a tool, and takes named arguments: write `"type": "object"` at its top
        ── exit 2
        ── stderr
        error: policy.toml:2: the schema of `done` has `$ref` that leaves the document: `file:///x.json`
        ── exit 2
    "#]].assert_eq(&said);
}
