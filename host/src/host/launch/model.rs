//! The model of a run: what the program gives, else what the settings name.

use std::sync::Arc;

use super::{Launch, Made};
use crate::budget::Budget;
use crate::error::{Error, Result};
use crate::machine;
use crate::model::{IntoModel, Model, ModelChoice, Price};

impl Launch {
    /// The model that is asked: any [`Model`], one that is shared, or a name such as `openai:gpt-5.5`,
    /// `ollama:qwen3:8b` or `scripted:FILE`. A name that is none is an error of [`Launch::start`]. Without it
    /// the model is the one that a configuration file names.
    pub fn model(mut self, model: impl IntoModel) -> Self {
        self.model = Some(model.into_model());
        self
    }

    /// What the model costs, as far as anybody says.
    pub(super) fn price_of(&self, model: &dyn Model) -> Option<Price> {
        let (provider, name) = model.name().split_once(':').unwrap_or((model.name(), ""));
        let written = || self.host().settings().providers.get(provider)?.prices.get(name).copied();
        model.price().or_else(written)
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

impl Made {
    /// A bound on money that nobody could count would be none.
    pub(super) fn check_priced(&self, budget: &Budget) -> Result<()> {
        if budget.cost_micro_usd.is_none() || self.price.is_some() {
            return Ok(());
        }
        let name = self.model.name();
        let (provider, model) = name.split_once(':').unwrap_or((name, "…"));
        Err(Error::usage(format!("the run has a budget of money, and nobody says what `{name}` costs")).hint(format!(
            "in your own looplet.toml, in US dollars for a million tokens:\n  [providers.{provider}.prices]\n  \
             \"{model}\" = {{ input = …, cached = …, output = … }}"
        )))
    }
}
