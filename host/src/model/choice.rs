//! What a program may give as a model: one of its own, or the name of one.

use std::sync::Arc;

use super::Model;

/// A model, or its name, which is looked up when the run begins. Cheap to clone.
#[derive(Clone)]
pub enum ModelChoice {
    /// The model.
    Ready(Arc<dyn Model>),
    /// `provider:name`, as in `openai:gpt-5.5`, `ollama:qwen3:8b`, `scripted:FILE`.
    Named(String),
}

/// What can be the model of a run: any [`Model`], one that is shared, or a name.
pub trait IntoModel {
    /// The choice.
    fn into_model(self) -> ModelChoice;
}

impl IntoModel for ModelChoice {
    fn into_model(self) -> ModelChoice {
        self
    }
}

impl<M: Model + 'static> IntoModel for M {
    fn into_model(self) -> ModelChoice {
        ModelChoice::Ready(Arc::new(self))
    }
}

impl<M: Model + 'static> IntoModel for Arc<M> {
    fn into_model(self) -> ModelChoice {
        ModelChoice::Ready(self)
    }
}

impl IntoModel for Arc<dyn Model> {
    fn into_model(self) -> ModelChoice {
        ModelChoice::Ready(self)
    }
}

impl IntoModel for &str {
    fn into_model(self) -> ModelChoice {
        ModelChoice::Named(self.to_owned())
    }
}

impl IntoModel for String {
    fn into_model(self) -> ModelChoice {
        ModelChoice::Named(self)
    }
}

impl IntoModel for &String {
    fn into_model(self) -> ModelChoice {
        ModelChoice::Named(self.clone())
    }
}
