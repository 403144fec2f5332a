//! A result of the program's own type: its schema is what the model has to fill in.

use looplet_host::{Error, HostBuilder, IntoModel, Result};
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Debug, Deserialize, JsonSchema, PartialEq)]
pub(crate) struct Report {
    /// One sentence.
    title: String,
    /// The files that were read.
    sources: Vec<String>,
}

pub(crate) async fn run(host: HostBuilder, model: impl IntoModel) -> Result<Report> {
    let host = host.allow("files/*").build().await?;
    let run = host.run("What is this project about?").model(model).done::<Report>().start()?;
    // The error holds how the run ended.
    let report = run.finish_as::<Report>().await.map_err(|ended| Error::failed(ended.to_string()))?;
    println!("{report:?}");
    Ok(report)
}

#[cfg(test)]
mod tests {
    use looplet_host::{Host, Scripted};
    use serde_json::json;

    #[tokio::test]
    async fn what_does_not_fit_goes_back_until_it_does() {
        let model = Scripted::calls([("done", json!({"title": "Kale"}))])
            .then_calls([("done", json!({"title": "Kale", "sources": ["notes.md"]}))]);
        let report = super::run(Host::ephemeral().plugin("builtin:files"), model).await.unwrap();
        assert_eq!(report, super::Report { title: "Kale".into(), sources: vec!["notes.md".into()] });
    }

    #[tokio::test]
    async fn a_run_that_ends_without_a_result_says_how() {
        let model = Scripted::text("no").then_text("still no");
        let error = super::run(Host::ephemeral().plugin("builtin:files"), model).await.unwrap_err();
        assert!(error.message().starts_with("the run gave no result: stopped: the model did not call `done`"));
    }
}
