//! `answer`: says yes or no to the calls that a parked run waits for. `resume` then goes on.
//!
//! An answer is a record of the journal and holds for the call as it was asked about: component,
//! definition, arguments and reach. Where one of them is another by then, the call is asked about again.

use std::process::ExitCode;

use looplet_host::agent::Sink as _;
use looplet_host::error::{Error, Result};
use looplet_host::machine::Machine;
use looplet_host::record::{Body, CallAnswered, CallDecided, Ruling, inert};
use serde_json::json;

use super::past::{self, Past};
use super::{files, print, setup};
use crate::cli::{AnswerArgs, SetupArgs};

pub(crate) fn run(args: &AnswerArgs, json: bool) -> Result<ExitCode> {
    let machine = Machine::look()?;
    let past = Past::find(&machine, args.runs.as_deref(), Some(&args.run))?;
    let waiting = waiting(&past)?;
    if waiting.is_empty() {
        return Err(Error::usage(format!("run {} waits for no answer", past.id))
            .hint(format!("`looplet-host show {}` shows where it stands", past.id)));
    }
    let Some((which, mut answer)) = read(&args.words)? else {
        list(&past, &waiting, json);
        return Ok(ExitCode::SUCCESS);
    };
    let chosen = choose(&past, &waiting, which)?;
    if let Some(why) = &mut answer.why {
        // What the person says goes into the run.
        let given = SetupArgs::default().or_of(past.started()?)?;
        setup::redaction(&past.machine(machine)?, &given)?.clean(why);
    }
    write(&past, &chosen, &answer)?;
    let is_open = |waiting: &&Waiting| {
        waiting.answer.is_none() && chosen.iter().all(|chosen| chosen.step != waiting.decided.step)
    };
    let left = waiting.iter().filter(is_open).count();
    for decided in &chosen {
        if json {
            print::json(&json!({ "run": past.id, "step": decided.step, "yes": answer.yes, "why": answer.why }));
        } else {
            print::note(&format!("{} · {}", past::call(decided), answer.in_words()));
        }
    }
    let (run, more) = (past.id, if left > 0 { format!(" · {left} more wait") } else { String::new() });
    print::note(&format!("answered{more} · go on: looplet-host resume {run}"));
    Ok(ExitCode::SUCCESS)
}

/// A call that waits, and the answer it has already.
struct Waiting {
    decided: CallDecided,
    answer: Option<CallAnswered>,
}

struct Given {
    yes: bool,
    why: Option<String>,
}

#[derive(Clone, Copy)]
enum Which {
    TheOnlyOne,
    Step(u32),
    All,
}

impl Given {
    fn in_words(&self) -> String {
        match &self.why {
            Some(why) => format!("no, {}", inert(why)),
            None if self.yes => "yes".to_owned(),
            None => "no".to_owned(),
        }
    }
}

fn waiting(past: &Past) -> Result<Vec<Waiting>> {
    let fold = past.fold()?;
    let mut waiting = Vec::new();
    for step in fold.state.parked() {
        let Some(decided) = past.decided(step).filter(|decided| decided.ruling == Ruling::Parked) else { continue };
        let answer = past.journal.records.iter().rev().find_map(|record| match &record.body {
            Body::CallAnswered(answer) if answer.step == step && Some(answer.bound_to) == decided.bound_to => {
                Some(answer.clone())
            }
            _ => None,
        });
        waiting.push(Waiting { decided: decided.clone(), answer });
    }
    Ok(waiting)
}

/// `[STEP] yes`, `[STEP] no [WHY]`, `[STEP] WHY`.
fn read(words: &[String]) -> Result<Option<(Which, Given)>> {
    let Some(first) = words.first() else { return Ok(None) };
    let (which, rest) = match first.as_str() {
        "all" => (Which::All, &words[1..]),
        text if text.starts_with('#') || text.parse::<u32>().is_ok() => (Which::Step(past::number(text)?), &words[1..]),
        _ => (Which::TheOnlyOne, words),
    };
    let text = rest.join(" ");
    let no = |why: &str| Given { yes: false, why: Some(why.trim().to_owned()).filter(|why| !why.is_empty()) };
    let given = match text.split_once(' ').map_or((text.as_str(), ""), |(word, why)| (word, why)) {
        ("", _) => return Err(Error::usage("there is no answer").hint("`yes`, `no`, or why not")),
        ("yes", "") => Given { yes: true, why: None },
        ("yes", _) => {
            return Err(Error::usage("a yes has no conditions").hint("say no and why: the model then tries otherwise"));
        }
        ("no", why) => no(why),
        _ => no(&text),
    };
    Ok(Some((which, given)))
}

fn choose<'w>(past: &Past, waiting: &'w [Waiting], which: Which) -> Result<Vec<&'w CallDecided>> {
    let all = || waiting.iter().map(|waiting| &waiting.decided);
    match which {
        Which::All => Ok(all().collect()),
        Which::TheOnlyOne if waiting.len() == 1 => Ok(all().collect()),
        Which::TheOnlyOne => {
            let steps: Vec<String> = all().map(|decided| decided.step.to_string()).collect();
            Err(Error::usage(format!("{} calls wait: {}", steps.len(), steps.join(", ")))
                .hint(format!("`looplet-host answer {} {} yes`, or `all yes`", past.id, steps[0])))
        }
        Which::Step(step) => match all().find(|decided| decided.step == step) {
            Some(decided) => Ok(vec![decided]),
            None => Err(Error::usage(format!("step {step} of run {} waits for no answer", past.id))
                .hint(format!("`looplet-host answer {}` lists what waits", past.id))),
        },
    }
}

fn write(past: &Past, chosen: &[&CallDecided], given: &Given) -> Result<()> {
    let (mut writer, journal) = past.runs.open(past.id)?;
    let mut chain = journal.chain;
    if journal.head() != past.journal.head() {
        return Err(Error::failed("the run has gone on meanwhile").hint("look again, then answer"));
    }
    for decided in chosen {
        let Some(bound_to) = decided.bound_to else { continue };
        let answer = CallAnswered { step: decided.step, bound_to, yes: given.yes, why: given.why.clone() };
        let encoded = chain.encode(files::unix_ms(), Body::CallAnswered(answer))?;
        writer.append(&encoded)?;
        chain.advance(&encoded.line);
    }
    writer.sync()
}

fn list(past: &Past, waiting: &[Waiting], json: bool) {
    for Waiting { decided, answer } in waiting {
        if json {
            print::json(&json!({ "run": past.id, "waits": decided, "answer": answer }));
            continue;
        }
        print::answer(&past::call(decided));
        for line in &decided.authority {
            print::answer(&format!("    could reach {}", inert(line)));
        }
        for rule in &decided.rules {
            print::answer(&format!("    {} by {}", rule.decision.as_str(), rule.origin));
        }
        if let Some(answer) = answer {
            let given = Given { yes: answer.yes, why: answer.why.clone() };
            print::answer(&format!("    answered: {}", given.in_words()));
        }
    }
}
