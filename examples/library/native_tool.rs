//! A function of this program as a tool: it passes the gate and meets no wall.

use looplet_host::message::{Failure, FailureKind};
use looplet_host::{HostBuilder, IntoModel, Outcome, Result, Tool};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

/// What the model fills in; the schema is derived.
#[derive(Deserialize, JsonSchema)]
struct Greet {
    /// Who is greeted.
    name: String,
}

pub(crate) async fn run(host: HostBuilder, model: impl IntoModel) -> Result<Outcome> {
    let host = host.build().await?;
    let greet = Tool::native("greet", "Greet someone.", |a: Greet, ctx| async move {
        ctx.log(format!("asked to greet `{}`", a.name));
        if a.name.is_empty() {
            return Err(Failure::new(FailureKind::Validation, "nobody has no name").hint("say whom to greet"));
        }
        Ok(json!({"greeting": format!("Hello, {}!", a.name)}))
    });
    // To register it allows nothing: without the rule each call of it is denied.
    let mut run = host.run("Greet Ada.").model(model).tool(greet).allow("native/greet").start()?;
    while let Some(step) = run.next().await {
        println!("{}", step.pretty());
    }
    Ok(run.finish().await)
}

#[cfg(test)]
mod tests {
    use looplet_host::{Host, Scripted, StopReason};
    use serde_json::json;

    #[tokio::test]
    async fn a_failure_goes_back_to_the_model_and_a_greeting_too() {
        let greet = |name: &str| [("greet", json!({"name": name}))];
        let model = Scripted::calls(greet("")).then_calls(greet("Ada")).then_text("Ada is greeted.");
        let outcome = super::run(Host::ephemeral().plugin("builtin:think"), model).await.unwrap();
        assert_eq!((outcome.stop_reason.clone(), outcome.steps, outcome.denied().len()), (StopReason::Text, 2, 0));
    }
}
