//! Exports every hook point, counts and logs the calls of each, and does one thing at one of them, as its
//! settings say: trap, hang, grow, or give any verdict that the point has.

mod misdeed;
mod report;
mod settings;
mod visit;

use looplet_guest::hook::{FsMode, Place};
use looplet_guest::prelude::*;
use settings::Settings;
use visit::Visit;

#[looplet_guest::hook]
fn run_start(view: &RunView, task: &Json, resumed: bool) -> Result<(), Failure> {
    Visit::new("run-start", view, None, &format!(", resumed {resumed}, task {}", task.as_str())).map(drop)
}

#[looplet_guest::hook]
fn should_compact(view: &RunView, estimated_tokens: u32, window_tokens: Option<u32>) -> Result<bool, Failure> {
    let detail = format!(", estimated {estimated_tokens}, window {window_tokens:?}");
    Ok(Visit::new("should-compact", view, None, &detail)?.action() == "compact")
}

#[looplet_guest::hook]
fn pre_prompt(view: &RunView) -> Result<Option<String>, Failure> {
    Ok(Visit::new("pre-prompt", view, None, "")?.said("add-context"))
}

#[looplet_guest::hook]
fn pre_model(view: &RunView, model: &str, added: &Json) -> Result<RequestVerdict, Failure> {
    let visit = Visit::new("pre-model", view, None, &format!(", model {model}, {} bytes", added.as_str().len()))?;
    Ok(match visit.action() {
        "offer-only" => RequestVerdict::pass().offer_only(visit.settings().words()),
        "use-model" => RequestVerdict::pass().use_model(visit.settings().text()),
        "stop" => RequestVerdict::pass().stop(visit.settings().text()),
        _ => RequestVerdict { add_context: visit.said("add-context"), ..RequestVerdict::pass() },
    })
}

#[looplet_guest::hook]
fn post_model(view: &RunView, message: &Json) -> Result<ModelVerdict, Failure> {
    let visit = Visit::new("post-model", view, None, &format!(", {} bytes", message.as_str().len()))?;
    Ok(match visit.action() {
        "stop" => ModelVerdict::pass().stop(visit.settings().text()),
        _ => ModelVerdict { add_context: visit.said("add-context"), ..ModelVerdict::pass() },
    })
}

#[looplet_guest::hook]
fn pre_tool(view: &RunView, call: &CallView) -> Result<Verdict, Failure> {
    let detail = format!(
        ", {}({}), changes nothing {}, repeatable {}, reach of {}",
        call.name(),
        call.call.arguments,
        call.changes_nothing,
        call.repeatable,
        call.reach.len()
    );
    let visit = Visit::new("pre-tool", view, Some(call.tool()), &detail)?;
    let text = visit.settings().text();
    Ok(match visit.action() {
        "ask" => Verdict::ask(text),
        "deny" => Verdict::deny(text),
        "rewrite" => Verdict::rewrite(&Json::new(text).to::<looplet_guest::Value>()?)?,
        "rewrite badly" => Verdict::rewrite(text)?,
        "answer" => Verdict::answer(text),
        "narrow" => Verdict::pass().narrow_to(places(visit.settings())?),
        _ => match visit.said("add-context") {
            Some(said) => Verdict::pass().add_context(said),
            None => Verdict::pass(),
        },
    })
}

#[looplet_guest::hook]
fn post_tool(view: &RunView, step: &StepView) -> Result<ResultVerdict, Failure> {
    let visit = Visit::new("post-tool", view, Some(step.tool()), &of_step(step))?;
    Ok(match visit.action() {
        "replace" => ResultVerdict::pass().replace(Outcome::answered(visit.settings().text())),
        "replace by failure" => {
            ResultVerdict::pass().replace(Outcome::Failed(Failure::execution(visit.settings().text()).into()))
        }
        "stop" => ResultVerdict::pass().stop(visit.settings().text()),
        _ => ResultVerdict { add_context: visit.said("add-context"), ..ResultVerdict::pass() },
    })
}

#[looplet_guest::hook]
fn post_step(view: &RunView, step: &StepView) -> Result<(), Failure> {
    Visit::new("post-step", view, Some(step.tool()), &of_step(step)).map(drop)
}

#[looplet_guest::hook]
fn check_done(view: &RunView, answer: &Json) -> Result<DoneVerdict, Failure> {
    let visit = Visit::new("check-done", view, None, &format!(", {}", answer.as_str()))?;
    Ok(visit.said("reject").map_or_else(DoneVerdict::pass, DoneVerdict::reject))
}

#[looplet_guest::hook]
fn should_stop(view: &RunView) -> Result<Option<String>, Failure> {
    Ok(Visit::new("should-stop", view, None, "")?.said("stop"))
}

#[looplet_guest::hook]
fn run_end(view: &RunView, stop_reason: &str) -> Result<(), Failure> {
    Visit::new("run-end", view, None, &format!(", {stop_reason}")).map(drop)
}

#[looplet_guest::hook]
fn observe(view: &RunView, name: &str, data: &Json) -> Result<(), Failure> {
    Visit::new("observe", view, None, &format!(", {name}, {} bytes", data.as_str().len())).map(drop)
}

fn of_step(step: &StepView) -> String {
    let how = match &step.outcome {
        Outcome::Ok(_) => "ok",
        Outcome::Failed(_) => "failed",
        Outcome::Denied(_) => "denied",
        Outcome::Aborted(_) => "aborted",
    };
    format!(", #{} {} {how}: {}", step.number, step.name(), step.outcome.text())
}

fn places(settings: &Settings) -> Result<Vec<Place>, Failure> {
    let place = |word: &str| {
        let mut parts = word.split(':');
        let (Some(mount), Some(path), Some(mode)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(Failure::validation(format!("`{word}` is no place")));
        };
        let mode = if mode == "rw" { FsMode::ReadWrite } else { FsMode::ReadOnly };
        Ok(Place::fs(mount, path, mode))
    };
    settings.words().map(place).collect()
}

looplet_guest::plugin!(
    "hook-probe",
    hooks: [
        run_start, should_compact, pre_prompt, pre_model, post_model, pre_tool, post_tool, post_step, check_done,
        should_stop, run_end, observe,
    ],
    settings: Settings,
);
