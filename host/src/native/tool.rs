//! A Rust function as a tool.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::context::CallContext;
use super::schema;
use crate::canonical::CanonicalJson;
use crate::message::{Failure, FailureKind, ToolOutput};
use crate::plugin::{Effects, Schema, ToolSpec};

/// What a call of it comes to.
pub(crate) type Called = Pin<Box<dyn Future<Output = Result<ToolOutput, Failure>> + Send>>;

/// A tool of the embedding program. Cheap to clone.
///
/// ```
/// use looplet_host::native::Tool;
/// use serde_json::json;
///
/// #[derive(serde::Deserialize, schemars::JsonSchema)]
/// struct Greet {
///     /// Who is greeted.
///     name: String,
/// }
///
/// let greet = Tool::native("greet", "Greet someone.", |a: Greet, _ctx| async move {
///     Ok(json!({ "greeting": format!("Hello, {}!", a.name) }))
/// });
/// assert_eq!(greet.name(), "greet");
/// ```
///
/// The function runs on the threads of the runtime: one that blocks or computes for long belongs into
/// `tokio::task::spawn_blocking`, since a future can be stopped only where it waits.
#[derive(Clone)]
pub struct Tool {
    name: String,
    description: String,
    /// The schema, or why there is none.
    schema: Result<CanonicalJson, String>,
    wall: Duration,
    run: Arc<dyn Fn(Value, CallContext) -> Called + Send + Sync>,
}

impl Tool {
    /// The plugin that rules name it by: `native/NAME`.
    pub const PLUGIN: &str = "native";

    /// How long a call may take where the program says nothing else.
    pub const WALL: Duration = Duration::from_mins(1);

    /// A tool from a function. The schema of its arguments is that of `A`; `description` is for the model.
    ///
    /// A failure is told to the model as it is. A name that is none, and a type without a schema, are
    /// errors when a run begins.
    pub fn native<A, O, F, Fut>(name: impl Into<String>, description: impl Into<String>, run: F) -> Self
    where
        A: DeserializeOwned + JsonSchema,
        O: Into<ToolOutput>,
        F: Fn(A, CallContext) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<O, Failure>> + Send + 'static,
    {
        let call = move |arguments: Value, context: CallContext| -> Called {
            match serde_json::from_value::<A>(arguments) {
                Ok(arguments) => {
                    let running = run(arguments, context);
                    Box::pin(async move { running.await.map(Into::into) })
                }
                Err(fault) => {
                    let message = format!("the arguments are not what the tool takes: {fault}");
                    Box::pin(std::future::ready(Err(Failure::new(FailureKind::Validation, message))))
                }
            }
        };
        Self {
            name: name.into(),
            description: description.into(),
            schema: schema::of_arguments::<A>().map_err(|fault| format!("has no canonical form: {fault}")),
            wall: Self::WALL,
            run: Arc::new(call),
        }
    }

    /// How long a call may take. Time in which a sub-agent of it is at work does not count.
    pub fn wall(mut self, wall: Duration) -> Self {
        self.wall = wall;
        self
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn wall_time(&self) -> Duration {
        self.wall
    }

    pub(crate) fn call(&self, arguments: Value, context: CallContext) -> Called {
        (self.run)(arguments, context)
    }

    /// What it says of itself, in the form of a plugin's tool. The error is a clause.
    pub(crate) fn spec(&self) -> Result<ToolSpec, String> {
        if !is_name(&self.name) {
            return Err("has a name that is not of the form `[a-z][a-z0-9_]*`".to_owned());
        }
        let input_schema = self.schema.clone().map_err(|why| format!("has an input schema that {why}"))?;
        Schema::compile(&input_schema).map_err(|why| format!("has an input schema that {why}"))?;
        if input_schema.to_value().get("type").and_then(Value::as_str) != Some("object") {
            return Err("takes arguments that are no object: derive `JsonSchema` for a struct".to_owned());
        }
        Ok(ToolSpec {
            name: self.name.clone(),
            description: self.description.clone(),
            input_schema,
            output_schema: None,
            effects: Effects::default(),
            needs: Vec::new(),
            limits: None,
            show: Vec::new(),
            uncharged: false,
            concurrent_safe: false,
        })
    }
}

fn is_name(text: &str) -> bool {
    text.len() <= 64
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

#[cfg(test)]
mod tests {
    use schemars::JsonSchema;
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize, JsonSchema)]
    #[expect(dead_code, reason = "only its schema is looked at")]
    struct Look {
        /// Where.
        place: String,
        depth: Option<u32>,
    }

    fn tool(name: &str) -> Tool {
        Tool::native(name, "Look.", |_: Look, _| async { Ok("seen") })
    }

    #[test]
    fn the_schema_is_that_of_the_type() {
        let spec = tool("look").spec().expect("is a tool");
        let expected = r#"{"properties":{"depth":{"minimum":0,"type":["integer","null"]},"place":{"description":"Where.","type":"string"}},"required":["place"],"type":"object"}"#;
        assert_eq!(spec.input_schema.as_str(), expected);
    }

    #[test]
    fn what_is_no_tool_says_why() {
        let why = |tool: Tool| tool.spec().expect_err("is no tool");
        assert_eq!(why(tool("Look at")), "has a name that is not of the form `[a-z][a-z0-9_]*`");
        let bare = Tool::native("look", "Look.", |_: String, _| async { Ok("seen") });
        assert_eq!(why(bare), "takes arguments that are no object: derive `JsonSchema` for a struct");
    }
}
