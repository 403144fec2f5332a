//! Lines that a person types while a run goes on: words to the model, before its next turn.
//!
//! Read from standard input, and only where that is a terminal whose foreground this process is. While a
//! question stands there, what is typed is its answer and is left alone.

use std::io::{IsTerminal as _, PipeWriter, pipe};
use std::thread;
use std::time::Duration;

use looplet_host::agent::Steering;
use looplet_host::record::inert;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::stdio::stdin;

use super::tty;
use crate::commands::print;

/// How long to leave the terminal alone while a question stands there.
const PAUSE: Duration = Duration::from_millis(20);

/// A thread that listens; it ends when this is dropped.
pub(crate) struct Hearing {
    /// Closing it wakes the thread.
    _stop: PipeWriter,
}

impl Hearing {
    /// Listens to the person at the terminal, if there is one.
    pub(crate) fn start(hand: Steering) -> Option<Self> {
        if !std::io::stdin().is_terminal() {
            return None;
        }
        let (stopped, stop) = pipe().ok()?;
        let listen = move || {
            loop {
                let (input, end) = (stdin(), &stopped);
                let mut fds = [PollFd::new(&input, PollFlags::IN), PollFd::new(end, PollFlags::IN)];
                match poll(&mut fds, None) {
                    Err(rustix::io::Errno::INTR) => continue,
                    Err(_) => return,
                    Ok(_) if !fds[1].revents().is_empty() => return,
                    Ok(_) => {}
                }
                match tty::unless_asked(read_line) {
                    None | Some(Typed::NotNow) => thread::sleep(PAUSE),
                    Some(Typed::Line(line)) => tell(&hand, &line),
                    Some(Typed::End) => return,
                }
            }
        };
        thread::Builder::new().name("hearing".to_owned()).spawn(listen).ok()?;
        Some(Self { _stop: stop })
    }
}

enum Typed {
    Line(String),
    /// Nothing is there any more, or this process is in the background, where reading would stop it.
    NotNow,
    End,
}

/// One line that is there already; a terminal gives whole lines.
fn read_line() -> Typed {
    let input = stdin();
    let is_mine = rustix::termios::tcgetpgrp(input).is_ok_and(|group| group == rustix::process::getpgrp());
    let mut fds = [PollFd::new(&input, PollFlags::IN)];
    let is_there = poll(&mut fds, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).is_ok_and(|ready| ready > 0);
    if !is_mine || !is_there {
        return Typed::NotNow;
    }
    let mut line = [0; 4096];
    match rustix::io::read(input, &mut line) {
        Ok(0) => Typed::End,
        Ok(read) => Typed::Line(String::from_utf8_lossy(&line[..read]).trim().to_owned()),
        Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => Typed::NotNow,
        Err(_) => Typed::End,
    }
}

/// One letter is an answer that came before its question, and no word to a model.
fn tell(hand: &Steering, line: &str) {
    if line.chars().count() < 2 {
        return;
    }
    match hand.steer(line) {
        Ok(()) => print::note(&format!("the model hears before its next turn: {}", inert(line))),
        Err(error) => print::note(&format!("not heard: {}", error.message())),
    }
}
