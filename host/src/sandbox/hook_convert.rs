//! Between the nouns of the hook points and those of the host: what hooks are shown, and what they answer.

use super::bindings::looplet::plugin::{common, hook_types, needs};
use super::convert;
use super::limits::Limits;
use super::output::{self, cut_and_clean};
use crate::canonical::CanonicalJson;
use crate::hook::{
    CallView, DoneVerdict, ModelVerdict, RequestVerdict, ResultVerdict, RunView, StepView, ToolAnswer, ToolVerdict,
};
use crate::message::{Content, Failure, FailureKind, Outcome, ToolOutput};
use crate::need::{FsMode, Place};

/// How long a text for the next request may be, in bytes.
const TEXT_BYTES: usize = 16 << 10;
/// How many places a narrowing may name.
const PLACES: usize = 1024;
/// How long their names may be together, in bytes.
const PLACES_BYTES: usize = 64 << 10;

fn small(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

pub(super) fn to_view(view: &RunView) -> hook_types::RunView {
    hook_types::RunView {
        run_id: view.run.to_string(),
        turn: view.turn,
        steps: view.steps,
        steps_left: view.steps_left,
        tool_calls: view.tool_calls,
        input_tokens: small(view.input_tokens),
        output_tokens: small(view.output_tokens),
        cost_micro_usd: small(view.cost_micro_usd),
        active_ms: small(view.active_ms),
    }
}

pub(super) fn to_call(call: &CallView) -> hook_types::CallView {
    hook_types::CallView {
        plugin: call.plugin.clone(),
        call: convert::to_call(&call.call),
        changes_nothing: call.changes_nothing,
        repeatable: call.repeatable,
        reach: call.reach.iter().map(to_place).collect(),
    }
}

pub(super) fn to_step(step: &StepView) -> hook_types::StepView {
    hook_types::StepView {
        number: step.number,
        plugin: step.plugin.clone(),
        call: convert::to_call(&step.call),
        outcome: to_outcome(&step.outcome),
        duration_ms: step.duration_ms,
    }
}

fn to_outcome(outcome: &Outcome) -> hook_types::Outcome {
    match outcome {
        Outcome::Ok(output) => hook_types::Outcome::Ok(to_output(output)),
        Outcome::Failed(failure) => hook_types::Outcome::Failed(to_failure(failure)),
        Outcome::Denied(reason) => hook_types::Outcome::Denied(reason.clone()),
        Outcome::Aborted(failure) => hook_types::Outcome::Aborted(to_failure(failure)),
    }
}

fn to_output(output: &ToolOutput) -> common::ToolOutput {
    common::ToolOutput {
        content: match &output.content {
            Content::Text(text) => common::Content::Text(text.clone()),
            Content::Json(value) => common::Content::Json(value.to_string()),
        },
        attachments: output
            .attachments
            .iter()
            .map(|attachment| common::Attachment {
                media_type: attachment.media_type.clone(),
                name: attachment.name.clone(),
                bytes: attachment.bytes.clone(),
            })
            .collect(),
        warnings: output.warnings.clone(),
    }
}

fn to_failure(failure: &Failure) -> common::Failure {
    common::Failure {
        kind: match failure.kind {
            FailureKind::Validation => common::FailureKind::Validation,
            FailureKind::NotFound => common::FailureKind::NotFound,
            FailureKind::PermissionDenied => common::FailureKind::PermissionDenied,
            FailureKind::Timeout => common::FailureKind::Timeout,
            FailureKind::Network => common::FailureKind::Network,
            FailureKind::RateLimit => common::FailureKind::RateLimit,
            FailureKind::Cancelled => common::FailureKind::Cancelled,
            FailureKind::Execution => common::FailureKind::Execution,
        },
        message: failure.message.clone(),
        retriable: failure.retriable,
        hint: failure.hint.clone(),
    }
}

fn to_place(place: &Place) -> needs::Place {
    match place {
        Place::Fs { mount, path, mode } => needs::Place::Fs(needs::FsPlace {
            mount: mount.clone(),
            path: path.clone(),
            mode: match mode {
                FsMode::ReadOnly => needs::FsMode::ReadOnly,
                FsMode::ReadWrite => needs::FsMode::ReadWrite,
            },
        }),
        Place::Http(pattern) => needs::Place::Http(pattern.clone()),
        Place::Env(name) => needs::Place::Env(name.clone()),
        Place::Secret(name) => needs::Place::Secret(name.clone()),
        Place::Process(name) => needs::Place::Process(name.clone()),
        Place::Model => needs::Place::Model,
        Place::Other(name) => needs::Place::Other(name.clone()),
    }
}

fn place(place: needs::Place) -> Place {
    match place {
        needs::Place::Fs(place) => {
            Place::Fs { mount: place.mount, path: place.path, mode: convert::fs_mode(place.mode) }
        }
        needs::Place::Http(pattern) => Place::Http(pattern),
        needs::Place::Env(name) => Place::Env(name),
        needs::Place::Secret(name) => Place::Secret(name),
        needs::Place::Process(name) => Place::Process(name),
        needs::Place::Model => Place::Model,
        needs::Place::Other(name) => Place::Other(name),
    }
}

/// The places of a narrowing. They stand in the record, so there is an end to them.
fn places(places: Vec<needs::Place>) -> Result<Vec<Place>, String> {
    let places: Vec<Place> = places.into_iter().take(PLACES + 1).map(place).collect();
    if places.len() > PLACES {
        return Err(format!("it narrowed to more than {PLACES} places"));
    }
    match places.iter().map(|place| place.to_string().len()).sum::<usize>() {
        bytes if bytes > PLACES_BYTES => Err(format!("it narrowed to places of {bytes} bytes")),
        _ => Ok(places),
    }
}

pub(super) fn text(text: Option<String>) -> Option<String> {
    text.map(|text| cut_and_clean(text, TEXT_BYTES))
}

fn reason(reason: String) -> String {
    cut_and_clean(reason, Limits::HINT_BYTES)
}

pub(super) fn request(verdict: hook_types::RequestVerdict) -> RequestVerdict {
    RequestVerdict {
        offer_only: verdict.offer_only,
        use_model: verdict.use_model.map(reason),
        add_context: text(verdict.add_context),
        stop: verdict.stop.map(reason),
    }
}

pub(super) fn model(verdict: hook_types::ModelVerdict) -> ModelVerdict {
    ModelVerdict { add_context: text(verdict.add_context), stop: verdict.stop.map(reason) }
}

pub(super) fn done(verdict: hook_types::DoneVerdict) -> DoneVerdict {
    match verdict {
        hook_types::DoneVerdict::Pass => DoneVerdict::Pass,
        hook_types::DoneVerdict::Reject(why) => DoneVerdict::Reject(reason(why)),
    }
}

/// The error is a clause about what is no answer.
pub(super) fn answer(answer: hook_types::ToolAnswer, most: usize) -> Result<ToolAnswer, String> {
    let verdict = match answer.verdict {
        hook_types::ToolVerdict::Pass => ToolVerdict::Pass,
        hook_types::ToolVerdict::Ask(why) => ToolVerdict::Ask(reason(why)),
        hook_types::ToolVerdict::Deny(why) => ToolVerdict::Deny(reason(why)),
        hook_types::ToolVerdict::Rewrite(arguments) => {
            if !Limits::fits_arguments(arguments.len()) {
                return Err(format!("it rewrote the arguments to {} bytes", arguments.len()));
            }
            let fault = |fault| format!("it rewrote the arguments to what is no JSON: {fault}");
            ToolVerdict::Rewrite(CanonicalJson::from_text(&arguments).map_err(fault)?)
        }
        hook_types::ToolVerdict::Answer(output) => ToolVerdict::Answer(bounded(output, most)?),
    };
    let narrow = answer.narrow.map(places).transpose()?;
    Ok(ToolAnswer { verdict, narrow, add_context: text(answer.add_context) })
}

/// The error is a clause about what is no answer.
pub(super) fn result(verdict: hook_types::ResultVerdict, most: usize) -> Result<ResultVerdict, String> {
    let replace = match verdict.replace {
        None => None,
        Some(hook_types::Outcome::Ok(output)) => Some(Outcome::Ok(bounded(output, most)?)),
        Some(hook_types::Outcome::Failed(failure)) => Some(Outcome::Failed(convert::failure(failure))),
        Some(hook_types::Outcome::Denied(why)) => Some(Outcome::Denied(reason(why))),
        Some(hook_types::Outcome::Aborted(failure)) => Some(Outcome::Aborted(convert::failure(failure))),
    };
    Ok(ResultVerdict { replace, add_context: text(verdict.add_context), stop: verdict.stop.map(reason) })
}

fn bounded(output: common::ToolOutput, most: usize) -> Result<ToolOutput, String> {
    output::bounded(output, most).map_err(|failure| failure.message)
}
