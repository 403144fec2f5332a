//! The model's answer before its calls: refuse one, change one, answer one. The gate decides on what is left.

use looplet_host::{HostBuilder, IntoModel, Outcome, Result};
use serde_json::json;

pub(crate) async fn run(host: HostBuilder, model: impl IntoModel) -> Result<Outcome> {
    let host = host.plugin("builtin:todo").allow("*").build().await?;
    let mut run = host.run("Tidy this directory up.").model(model).start()?;
    while let Some(mut turn) = run.next_turn().await {
        for call in turn.calls_mut() {
            match call.tool() {
                "write_file" if call.str("path").as_deref() == Some("Cargo.lock") => call.veto("it is generated"),
                "grep" => call.edit(|arguments| arguments["max_matches"] = 50.into()),
                "todo" => call.answer(json!({"ok": true})),
                _ => {}
            }
        }
        while let Some(step) = turn.next().await {
            println!("{}", step.pretty());
        }
    }
    Ok(run.finish().await)
}

#[cfg(test)]
mod tests {
    use looplet_host::{Host, Mount, Scripted, StopReason};
    use serde_json::json;

    #[tokio::test]
    async fn a_veto_writes_nothing_and_an_answer_stands_for_the_tool() {
        let dir = tempfile::tempdir().unwrap();
        let host = Host::ephemeral().plugin("builtin:files").mount(Mount::read_write("workspace", dir.path()).unwrap());
        let model = Scripted::calls([
            ("write_file", json!({"path": "Cargo.lock", "content": "x"})),
            ("write_file", json!({"path": "a.txt", "content": "x"})),
            ("todo", json!({"add": ["one"]})),
        ]);
        let outcome = super::run(host, model.then_text("tidy")).await.unwrap();
        assert_eq!((outcome.stop_reason.clone(), outcome.steps), (StopReason::Text, 3));
        let denied: Vec<_> = outcome.denied().iter().map(|call| call.tool.as_str()).collect();
        assert_eq!(denied, ["files/write_file"]);
        assert!(dir.path().join("a.txt").is_file());
        assert!(!dir.path().join("Cargo.lock").exists());
    }
}
