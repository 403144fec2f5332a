//! Hooks of a simulated run. What one says follows from its seed and from what it is asked, never from
//! what it was asked before: so it says the same to a run that goes on as to one that was not broken off.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use async_trait::async_trait;
use serde_json::{Value, json};

use super::plan::HookPlan;
use crate::canonical::CanonicalJson;
use crate::hook::{
    Answered, CallView, DoneVerdict, Hook, HookFault, ModelVerdict, Point, Points, RequestVerdict, ResultVerdict,
    RunView, StepView, ToolAnswer, ToolVerdict,
};
use crate::message::{Message, Outcome, ToolOutput};
use crate::plugin::PluginState;

pub(super) struct SimHook {
    plan: HookPlan,
    state: PluginState,
}

impl SimHook {
    pub(super) fn new(plan: HookPlan) -> Self {
        Self { plan, state: PluginState::default() }
    }

    /// A number that follows from seed, point and question; none where it has nothing to say.
    fn says(&self, point: Point, asked: impl std::fmt::Display) -> Answered<Option<u64>> {
        let drawn = mix(&format!("{} {point} {asked}", self.plan.seed));
        if drawn % 100 >= self.plan.talks {
            return Ok(None);
        }
        match drawn / 100 % 12 {
            0 => Err(HookFault::new("drawn")),
            other => Ok(Some(other)),
        }
    }

    /// Notes which steps it was told of.
    fn keep(&self, step: u32) {
        let mut entries: BTreeMap<String, String> = self.state.entries();
        let told = entries.entry("told".into()).or_default();
        let _ = write!(told, "{step} ");
        self.state.commit(entries);
    }
}

/// Spreads a text over all numbers (FNV-1a, then a finaliser).
pub(super) fn mix(text: &str) -> u64 {
    let hash = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash ^ (hash >> 33)
}

#[async_trait]
impl Hook for SimHook {
    fn points(&self) -> Points {
        self.plan.points
    }

    fn state(&self) -> Option<&PluginState> {
        Some(&self.state)
    }

    async fn run_start(&self, _: &RunView, task: &str, _: bool) -> Answered<()> {
        self.says(Point::RunStart, task).map(drop)
    }

    async fn should_compact(&self, view: &RunView, _: u64, _: Option<u32>) -> Answered<bool> {
        self.says(Point::ShouldCompact, view.turn).map(|says| says.is_some())
    }

    async fn pre_prompt(&self, view: &RunView) -> Answered<Option<String>> {
        Ok(self.says(Point::PrePrompt, view.turn)?.map(|_| format!("before turn {}", view.turn + 1)))
    }

    async fn pre_model(&self, view: &RunView, _: &str, _: &[Message]) -> Answered<RequestVerdict> {
        Ok(match self.says(Point::PreModel, view.turn)? {
            Some(1) => RequestVerdict { stop: Some("no more requests".into()), ..RequestVerdict::default() },
            Some(2..6) => RequestVerdict { offer_only: Some(vec!["look".into()]), ..RequestVerdict::default() },
            Some(_) => RequestVerdict { add_context: Some("mind the request".into()), ..RequestVerdict::default() },
            None => RequestVerdict::default(),
        })
    }

    async fn post_model(&self, view: &RunView, message: &Message) -> Answered<ModelVerdict> {
        let asked = format!("{} {message:?}", view.turn);
        Ok(match self.says(Point::PostModel, asked)? {
            Some(1 | 2) => ModelVerdict { stop: Some("a bad answer".into()), ..ModelVerdict::default() },
            Some(_) => ModelVerdict { add_context: Some("mind the answer".into()), ..ModelVerdict::default() },
            None => ModelVerdict::default(),
        })
    }

    async fn pre_tool(&self, _: &RunView, call: &CallView) -> Answered<ToolAnswer> {
        let asked = format!("{} {}", call.call.id, call.call.arguments.as_str());
        let answer = match self.says(Point::PreTool, asked)? {
            Some(1 | 2) => ToolAnswer::deny("not this one"),
            Some(3) => ToolVerdict::Ask("sure?".into()).into(),
            Some(4) => ToolAnswer::answer(ToolOutput::text("from a hook")),
            Some(5 | 6) => ToolAnswer::rewrite(rewritten(&call.call.arguments)),
            Some(_) => ToolAnswer::pass().with_context("mind the call"),
            None => ToolAnswer::pass(),
        };
        Ok(answer)
    }

    async fn post_tool(&self, _: &RunView, step: &StepView) -> Answered<ResultVerdict> {
        Ok(match self.says(Point::PostTool, step.number)? {
            Some(1) => ResultVerdict { stop: Some("a bad result".into()), ..ResultVerdict::default() },
            Some(2..6) => ResultVerdict {
                replace: Some(Outcome::Ok(ToolOutput::text("another result"))),
                ..ResultVerdict::default()
            },
            Some(_) => ResultVerdict { add_context: Some("mind the result".into()), ..ResultVerdict::default() },
            None => ResultVerdict::default(),
        })
    }

    async fn post_step(&self, _: &RunView, step: &StepView) -> Answered<()> {
        self.says(Point::PostStep, step.number)?;
        if self.plan.seed.is_multiple_of(2) {
            self.keep(step.number);
        }
        Ok(())
    }

    async fn check_done(&self, view: &RunView, answer: &Value) -> Answered<DoneVerdict> {
        Ok(match self.says(Point::CheckDone, format!("{} {answer}", view.turn))? {
            Some(_) => DoneVerdict::Reject("name your sources".into()),
            None => DoneVerdict::Pass,
        })
    }

    async fn should_stop(&self, view: &RunView) -> Answered<Option<String>> {
        Ok(self.says(Point::ShouldStop, view.steps)?.filter(|drawn| drawn % 2 == 0).map(|_| "enough".into()))
    }

    /// An end that is not the last one comes of an interruption: a hook that failed there would not have failed
    /// in the whole run.
    async fn run_end(&self, _: &RunView, _: &str) -> Answered<()> {
        Ok(())
    }

    /// Observers are told at most once: of what they were not told before a crash, they are not told at all.
    async fn observe(&self, _: &RunView, _: &str, _: &Value) -> Answered<()> {
        Ok(())
    }
}

/// The same call, its fate at the gate left out.
fn rewritten(arguments: &CanonicalJson) -> CanonicalJson {
    let does = arguments.to_value()["do"].clone();
    CanonicalJson::from_value(&json!({ "do": does, "rewritten": true })).expect("has a form")
}
