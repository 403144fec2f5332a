//! The contract's `host` and `history` interfaces, as a call sees them.

use wasmtime::component::HasData;

use super::bindings::looplet::plugin::{common, history, hook_types, host, needs};
use super::hook_convert;
use super::limits::Limits;
use super::output::cut_and_clean;
use super::state::CallState;
use crate::plugin::support::{STATE_BYTES, STATE_KEY_BYTES};
use crate::plugin::{LogLevel, LogLine};

/// Marks the whole state for the linker.
pub(super) struct Contract;

impl HasData for Contract {
    type Data<'a> = &'a mut CallState;
}

impl host::Host for CallState {
    fn log(&mut self, level: host::Level, message: String) -> wasmtime::Result<()> {
        if self.desk.log.len() == Limits::LOG_LINES {
            self.desk.unheard += 1;
            return Ok(());
        }
        let message = cut_and_clean(message, Limits::LOG_LINE_BYTES);
        self.desk.log.push(LogLine { level: log_level(level), message });
        Ok(())
    }

    fn progress(&mut self, stage: String, completed: u32, total: Option<u32>) -> wasmtime::Result<()> {
        if let Some(context) = &self.desk.context
            && self.desk.progress < Limits::PROGRESS
        {
            self.desk.progress += 1;
            context.support.progress(&cut_and_clean(stage, Limits::LOG_LINE_BYTES), completed, total);
        }
        Ok(())
    }

    fn cancelled(&mut self) -> wasmtime::Result<bool> {
        Ok(self.clock.cancel().is_cancelled())
    }

    fn time_left(&mut self) -> wasmtime::Result<u32> {
        Ok(u32::try_from(self.clock.left().as_millis()).unwrap_or(u32::MAX))
    }

    async fn approve(&mut self, action: String, details: String) -> wasmtime::Result<bool> {
        let Some(context) = &self.desk.context else { return Ok(false) };
        if self.desk.questions == Limits::QUESTIONS {
            return Ok(false);
        }
        self.desk.questions += 1;
        let _paused = self.clock.pause();
        let shown = |text| cut_and_clean(text, Limits::LOG_LINE_BYTES);
        let (action, details) = (shown(action), shown(details));
        let asked = context.support.approve(&action, &details);
        Ok(match &self.lent {
            Some(lent) => lent.lend_while(asked).await,
            None => asked.await,
        })
    }

    fn settings(&mut self) -> wasmtime::Result<String> {
        let settings = self.desk.context.as_ref().map(|context| context.settings.as_str().to_owned());
        Ok(settings.unwrap_or_else(|| "{}".to_owned()))
    }

    fn secret_exists(&mut self, name: String) -> wasmtime::Result<bool> {
        Ok(self.desk.context.as_ref().is_some_and(|context| context.secrets.contains(&name)))
    }

    fn get_state(&mut self, key: String) -> wasmtime::Result<Option<String>> {
        Ok(self.desk.kept.get(&key).cloned())
    }

    fn set_state(&mut self, key: String, value: Option<String>) -> wasmtime::Result<Result<(), common::Failure>> {
        if key.len() > STATE_KEY_BYTES {
            return Ok(Err(invalid(format!("a key has at most {STATE_KEY_BYTES} bytes"))));
        }
        let Some(value) = value else {
            self.desk.kept.remove(&key);
            return Ok(Ok(()));
        };
        let others: usize = self.desk.kept.iter().filter(|(k, _)| **k != key).map(|(k, v)| k.len() + v.len()).sum();
        if others + key.len() + value.len() > STATE_BYTES {
            return Ok(Err(invalid(format!("all that is kept has at most {STATE_BYTES} bytes"))));
        }
        self.desk.kept.insert(key, value);
        Ok(Ok(()))
    }
}

/// How many steps or messages a hook gets at once.
const HISTORY: u32 = 100;
/// How many bytes of either a hook gets at once; the first it gets whatever its size.
const HISTORY_BYTES: usize = 1 << 20;

/// A tool gets empty answers: the history is for hooks.
impl history::Host for CallState {
    fn steps(&mut self, first: u32, limit: u32) -> wasmtime::Result<Vec<hook_types::StepView>> {
        let steps = self.history.as_ref().map(|history| history.steps(first, limit.min(HISTORY)));
        let mut bytes = 0;
        let fits = |(index, step): &(usize, crate::hook::StepView)| {
            bytes += step.bytes();
            *index == 0 || bytes <= HISTORY_BYTES
        };
        let steps = steps.unwrap_or_default().into_iter().enumerate().take_while(fits);
        Ok(steps.map(|(_, step)| hook_convert::to_step(&step)).collect())
    }

    fn messages(&mut self, first: u32, limit: u32) -> wasmtime::Result<String> {
        let messages = self.history.as_ref().map(|history| history.messages(first, limit.min(HISTORY)));
        let mut text = String::from("[");
        for message in messages.unwrap_or_default() {
            let message = serde_json::to_string(&message)?;
            if text.len() > 1 && text.len() + message.len() > HISTORY_BYTES {
                break;
            }
            if text.len() > 1 {
                text.push(',');
            }
            text.push_str(&message);
        }
        text.push(']');
        Ok(text)
    }
}

/// Interfaces of nouns alone: nothing to call.
impl common::Host for CallState {}
impl needs::Host for CallState {}
impl hook_types::Host for CallState {}

fn invalid(message: String) -> common::Failure {
    common::Failure { kind: common::FailureKind::Validation, message, retriable: false, hint: None }
}

fn log_level(level: host::Level) -> LogLevel {
    match level {
        host::Level::Debug => LogLevel::Debug,
        host::Level::Info => LogLevel::Info,
        host::Level::Warn => LogLevel::Warn,
        host::Level::Error => LogLevel::Error,
    }
}
