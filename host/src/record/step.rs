//! A step: one tool call with its recorded result, and the one line that people read about it.
//!
//! Steps are a fold of records, so that a live run, `show` and a replay print the same lines.

use crate::origin::Origin;
use crate::permission::{Decision, ToolKind};
use crate::record::words::count;
use crate::refusal::Refusal;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Approval, Body, CallDecided, CallEnded, DeniedBy, MatchedRule, Progress, Record, Ruling, StderrTail, Used, cut,
    inert,
};
use crate::canonical::CanonicalJson;
use crate::message::{Content, Failure, FailureKind, Outcome};

/// One tool call with its recorded result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// From 1; goes on after a resume.
    pub number: u32,
    /// The turn that proposed it, from 1.
    pub turn: u32,
    /// The operator's name for the plugin; none for what is built in and for names that no tool has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plugin: Option<String>,
    /// The tool's own name.
    pub tool: String,
    /// What stands behind the tool.
    #[serde(default, skip_serializing_if = "ToolKind::is_component")]
    pub kind: ToolKind,
    /// The final arguments.
    pub arguments: CanonicalJson,
    /// How it ended.
    pub outcome: Outcome,
    /// How long the tool ran, in microseconds; none if it did not run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_us: Option<u64>,
    /// Who settled what becomes of it.
    pub decided_by: DecidedBy,
    /// What the call tried and did not get.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refusals: Vec<Refusal>,
    /// What it used up.
    #[serde(default)]
    pub used: Used,
    /// The end of its standard error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stderr: Option<StderrTail>,
    /// Its last words on how far it was.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub progress: Vec<Progress>,
    /// Names of calls of the same answer that are not run because this one ended the run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_run: Vec<String>,
}

/// Who settled what becomes of a call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecidedBy {
    /// The rule that counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<MatchedRule>,
    /// The answer to an ask.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<Approval>,
    /// Who denied it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub denied: Option<DeniedBy>,
    /// Who answered instead of the tool: `host`, `caller`, the name of a hook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered: Option<String>,
}

impl Step {
    fn new(turn: u32, decided: &CallDecided, ended: Option<&CallEnded>, not_run: Vec<String>) -> Option<Self> {
        let outcome = ended.map(|ended| ended.outcome.clone()).or_else(|| decided.outcome())?;
        let (plugin, tool) = match decided.tool.split_once('/') {
            Some((plugin, tool)) => (Some(plugin.to_owned()), tool.to_owned()),
            None => (None, decided.tool.clone()),
        };
        Some(Self {
            number: decided.step,
            turn,
            plugin,
            tool,
            kind: decided.kind,
            arguments: decided.arguments.clone(),
            outcome,
            duration_us: ended.map(|ended| ended.duration_us),
            decided_by: DecidedBy {
                rule: decided.settled_by().cloned(),
                approval: decided.approval.clone(),
                denied: DeniedBy::of(decided),
                answered: match &decided.ruling {
                    Ruling::Answered { by, .. } => Some(by.clone()),
                    _ => None,
                },
            },
            refusals: ended.map(|ended| ended.refusals.clone()).unwrap_or_default(),
            used: ended.map(|ended| ended.used).unwrap_or_default(),
            stderr: ended.and_then(|ended| ended.stderr.clone()),
            progress: ended.map(|ended| ended.progress.clone()).unwrap_or_default(),
            not_run,
        })
    }

    /// Whether it did anything but succeed.
    pub fn failed(&self) -> bool {
        !self.outcome.is_ok()
    }

    /// The step in one line, without live control characters: `#1 ✓ list_dir(path='.') → 3 entries [1ms]`.
    /// What is no component is marked: `#2 ✓ greet(name='Ada') [native] → Hello, Ada! [0ms]`.
    pub fn pretty(&self) -> String {
        let mut line = self.head();
        if let Some(duration_us) = self.duration_us {
            let _ = write!(line, " [{}ms]", duration_us / 1000);
        }
        line
    }

    /// The line of [`Step::pretty`] without the duration.
    pub(super) fn head(&self) -> String {
        let mark = match self.outcome {
            Outcome::Ok(_) => '✓',
            Outcome::Denied(_) => '⊘',
            Outcome::Failed(_) | Outcome::Aborted(_) => '✗',
        };
        let mut line = format!("#{} {mark} {}({})", self.number, cut(&self.tool, 64), arguments(&self.arguments));
        if self.kind != ToolKind::Component {
            let _ = write!(line, " [{}]", self.kind.as_str());
        }
        let tail = self.tail();
        if !tail.is_empty() {
            let _ = write!(line, " → {tail}");
        }
        line
    }

    fn tail(&self) -> String {
        match &self.outcome {
            Outcome::Ok(_) if !self.not_run.is_empty() => format!("not run after it: {}", self.not_run_names()),
            Outcome::Ok(_) if self.decided_by.answered.as_deref() == Some("host") => String::new(),
            Outcome::Ok(output) => match &self.decided_by.answered {
                Some(by) => format!("{} (answered by {})", content(&output.content), cut(by, 64)),
                None => content(&output.content),
            },
            Outcome::Failed(failure) => failure_in_words(failure),
            Outcome::Aborted(failure) => format!("ended by the host: {}", failure_in_words(failure)),
            Outcome::Denied(reason) => self.denial(reason),
        }
    }

    fn denial(&self, reason: &str) -> String {
        match (self.decided_by.denied, &self.decided_by.rule) {
            (Some(DeniedBy::Person), _) => "denied by the person".into(),
            // A rule lets it through, and it lacks something.
            (Some(DeniedBy::Policy), Some(rule)) if rule.decision == Decision::Allow => {
                format!("denied «{}»", cut(reason, 80))
            }
            (Some(DeniedBy::Policy), Some(rule)) => match &rule.reason {
                Some(reason) => format!("denied by {} «{}»", rule.origin, cut(reason, 80)),
                // Nothing that anybody wrote: the origin would say less than the reason.
                None if rule.origin == Origin::Shipped => format!("denied «{}»", cut(reason, 80)),
                None => format!("denied by {}", rule.origin),
            },
            (Some(DeniedBy::Caller), _) => format!("vetoed «{}»", cut(reason, 80)),
            (Some(DeniedBy::Hook), _) => format!("denied by a hook «{}»", cut(reason, 80)),
            _ => format!("denied «{}»", cut(reason, 80)),
        }
    }

    fn not_run_names(&self) -> String {
        cut(&self.not_run.join(", "), 80)
    }
}

/// The kind and the message of a failure, in at most 80 characters and without saying the same twice.
fn failure_in_words(failure: &Failure) -> String {
    let kind = failure.kind.as_str().replace('_', " ");
    let says_so = failure.message.get(..kind.len()).is_some_and(|head| head.eq_ignore_ascii_case(&kind));
    if failure.kind == FailureKind::Execution || says_so {
        cut(&failure.message, 80)
    } else {
        cut(&format!("{kind}: {}", failure.message), 80)
    }
}

fn arguments(arguments: &CanonicalJson) -> String {
    let Value::Object(members) = arguments.to_value() else {
        return cut(arguments.as_str(), 50);
    };
    let one = |(key, value): &(&String, &Value)| match value {
        Value::String(text) => format!("{}='{}'", cut(key, 50), cut(text, 50)),
        other => format!("{}={}", cut(key, 50), cut(&other.to_string(), 50)),
    };
    // What a call is about is short; what it carries, such as the content of a file, comes after that.
    let mut members: Vec<_> = members.iter().collect();
    members.sort_by_key(|(_, value)| value.as_str().is_some_and(|text| text.len() > 50 || text.contains('\n')));
    let all = members.iter().map(one).collect::<Vec<_>>().join(", ");
    cut(&all, 120)
}

fn content(content: &Content) -> String {
    match content {
        Content::Text(text) | Content::Json(Value::String(text)) => text_in_short(text),
        Content::Json(Value::Array(items)) => count(items.len() as u64, "item"),
        Content::Json(Value::Object(members)) => object(members),
        Content::Json(Value::Null) => String::new(),
        Content::Json(other) => cut(&other.to_string(), 60),
    }
}

fn text_in_short(text: &str) -> String {
    match text.trim_end().lines().count() {
        0 | 1 => cut(text.trim_end(), 60),
        lines => format!("{lines} lines"),
    }
}

fn object(members: &serde_json::Map<String, Value>) -> String {
    if members.get("needs_approval").is_some_and(is_truthy) {
        return match members.get("approval_description").and_then(Value::as_str) {
            Some(text) if !text.is_empty() => format!("⏸ awaiting approval: {}", cut(text, 80)),
            _ => "⏸ awaiting approval".into(),
        };
    }
    let mut lists = members.iter().filter_map(|(key, value)| Some((key, value.as_array()?)));
    if let (Some((key, items)), None) = (lists.next(), lists.next()) {
        return counted(items.len(), &cut(key, 40));
    }
    let mut each = members.iter();
    match (each.next(), each.next()) {
        (Some((key, Value::String(text))), None) => format!("{}: {}", cut(key, 40), cut(text, 60)),
        (Some((key, value)), None) => format!("{}: {}", cut(key, 40), cut(&value.to_string(), 60)),
        _ => count(members.len() as u64, "key"),
    }
}

/// `2 matches`, `1 match`: the name of a list as people say it of one item.
fn counted(number: usize, plural: &str) -> String {
    let ends = [("ches", "ch"), ("shes", "sh"), ("sses", "ss"), ("xes", "x"), ("ies", "y"), ("ss", "ss"), ("s", "")];
    let one = ends.iter().find_map(|(end, one)| Some(format!("{}{one}", plural.strip_suffix(end)?)));
    match (number, one) {
        (1, Some(one)) => format!("1 {one}"),
        _ => format!("{number} {plural}"),
    }
}

fn is_truthy(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::Bool(true) | Value::Array(_) | Value::Object(_) => true,
    }
}

/// The fold of records into steps. Constant work for a record.
#[derive(Clone, Debug, Default)]
pub struct Steps {
    done: String,
    turn: u32,
    /// Names that the last answer called.
    called: Vec<String>,
    /// The greatest number of a step before the last answer.
    before: u32,
    /// The greatest number of a step so far.
    last: u32,
    /// Decided, not yet ended.
    open: BTreeMap<u32, CallDecided>,
}

impl Steps {
    /// All steps of a run by their number: calls that ran side by side end in any order.
    pub fn in_order<'r>(records: impl IntoIterator<Item = &'r Record>) -> Vec<Step> {
        let mut steps = Self::default();
        let mut all: Vec<Step> = records.into_iter().filter_map(|record| steps.push(record)).collect();
        all.sort_by_key(|step| step.number);
        all
    }

    /// Takes the next record; gives the step that it ends, if it ends one.
    pub fn push(&mut self, record: &Record) -> Option<Step> {
        match &record.body {
            Body::RunStarted(started) => {
                started.done.name.clone_into(&mut self.done);
                None
            }
            Body::ModelAnswered(answer) => {
                self.turn = answer.turn;
                self.called = answer.calls.iter().map(|call| call.name.clone()).collect();
                self.before = self.last;
                None
            }
            Body::CallDecided(decided) if decided.outcome().is_some() => self.end(decided, None),
            Body::CallDecided(decided) => {
                self.open.insert(decided.step, (**decided).clone());
                None
            }
            Body::CallEnded(ended) => {
                let decided = self.open.remove(&ended.step)?;
                self.end(&decided, Some(ended))
            }
            _ => None,
        }
    }

    fn end(&mut self, decided: &CallDecided, ended: Option<&CallEnded>) -> Option<Step> {
        self.last = self.last.max(decided.step);
        self.open.remove(&decided.step);
        let accepted = decided.tool == self.done && decided.outcome().is_some_and(|outcome| outcome.is_ok());
        let not_run = if accepted { self.called_after(decided.step) } else { Vec::new() };
        Step::new(self.turn, decided, ended, not_run)
    }

    fn called_after(&self, step: u32) -> Vec<String> {
        let index = step.saturating_sub(self.before) as usize;
        self.called.get(index..).unwrap_or_default().to_vec()
    }
}

/// Where a line of the journal's own words meets a rule: `allow looplet.toml:34`.
pub(super) fn settled(decided_by: &DecidedBy) -> String {
    let mut words = Vec::new();
    match (&decided_by.approval, &decided_by.rule) {
        (Some(approval), _) => {
            let answer = if approval.yes { "yes" } else { "no" };
            let scope = if approval.scope.is_empty() { String::new() } else { format!(" {}", inert(&approval.scope)) };
            let waited = match approval.waited_ms {
                0 => String::new(),
                waited => format!(", {}", super::words::duration(waited)),
            };
            words.push(format!("asked, {answer}{scope} ({}{waited})", inert(&approval.by)));
        }
        (None, Some(rule)) if rule.decision != Decision::Deny => {
            words.push(format!("{} {}", rule.decision.as_str(), rule.origin));
        }
        _ => {}
    }
    if let Some(by) = &decided_by.answered
        && by != "host"
    {
        words.push(format!("answered by {}", cut(by, 64)));
    }
    words.join(", ")
}
