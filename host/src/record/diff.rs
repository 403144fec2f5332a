//! Two runs side by side: what each step decided, was given and gave, and what the turns cost. Pure.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Body, CallDecided, CallEnded, Record, Ruling, Usage, cut};
use crate::canonical::CanonicalJson;
use crate::message::Outcome;

/// A step of two runs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StepDiff {
    /// Its number.
    pub step: u32,
    /// What the first run did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub a: Option<Side>,
    /// What the second did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub b: Option<Side>,
    /// In what they differ; empty where they are alike.
    pub differs: Vec<&'static str>,
}

/// A step of one of them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Side {
    /// `plugin/tool`.
    pub tool: String,
    /// The final arguments.
    pub arguments: CanonicalJson,
    /// The decision in a word or two, with the line that counted.
    pub decision: String,
    /// How it ended; none while it has not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
}

/// The fold of records into sides.
#[derive(Default)]
struct Sides {
    decided: BTreeMap<u32, CallDecided>,
    ended: BTreeMap<u32, CallEnded>,
    usage: Usage,
}

/// The tokens of two runs, and their steps.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunDiff {
    /// Tokens and money of the first.
    pub a: Usage,
    /// Of the second.
    pub b: Usage,
    /// Every step of either.
    pub steps: Vec<StepDiff>,
}

impl RunDiff {
    /// Compares two runs, step by step.
    pub fn of(a: &[Record], b: &[Record]) -> Self {
        let (a, b) = (Sides::of(a), Sides::of(b));
        let mut numbers: Vec<u32> = a.decided.keys().chain(b.decided.keys()).copied().collect();
        numbers.sort_unstable();
        numbers.dedup();
        let steps = numbers.into_iter().map(|step| diff(step, a.side(step), b.side(step))).collect();
        Self { a: a.usage, b: b.usage, steps }
    }

    /// How many steps are alike.
    pub fn alike(&self) -> usize {
        self.steps.iter().filter(|step| step.differs.is_empty()).count()
    }

    /// Whether every decision is.
    pub fn decisions_alike(&self) -> bool {
        !self.steps.iter().any(|step| step.differs.contains(&"decision") || step.differs.contains(&"step"))
    }
}

impl Sides {
    fn of(records: &[Record]) -> Self {
        let mut sides = Self::default();
        for record in records {
            match &record.body {
                Body::CallDecided(decided) => drop(sides.decided.insert(decided.step, (**decided).clone())),
                Body::CallEnded(ended) => drop(sides.ended.insert(ended.step, (**ended).clone())),
                Body::ModelAnswered(answer) => sides.usage = sides.usage.plus(answer.usage),
                _ => {}
            }
        }
        sides
    }

    fn side(&self, step: u32) -> Option<Side> {
        let decided = self.decided.get(&step)?;
        Some(Side {
            tool: decided.tool.clone(),
            arguments: decided.arguments.clone(),
            decision: decision(decided),
            outcome: decided.outcome().or_else(|| Some(self.ended.get(&step)?.outcome.clone())),
        })
    }
}

fn diff(step: u32, a: Option<Side>, b: Option<Side>) -> StepDiff {
    let differs = match (&a, &b) {
        (Some(a), Some(b)) => [
            ("tool", a.tool != b.tool),
            ("arguments", a.arguments != b.arguments),
            ("decision", a.decision != b.decision),
            ("result", a.outcome != b.outcome),
        ]
        .into_iter()
        .filter_map(|(what, differs)| differs.then_some(what))
        .collect(),
        _ => vec!["step"],
    };
    StepDiff { step, a, b, differs }
}

/// A decision without the line where its rule stands: `allowed`, `denied «drafts only»`, `asked, yes`.
pub fn decision(decided: &CallDecided) -> String {
    let asked = match &decided.approval {
        Some(approval) => format!(" · asked, {}", if approval.yes { "yes" } else { "no" }),
        None => String::new(),
    };
    let word = match &decided.ruling {
        Ruling::Allowed => "allowed".to_owned(),
        Ruling::Denied(reason) => format!("denied «{}»", cut(reason, 80)),
        Ruling::Invalid(failure) => format!("no valid call ({})", failure.kind),
        Ruling::Answered { by, .. } => format!("answered by {}", cut(by, 64)),
        Ruling::Withheld => "withheld".to_owned(),
        Ruling::Parked => "waits for approval".to_owned(),
    };
    format!("{word}{asked}")
}

/// The comparison as lines, for people: one for a step that is alike, one for each thing that differs.
pub fn lines(diff: &RunDiff) -> Vec<String> {
    let mut lines = Vec::new();
    for step in &diff.steps {
        let number = step.step;
        match (&step.a, &step.b) {
            (Some(a), Some(b)) if step.differs.is_empty() => {
                lines.push(format!("  #{number} {} {}", cut(&a.tool, 64), b.decision));
            }
            (Some(a), Some(b)) => {
                lines.push(format!("≠ #{number} {}: {}", cut(&a.tool, 64), step.differs.join(", ")));
                let pairs = [
                    ("tool", a.tool.clone(), b.tool.clone()),
                    ("arguments", a.arguments.as_str().to_owned(), b.arguments.as_str().to_owned()),
                    ("decision", a.decision.clone(), b.decision.clone()),
                    ("result", outcome(a), outcome(b)),
                ];
                for (what, a, b) in pairs.into_iter().filter(|(what, ..)| step.differs.contains(what)) {
                    lines.push(format!("    - {what:<10}{}", cut(&a, 160)));
                    lines.push(format!("    + {what:<10}{}", cut(&b, 160)));
                }
            }
            (Some(only), None) => lines.push(format!("- #{number} {} {}", cut(&only.tool, 64), only.decision)),
            (None, Some(only)) => lines.push(format!("+ #{number} {} {}", cut(&only.tool, 64), only.decision)),
            (None, None) => {}
        }
    }
    lines
}

fn outcome(side: &Side) -> String {
    match &side.outcome {
        None => "none yet".to_owned(),
        Some(Outcome::Ok(output)) => output.content.to_text(),
        Some(Outcome::Denied(reason)) => format!("denied: {reason}"),
        Some(Outcome::Failed(failure)) => format!("failed ({}): {}", failure.kind, failure.message),
        Some(Outcome::Aborted(failure)) => format!("ended by the host ({}): {}", failure.kind, failure.message),
    }
}
