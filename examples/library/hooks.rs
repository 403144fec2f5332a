//! Hooks without a class: closures for the common points, components by name for the rest.

use looplet_host::{HostBuilder, IntoModel, Outcome, Result, ToolAnswer};

pub(crate) async fn run(host: HostBuilder, model: impl IntoModel) -> Result<Outcome> {
    let host = host.hook(r#"builtin:per-tool-limit={"each": 10}"#).allow("files/*").build().await?;
    // In a box of its own, and for this run alone.
    let no_keys = host.component(r#"builtin:redact+edit-results={"patterns": ["sk-[a-z]+"]}"#).await?;
    let run = host
        .run("Say what this directory holds.")
        .model(model)
        .on_pre_tool(|view, _call| match view.steps {
            0..2 => ToolAnswer::pass(),
            _ => ToolAnswer::deny("enough"),
        })
        .on_check_done(|_view, answer| match answer["summary"].as_str() {
            Some(summary) if summary.contains(".md") => Ok(()),
            _ => Err("name your sources"),
        })
        .component(&no_keys)
        .start()?;
    Ok(run.finish().await)
}

#[cfg(test)]
mod tests {
    use looplet_host::{Host, Mount, Scripted, StopReason};
    use serde_json::json;

    #[tokio::test]
    async fn the_third_call_is_denied_and_a_result_without_sources_goes_back() {
        let dir = tempfile::tempdir().unwrap();
        let host = Host::ephemeral().plugin("builtin:files").mount(Mount::read_only("workspace", dir.path()).unwrap());
        let list = || [("list_dir", json!({"path": "."}))];
        let done = |summary: &str| [("done", json!({"summary": summary}))];
        let model = Scripted::calls(list())
            .then_calls(list())
            .then_calls(list())
            .then_calls(done("All of it."))
            .then_calls(done("All of notes.md."));
        let outcome = super::run(host, model).await.unwrap();
        assert_eq!(outcome.denied().len(), 1);
        assert_eq!((outcome.stop_reason, outcome.steps), (StopReason::Done, 5));
    }
}
