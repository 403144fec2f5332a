//! A tool that hands its question to a sub-agent: a run inside the call, with a part of what the run has left.

use looplet_host::{CallContext, HostBuilder, IntoModel, Outcome, Result, Tool};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

/// What the model fills in.
#[derive(Deserialize, JsonSchema)]
struct Ask {
    /// What is to be looked up.
    question: String,
}

pub(crate) async fn run(host: HostBuilder, model: impl IntoModel) -> Result<Outcome> {
    let host = host.allow("files/read_file").allow("native/research").build().await?;
    let research = Tool::native("research", "Look something up.", |a: Ask, ctx: CallContext| async move {
        let child = ctx.child(&a.question).system("Answer in one line.").tools(["files/read_file"]);
        let out = child.max_steps(6).budget_share(0.25).start()?.finish().await;
        Ok(json!({"answer": out.output, "stopped": out.stop_reason}))
    });
    let mut run = host.run("What is this project about?").model(model).tool(research).start()?;
    while let Some(step) = run.next().await {
        println!("{}", step.pretty());
    }
    Ok(run.finish().await)
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use looplet_host::message::Message;
    use looplet_host::{EventSink, Host, Model, ModelError, ModelRequest, ModelResponse, Mount, Scripted};
    use serde_json::json;

    /// Plays both parts: a task that the agent was given, and what the sub-agent is asked.
    struct Both {
        agent: Scripted,
        sub_agent: Scripted,
    }

    #[async_trait]
    impl Model for Both {
        async fn complete(&self, request: &ModelRequest<'_>, events: &EventSink) -> Result<ModelResponse, ModelError> {
            let is_sub_agent = |message: &Message| *message == Message::System { text: "Answer in one line.".into() };
            let model = if request.messages().iter().any(is_sub_agent) { &self.sub_agent } else { &self.agent };
            model.complete(request, events).await
        }
    }

    #[tokio::test]
    async fn the_sub_agent_reads_and_its_answer_is_the_result_of_the_call() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("notes.md"), "Boats.\n").unwrap();
        let host = Host::ephemeral().plugin("builtin:files").mount(Mount::read_only("workspace", dir.path()).unwrap());
        let agent = Scripted::calls([("research", json!({"question": "what do the notes say?"}))]);
        let sub_agent = Scripted::calls([("read_file", json!({"path": "notes.md"}))]);
        let model = Both { agent: agent.then_text("It is about boats."), sub_agent: sub_agent.then_text("boats") };
        let outcome = super::run(host, model).await.unwrap();
        assert_eq!(outcome.text().as_deref(), Some("It is about boats."));
        assert_eq!((outcome.steps, outcome.denied().len()), (1, 0));
    }
}
