//! Hooks that are one function: for the common points, without a type of one's own.

use async_trait::async_trait;
use serde_json::Value;

use super::answer::{DoneVerdict, ResultVerdict, ToolAnswer};
use super::view::{CallView, RunView, StepView};
use super::{Answered, Hook, Point, Points};

/// A closure before tools.
pub struct OnPreTool<F>(pub F);
/// A closure after tools.
pub struct OnPostTool<F>(pub F);
/// A closure after recorded steps.
pub struct OnPostStep<F>(pub F);
/// A closure before requests are built.
pub struct OnPrePrompt<F>(pub F);
/// A closure on the model's word that it is done.
pub struct OnCheckDone<F>(pub F);
/// A closure between calls and turns.
pub struct OnShouldStop<F>(pub F);

#[async_trait]
impl<F: Fn(&RunView, &CallView) -> ToolAnswer + Send + Sync> Hook for OnPreTool<F> {
    fn points(&self) -> Points {
        Points::of([Point::PreTool])
    }

    async fn pre_tool(&self, view: &RunView, call: &CallView) -> Answered<ToolAnswer> {
        Ok(self.0(view, call))
    }
}

#[async_trait]
impl<F: Fn(&RunView, &StepView) -> ResultVerdict + Send + Sync> Hook for OnPostTool<F> {
    fn points(&self) -> Points {
        Points::of([Point::PostTool])
    }

    async fn post_tool(&self, view: &RunView, step: &StepView) -> Answered<ResultVerdict> {
        Ok(self.0(view, step))
    }
}

#[async_trait]
impl<F: Fn(&RunView, &StepView) + Send + Sync> Hook for OnPostStep<F> {
    fn points(&self) -> Points {
        Points::of([Point::PostStep])
    }

    async fn post_step(&self, view: &RunView, step: &StepView) -> Answered<()> {
        self.0(view, step);
        Ok(())
    }
}

#[async_trait]
impl<F: Fn(&RunView) -> Option<String> + Send + Sync> Hook for OnPrePrompt<F> {
    fn points(&self) -> Points {
        Points::of([Point::PrePrompt])
    }

    async fn pre_prompt(&self, view: &RunView) -> Answered<Option<String>> {
        Ok(self.0(view))
    }
}

#[async_trait]
impl<F: Fn(&RunView, &Value) -> Result<(), String> + Send + Sync> Hook for OnCheckDone<F> {
    fn points(&self) -> Points {
        Points::of([Point::CheckDone])
    }

    async fn check_done(&self, view: &RunView, answer: &Value) -> Answered<DoneVerdict> {
        Ok(match self.0(view, answer) {
            Ok(()) => DoneVerdict::Pass,
            Err(reason) => DoneVerdict::Reject(reason),
        })
    }
}

#[async_trait]
impl<F: Fn(&RunView) -> Option<String> + Send + Sync> Hook for OnShouldStop<F> {
    fn points(&self) -> Points {
        Points::of([Point::ShouldStop])
    }

    async fn should_stop(&self, view: &RunView) -> Answered<Option<String>> {
        Ok(self.0(view))
    }
}
