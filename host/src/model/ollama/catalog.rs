//! What an Ollama server has installed, and what those models can do.
//!
//! For choosing a model and for `doctor`; a run does not need it.

use bytes::Bytes;
use serde_json::Value;

use super::{base, explain};
use crate::model::endpoint::Endpoint;
use crate::model::error::ModelError;
use crate::model::event::EventSink;
use crate::model::http::{Exchange, HttpClient};
use crate::model::{json, refusal};

/// The most models that are asked about, so that a strange server cannot keep the host busy.
const MOST: usize = 200;

/// A model that is installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installed {
    /// Its name with its tag, such as `qwen3:8b`.
    pub name: String,
    /// Whether it can call tools.
    pub tools: bool,
    /// The largest window that it was made for.
    pub context_tokens: Option<u32>,
}

/// All models that are installed, by name.
pub async fn installed(
    http: &HttpClient,
    endpoint: &Endpoint,
    events: &EventSink,
) -> Result<Vec<Installed>, ModelError> {
    let endpoint = base(endpoint.clone());
    let list = ask(http, &endpoint, "tags", "", events).await?;
    let listed = list.get("models").and_then(Value::as_array);
    let names = listed.into_iter().flatten().filter_map(|model| model.get("name")?.as_str());
    let mut models = Vec::new();
    for name in names.take(MOST) {
        let shown = ask(http, &endpoint, "show", name, events).await?;
        models.push(read(name, &shown));
    }
    models.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(models)
}

/// Asks about a model, or with an empty name about all.
async fn ask(
    http: &HttpClient,
    endpoint: &Endpoint,
    what: &str,
    model: &str,
    events: &EventSink,
) -> Result<Value, ModelError> {
    let path = ["api", what];
    let body = (!model.is_empty()).then(|| question(model));
    let exchange = Exchange { provider: "ollama", endpoint, path: &path, key: None, body };
    let answer = http.send(&exchange, events).await.map_err(explain)?;
    refusal::read(&exchange, model, &answer).map_err(explain)
}

fn question(model: &str) -> Bytes {
    let mut out = Vec::new();
    let mut object = json::Object::open(&mut out);
    object.text("model", model);
    object.close();
    out.into()
}

fn read(name: &str, shown: &Value) -> Installed {
    Installed { name: name.to_owned(), tools: can_call_tools(shown), context_tokens: context_tokens(shown) }
}

/// Servers before 0.6.4 list no capabilities; there the prompt's template tells.
fn can_call_tools(shown: &Value) -> bool {
    match shown.get("capabilities").and_then(Value::as_array) {
        Some(capabilities) => capabilities.iter().any(|word| word == "tools"),
        None => shown.get("template").and_then(Value::as_str).is_some_and(|template| template.contains(".Tools")),
    }
}

/// The length stands under the name of the model's architecture.
fn context_tokens(shown: &Value) -> Option<u32> {
    let info = shown.get("model_info")?;
    let architecture = info.get("general.architecture")?.as_str()?;
    let tokens = info.get(format!("{architecture}.context_length"))?.as_u64()?;
    u32::try_from(tokens).ok()
}
