//! From a question to an answer: the keys, and what each leads to.
//!
//! Enter alone answers nothing, and the end of input is no: neither a slip nor a closed window lets
//! anything run.

use std::path::PathBuf;

use looplet_host::canonical::CanonicalJson;
use looplet_host::permission::{Answer, Question, Scope};

use super::layout::Layout;
use super::page;
use super::remember::{self, Chosen};
use super::screen::{Gone, Line, Screen};
use super::words;

/// So many like questions, or refusals, make a habit.
const HABIT: u32 = 3;

/// What this run's answers about the tool have been.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Habit {
    /// How often a call of it was let through once.
    pub(super) once: u32,
    /// How often it was refused since it was last let through.
    pub(super) refused: u32,
}

/// Where the person is.
#[derive(Clone, Debug)]
pub(super) struct Surroundings {
    pub(super) home: Option<PathBuf>,
    /// The directory that remembered answers are for.
    pub(super) project: String,
}

/// One question, put to a person.
pub(super) struct Dialogue<'a, S> {
    pub(super) screen: &'a mut S,
    pub(super) question: &'a Question,
    pub(super) habit: Habit,
    pub(super) surroundings: &'a Surroundings,
}

impl<S: Screen> Dialogue<'_, S> {
    /// Puts the question and comes back with the answer.
    pub(super) fn hold(&mut self) -> Result<Answer, Gone> {
        let columns = self.screen.size().columns;
        let page = page::question(self.question, self.surroundings.home.as_deref(), columns);
        self.screen.say(&page)?;
        self.say_choices()?;
        let mut draft = None;
        loop {
            let Line::Text(line) = self.screen.ask("> ")? else {
                return Ok(Answer::No);
            };
            let answer = match line.trim() {
                "" => None,
                "y" | "yes" => Some(Answer::Yes),
                "n" | "no" => Some(self.refuse()?),
                "s" => self.scope_of_run().cloned().map(Answer::YesForRun),
                "a" if self.question.may_remember && !self.question.scopes.is_empty() => self.remember()?,
                "t" => self.tell_why()?,
                "e" => self.edit(&mut draft)?,
                "d" => self.show_all()?,
                "?" => self.say_why()?,
                _ => self.say_choices().map(|()| None)?,
            };
            if let Some(answer) = answer {
                return Ok(answer);
            }
        }
    }

    fn say_choices(&mut self) -> Result<(), Gone> {
        let once = "y once".to_owned();
        let run = self.scope_of_run().map(|scope| format!("s same tool, {}, this run", words::scope(scope)));
        let always = (self.question.may_remember && !self.question.scopes.is_empty()).then(|| "a always…".to_owned());
        let (first, second) = if self.habit.once >= HABIT { (run, Some(once)) } else { (Some(once), run) };
        let more = ["e edit", "d all of it"].map(|choice| Some(choice.to_owned()));
        let yes: Vec<String> = [first, second, always].into_iter().chain(more).flatten().collect();
        let no = ["n no", "t no, and tell the model why", "? why", "Ctrl-C stop, keep run"].map(str::to_owned);
        let mut choices = Layout::new(self.screen.size().columns);
        choices.choices(&yes);
        choices.choices(&no);
        self.screen.say(&choices.into_text())
    }

    /// The widest scope that is offered: the directory of this call and of the last one.
    fn scope_of_run(&self) -> Option<&Scope> {
        self.question.scopes.last()
    }

    fn refuse(&mut self) -> Result<Answer, Gone> {
        if self.habit.refused + 1 < HABIT {
            return Ok(Answer::No);
        }
        let tool = format!("{}/{}", self.question.plugin.name, self.question.tool);
        let times = self.habit.refused + 1;
        self.say_host(&format!("{tool} was refused {times} times in a row: deny it for the rest of this run?"))?;
        self.say_host("y deny it   n only this call")?;
        loop {
            match self.screen.ask("> ")? {
                Line::Text(line) if line.trim() == "y" => return Ok(Answer::NoForRun),
                Line::Text(line) if line.trim() == "n" => return Ok(Answer::No),
                Line::End => return Ok(Answer::No),
                Line::Text(_) => {}
            }
        }
    }

    fn remember(&mut self) -> Result<Option<Answer>, Gone> {
        match remember::choose(self.screen, self.question, self.surroundings)? {
            Chosen::Scope(scope) => Ok(Some(Answer::Always(scope))),
            Chosen::End => Ok(Some(Answer::No)),
            Chosen::Back => self.say_choices().map(|()| None),
        }
    }

    fn tell_why(&mut self) -> Result<Option<Answer>, Gone> {
        self.say_host("why, in one line; the model reads it; Enter alone goes back")?;
        let Line::Text(line) = self.screen.ask("why> ")? else {
            return Ok(Some(Answer::No));
        };
        let why: String = line.chars().filter(|character| !character.is_control()).collect();
        match why.trim() {
            "" => self.say_choices().map(|()| None),
            why => Ok(Some(Answer::NoBecause(why.to_owned()))),
        }
    }

    fn edit(&mut self, draft: &mut Option<String>) -> Result<Option<Answer>, Gone> {
        let text = draft.take().unwrap_or_else(|| page::pretty(self.question.arguments.as_str()) + "\n");
        let edited = match self.screen.edit(&text)? {
            Ok(edited) => edited,
            Err(why) => return self.again(&why),
        };
        let arguments = match CanonicalJson::from_text(&edited) {
            Ok(arguments) if arguments.to_value().is_object() => arguments,
            not_arguments => {
                let why = not_arguments.err().map_or_else(String::new, |fault| format!(": {fault}"));
                *draft = Some(edited);
                return self.again(&format!("what you wrote is no JSON object{why}; e goes on with it"));
            }
        };
        if arguments == self.question.arguments {
            return self.again("nothing was changed");
        }
        Ok(Some(Answer::Edited(arguments)))
    }

    /// Everything, a screenful at a time.
    fn show_all(&mut self) -> Result<Option<Answer>, Gone> {
        let size = self.screen.size();
        let lines = page::in_full(self.question, size.columns);
        let mut screens = lines.chunks(size.rows.saturating_sub(2).max(1)).peekable();
        while let Some(screen) = screens.next() {
            self.screen.say(&(screen.join("\n") + "\n"))?;
            if screens.peek().is_some() {
                match self.screen.ask(" Enter goes on, b goes back> ")? {
                    Line::Text(line) if line.trim().is_empty() => {}
                    Line::Text(_) => break,
                    Line::End => return Ok(Some(Answer::No)),
                }
            }
        }
        self.say_choices().map(|()| None)
    }

    fn say_why(&mut self) -> Result<Option<Answer>, Gone> {
        let why = page::why(self.question, self.screen.size().columns);
        self.screen.say(&why)?;
        self.say_choices().map(|()| None)
    }

    /// Says something and asks again.
    fn again(&mut self, why: &str) -> Result<Option<Answer>, Gone> {
        self.say_host(&looplet_host::record::inert(why))?;
        self.say_choices().map(|()| None)
    }

    fn say_host(&mut self, text: &str) -> Result<(), Gone> {
        let mut page = Layout::new(self.screen.size().columns);
        page.plain(text);
        self.screen.say(&page.into_text())
    }
}
