//! A model of the program's own: it gets the history and proposes; it runs and decides nothing.

use async_trait::async_trait;
use looplet_host::{EventSink, HostBuilder, Model, ModelError, ModelRequest, ModelResponse, Outcome, Result};

struct Counting;

#[async_trait]
impl Model for Counting {
    async fn complete(&self, request: &ModelRequest<'_>, _: &EventSink) -> Result<ModelResponse, ModelError> {
        let (messages, bytes) = (request.messages().len(), request.bytes().len());
        Ok(ModelResponse::text(format!("{messages} messages in {bytes} bytes")))
    }
}

pub(crate) async fn run(host: HostBuilder) -> Result<Outcome> {
    let outcome = host.build().await?.run("How long is this?").model(Counting).start()?.finish().await;
    println!("{}", outcome.text().unwrap_or_default());
    Ok(outcome)
}

#[cfg(test)]
mod tests {
    use looplet_host::Host;

    #[tokio::test]
    async fn it_is_asked_as_any_other() {
        let outcome = super::run(Host::ephemeral().plugin("builtin:files")).await.unwrap();
        assert!(outcome.text().unwrap().starts_with("1 messages in "));
    }
}
