//! The model of a run: what the program gives, else what the settings name.

use std::sync::Arc;

use super::Launch;
use crate::error::{Error, Result};
use crate::machine;
use crate::model::{IntoModel, Model, ModelChoice};

impl Launch {
    /// The model that is asked: any [`Model`], one that is shared, or a name such as `openai:gpt-5.5`,
    /// `ollama:qwen3:8b` or `scripted:FILE`. A name that is none is an error of [`Launch::start`]. Without it
    /// the model is the one that a configuration file names.
    pub fn model(mut self, model: impl IntoModel) -> Self {
        self.model = Some(model.into_model());
        self
    }

    /// The model, its name looked up.
    pub(super) fn chosen_model(&self) -> Result<Arc<dyn Model>> {
        let settings = self.host().settings();
        let (name, place) = match (&self.model, &settings.model.name) {
            (Some(ModelChoice::Ready(model)), _) => return Ok(Arc::clone(model)),
            (Some(ModelChoice::Named(name)), _) => (name, None),
            (None, Some(written)) => (&written.value, Some(&written.origin)),
            (None, None) => {
                return Err(Error::usage("the run has no model").hint("`.model(…)` takes one, or its name"));
            }
        };
        let around = self.host().0.around.as_ref().ok_or_else(|| {
            Error::usage(format!(
                "model `{name}` cannot be looked up: this host was put together without an environment"
            ))
            .hint("use `Host::builder`, or give the model itself")
        })?;
        machine::named(&around.machine, settings, name, place)
    }
}
