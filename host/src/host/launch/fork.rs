//! A run that begins as another did: its first record, the records that are copied, and which files are
//! no longer as they were then.

use std::collections::BTreeMap;

use super::{Launch, opening};
use crate::agent::{Clock as _, Sink as _, SystemClock};
use crate::capability::fs::{Mount, MountPath};
use crate::error::{Error, Result};
use crate::journal::Journal;
use crate::message::Message;
use crate::record::{Body, Chain, Notice, Parent, Record, RunId, RunStarted, Steps, WrittenFile};
use crate::redaction::Redaction;

/// A run that was made from another and rests before its next turn.
#[derive(Clone, Debug)]
pub struct Forked {
    /// Its name.
    pub run: RunId,
    /// What is not as it was for the parent, one clause each.
    pub changes: Vec<String>,
    /// Files that are not as they were after the step: `mount:path`.
    pub differing: Vec<String>,
}

impl Launch {
    /// Writes the journal of a new run that copies another one's up to the end of a step; 0 copies nothing
    /// but its beginning. Calls of the same answer behind the step were not run. [`Launch::resume`] goes on
    /// with it. Answers for the rest of the run are not taken over.
    ///
    /// # Errors
    /// No place to keep runs, no such step, a journal that cannot be written.
    pub fn fork(mut self, from: &Journal, step: u32, message: Option<String>) -> Result<Forked> {
        let runs = self.kept_in.clone().ok_or_else(|| Error::usage("a run in memory cannot be forked"))?;
        let parent = from.started()?;
        let copied = prefix(&from.records, step)?;
        check_kept_out(&self.host.settings().redaction, copied.iter().copied().chain(from.records.first()))?;
        let run = RunId::generate();
        let gate = self.make(run)?.gate;
        let now = opening::started(&self.host, &gate, run, &self.task);
        let changes = super::super::changes::changes(parent, &now);
        // What the model saw stays as it was, or the copied requests could not be rebuilt; what decides is of now.
        let started = RunStarted {
            format: crate::record::FORMAT,
            host: now.host,
            run,
            parent: Some(Parent { run: parent.run, step }),
            project: self.project.take(),
            mounts: now.mounts,
            plugins: now.plugins,
            policy: now.policy,
            flags: std::mem::take(&mut self.flags),
            ..parent.clone()
        };
        let clock = SystemClock::default();
        let mut bodies = vec![(clock.unix_ms(), Body::RunStarted(Box::new(started)))];
        bodies.extend(copied.iter().map(|record| (record.at_ms, record.body.clone())));
        bodies.push((clock.unix_ms(), Body::Notice(Notice::Forked)));
        bodies.extend(message.map(|mut text| {
            gate.redaction().clean(&mut text);
            (clock.unix_ms(), Body::Message(Message::User { text }))
        }));
        let mut writer = runs.create(run)?;
        let mut chain = Chain::default();
        for (at_ms, body) in bodies {
            let encoded = chain.encode(at_ms, body)?;
            writer.append(&encoded)?;
            chain.advance(&encoded.line);
        }
        writer.sync()?;
        Ok(Forked { run, changes, differing: differing(self.host.mounts(), &from.records, step) })
    }
}

/// Refuses to go on with what was recorded before it was to be kept out: it would be sent again.
pub(super) fn check_kept_out<'r>(redaction: &Redaction, records: impl IntoIterator<Item = &'r Record>) -> Result<()> {
    match records.into_iter().find(|record| redaction.holds(&record.body)) {
        None => Ok(()),
        Some(record) => {
            Err(Error::usage(format!("record {} of the run holds what `redact` keeps out now", record.seq))
                .hint("`looplet-host run --continue` begins a run without it"))
        }
    }
}

/// The records behind the first up to the end of a step, without those of later calls of the same answer.
fn prefix(records: &[Record], step: u32) -> Result<Vec<&Record>> {
    if step == 0 {
        return Ok(Vec::new());
    }
    let (mut steps, mut turn, mut found, mut last, mut highest) = (Steps::default(), 0, false, 0, 0);
    for (index, record) in records.iter().enumerate() {
        if matches!(record.body, Body::ModelAnswered(_)) {
            if found {
                break;
            }
            turn = index;
        }
        if let Some(ended) = steps.push(record) {
            highest = highest.max(ended.number);
            if ended.number <= step {
                last = index;
            }
            found |= ended.number == step;
        }
    }
    if !found {
        return Err(Error::usage(format!("the run has no step {step} that ended"))
            .hint(format!("its last is {highest}; `looplet-host show` lists them")));
    }
    let is_copied = |(index, record): &(usize, &Record)| *index < turn || step_of(record).is_none_or(|of| of <= step);
    let copied = records.iter().enumerate().skip(1).take(last).filter(is_copied);
    Ok(copied.map(|(_, record)| record).collect())
}

/// The step that a record is about, where it is about one.
fn step_of(record: &Record) -> Option<u32> {
    match &record.body {
        Body::CallDecided(decided) => Some(decided.step),
        Body::CallStarted(started) => Some(started.step),
        Body::CallEnded(ended) => Some(ended.step),
        Body::CallAnswered(answered) => Some(answered.step),
        _ => None,
    }
}

/// Files that the run wrote and that are not as they were after the step.
fn differing(mounts: &[Mount], records: &[Record], step: u32) -> Vec<String> {
    // What is known of a file from then; none where only later steps wrote it.
    let mut then: BTreeMap<(&str, &str), Option<&WrittenFile>> = BTreeMap::new();
    for record in records {
        let Body::CallEnded(ended) = &record.body else { continue };
        for file in &ended.wrote {
            let known = then.entry((&file.mount, &file.path)).or_default();
            if ended.step <= step {
                *known = Some(file);
            }
        }
    }
    let is_other = |(mount, path): &(&str, &str), known: Option<&WrittenFile>| {
        let Some(mount) = mounts.iter().find(|known| known.name() == *mount) else { return true };
        // Only what had a digest then is read now.
        let read = known.filter(|then| then.digest.is_some()).and_then(|then| then.bytes).unwrap_or(0);
        let now = MountPath::from_plain(path).and_then(|place| mount.look(&place, read));
        match (known, now) {
            (None, _) => true,
            (Some(then), Some((bytes, digest))) => {
                then.bytes != Some(bytes) || then.digest.is_some() && then.digest != digest
            }
            (Some(then), None) => then.bytes.is_some(),
        }
    };
    let differing = then.iter().filter(|(place, known)| is_other(place, **known));
    differing.map(|((mount, path), _)| format!("{mount}:{path}")).collect()
}
