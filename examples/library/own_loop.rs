//! Owning the loop: a step at a time, and nothing goes on between two of them.

use looplet_host::{HostBuilder, IntoModel, Outcome, Result};

pub(crate) async fn run(host: HostBuilder, model: impl IntoModel) -> Result<Outcome> {
    let host = host.build().await?;
    let mut run = host.run("What is looplet?").model(model).allow("files/*").max_steps(5).start()?;
    while let Some(step) = run.next().await {
        println!("{}", step.pretty());
        if step.failed() {
            // No model has been asked for what comes behind, and no tool has been started.
            break;
        }
    }
    let outcome = run.finish().await;
    println!("{outcome}");
    Ok(outcome)
}

#[cfg(test)]
mod tests {
    use looplet_host::{Host, Mount, Scripted, StopReason};
    use serde_json::json;

    #[tokio::test]
    async fn the_first_failure_ends_the_loop_and_the_model_is_not_asked_again() {
        let dir = tempfile::tempdir().unwrap();
        let host = Host::ephemeral().plugin("builtin:files").mount(Mount::read_only("workspace", dir.path()).unwrap());
        let missing = || [("read_file", json!({"path": "not-there.md"}))];
        let outcome = super::run(host, Scripted::calls(missing()).then_calls(missing())).await.unwrap();
        assert_eq!((outcome.stop_reason, outcome.steps, outcome.model_calls), (StopReason::StreamClosed, 1, 1));
    }
}
