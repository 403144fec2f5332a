//! Models of a run: a name, a model of the program's own, one that is shared.

use std::sync::Arc;

use async_trait::async_trait;
use looplet_host::{EventSink, Model, ModelError, ModelRequest, ModelResponse, Scripted};
use looplet_tests::harness::block_on;
use tempfile::TempDir;

use super::files;

struct Parrot;

#[async_trait]
impl Model for Parrot {
    async fn complete(&self, request: &ModelRequest<'_>, _: &EventSink) -> Result<ModelResponse, ModelError> {
        Ok(ModelResponse::text(format!("{} messages", request.messages().len())))
    }
}

#[test]
fn a_model_is_one_of_the_programs_own_or_shared_or_a_name() {
    let dir = TempDir::new().unwrap();
    let host = block_on(files(dir.path()).build()).unwrap();
    let script = dir.path().join("turns.jsonl");
    std::fs::write(&script, r#"{"text":"from a file"}"#).unwrap();
    let shared: Arc<dyn Model> = Arc::new(Parrot);
    let launches = [
        host.run("x").model(Parrot),
        host.run("x").model(Arc::new(Parrot)),
        host.run("x").model(shared),
        host.run("x").model(Scripted::text("ok")),
        host.run("x").model(format!("scripted:{}", script.display())),
    ];
    let texts = launches.map(|launch| block_on(launch.start().unwrap().finish()).text().unwrap());
    assert_eq!(texts, ["1 messages", "1 messages", "1 messages", "ok", "from a file"]);
}

#[test]
fn a_name_that_is_none_is_an_error_of_the_start() {
    let dir = TempDir::new().unwrap();
    let nothing: [(&str, &str); 0] = [];
    let host = block_on(files(dir.path()).variables(nothing).build()).unwrap();
    let error = |name: &str| host.run("x").model(name).start().err().map(|error| error.to_string());
    let expected = [
        ("gpt-5.5", "program: model `gpt-5.5` names no provider"),
        ("acme:x", "program: model `acme:x`: no provider `acme`"),
        ("openai:gpt-5.5", "model `openai:gpt-5.5` needs a key"),
        ("scripted:nowhere.jsonl", "there is no file `nowhere.jsonl`"),
    ];
    for (name, says) in expected {
        assert_eq!(error(name).as_deref(), Some(says));
    }
    let none = host.run("x").start().err().unwrap();
    assert_eq!(none.message(), "the run has no model");
}

#[test]
fn the_settings_name_the_model_and_what_it_is_told_where_the_program_does_not() {
    let dir = TempDir::new().unwrap();
    let script = dir.path().join("turns.jsonl");
    std::fs::write(&script, r#"{"text":"from the settings"}"#).unwrap();
    let policy = dir.path().join("policy.toml");
    std::fs::write(dir.path().join("notes.md"), "to be read").unwrap();
    let notes = dir.path().join("notes.md").display().to_string();
    let text = format!(
        "[agent]\nsystem = \"Be brief.\"\ncontext = [{notes:?}]\n[model]\nuse = \"scripted:{}\"\n",
        script.display()
    );
    std::fs::write(&policy, text).unwrap();
    let host = block_on(files(dir.path()).policy_file(&policy).build()).unwrap();
    let outcome = block_on(host.run("x").start().unwrap().finish());
    assert_eq!(outcome.text().as_deref(), Some("from the settings"));
    // System text, context and task.
    let outcome = block_on(host.run("x").model(Parrot).start().unwrap().finish());
    assert_eq!(outcome.text().as_deref(), Some("3 messages"));
}
