//! The person at the controlling terminal: answers asks, and what a tool wants to know.
//!
//! A conversation runs on a thread of its own; the run awaits its end. Dropping that future takes the
//! question back: the thread is woken and the terminal is as it was.

mod change;
mod dialogue;
mod editor;
#[cfg(test)]
mod fake;
mod hearing;
mod layout;
mod page;
mod plain;
mod remember;
mod screen;
#[cfg(test)]
mod tests;
mod tty;
pub(crate) mod words;

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use looplet_host::machine::Machine;
use looplet_host::permission::{Answer, Approver, Question};
use tokio_util::sync::CancellationToken;

use self::dialogue::{Dialogue, Habit, Surroundings};
use self::editor::Editor;
pub(crate) use self::hearing::Hearing;
use self::plain::Plain;
use self::screen::Gone;
use self::tty::{Lease, Tty};
use super::print;

/// The person at the terminal. One for a run: it knows what was answered before.
pub(crate) struct Terminal {
    surroundings: Surroundings,
    editor: Option<Editor>,
    columns: Option<u16>,
    habits: Mutex<HashMap<String, Habit>>,
    /// Tools ask too while they run; the terminal hears one question at a time.
    turn: tokio::sync::Mutex<()>,
    /// Stops the run. Whoever cancels it has ended the line that the prompt stands in.
    cancel: CancellationToken,
}

impl Terminal {
    /// The terminal that this process was started on. It is opened when something is asked.
    pub(crate) fn of(machine: &Machine, cancel: CancellationToken) -> Self {
        let home = machine.surroundings.home.clone();
        Self {
            surroundings: Surroundings { home, project: machine.project() },
            editor: Editor::of(&machine.variables),
            columns: machine.variables.get("COLUMNS").and_then(|columns| columns.parse().ok()),
            habits: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
            cancel,
        }
    }

    /// Asks for yes or no; `words` are the host's. None where nobody can be asked.
    pub(crate) async fn agrees(&self, words: &str) -> Option<bool> {
        let question = Plain { asks: None, words: words.to_owned(), action: String::new(), details: String::new() };
        self.converse(move |tty| question.hold(tty)).await
    }

    async fn converse<T: Send + 'static>(
        &self,
        talk: impl FnOnce(&mut Tty) -> Result<T, Gone> + Send + 'static,
    ) -> Option<T> {
        let _one_at_a_time = self.turn.lock().await;
        let taken = Lease::take(self.editor.clone(), self.columns, self.cancel.clone());
        let (lease, mut tty) = match taken {
            Ok(taken) => taken,
            Err(error) => {
                print::note(&format!("the terminal cannot be asked: {error}"));
                return None;
            }
        };
        let (send, receive) = tokio::sync::oneshot::channel();
        let talk = move || {
            // Nobody waits any more where the question was taken back.
            let _ = send.send(talk(&mut tty));
        };
        std::thread::Builder::new().name("terminal".to_owned()).spawn(talk).ok()?;
        let answer = tokio::select! {
            biased;
            answer = receive => answer.ok()?.ok(),
            // A tool that asks while it runs is not waited for either.
            () = self.cancel.cancelled() => return None,
        };
        lease.end();
        answer
    }

    fn habit<T>(&self, tool: &str, look: impl FnOnce(&mut Habit) -> T) -> T {
        let mut habits = self.habits.lock().unwrap_or_else(PoisonError::into_inner);
        look(habits.entry(tool.to_owned()).or_default())
    }
}

#[async_trait]
impl Approver for Terminal {
    async fn ask(&self, question: &Question) -> Answer {
        let tool = format!("{}/{}", question.plugin.name, question.tool);
        let habit = self.habit(&tool, |habit| *habit);
        let (asked, surroundings) = (question.clone(), self.surroundings.clone());
        let talk =
            move |screen: &mut Tty| Dialogue { screen, question: &asked, habit, surroundings: &surroundings }.hold();
        let answer = self.converse(talk).await.unwrap_or(Answer::No);
        self.habit(&tool, |habit| habit.note(&answer));
        answer
    }

    async fn confirm(&self, tool: &str, action: &str, details: &str) -> bool {
        let question = Plain {
            asks: Some(tool.to_owned()),
            words: "the host cannot see what this is about: these are the tool's own words".to_owned(),
            action: action.to_owned(),
            details: details.to_owned(),
        };
        self.converse(move |tty| question.hold(tty)).await.unwrap_or(false)
    }
}

impl Habit {
    fn note(&mut self, answer: &Answer) {
        match answer {
            Answer::Yes | Answer::YesForRun(_) | Answer::Always(_) | Answer::Edited(_) => {
                self.once += 1;
                self.refused = 0;
            }
            Answer::No | Answer::NoBecause(_) | Answer::NoForRun => self.refused += 1,
            Answer::Stop => {}
        }
    }
}
