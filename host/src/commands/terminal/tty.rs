//! The controlling terminal, held for one conversation and given back as it was.
//!
//! Reading happens on a thread of its own: it blocks, and the runtime's threads must not. Whoever waits
//! for that thread holds the [`Lease`]; dropping it restores the modes and wakes the thread.

use std::fs::{File, OpenOptions};
use std::io::{self, PipeReader, PipeWriter, Write as _};
use std::sync::{Mutex, PoisonError};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::termios::{
    InputModes, LocalModes, OptionalActions, OutputModes, QueueSelector, Termios, tcflush, tcgetattr, tcgetwinsize,
    tcsetattr,
};

use tokio_util::sync::CancellationToken;

use super::editor::Editor;
use super::screen::{Gone, Line, Screen, Size};

/// A longer answer is cut here.
const LINE_MAX: usize = 64 * 1024;

/// How many conversations there are: while there is one, what is typed belongs to it.
static TALKING: Mutex<u32> = Mutex::new(0);

/// One conversation, counted.
struct Talking;

impl Talking {
    fn begin() -> Self {
        *TALKING.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        Self
    }
}

impl Drop for Talking {
    fn drop(&mut self) {
        *TALKING.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
    }
}

/// Does something with the terminal while there is no conversation; none can begin meanwhile.
pub(super) fn unless_asked<T>(act: impl FnOnce() -> T) -> Option<T> {
    let talking = TALKING.lock().unwrap_or_else(PoisonError::into_inner);
    (*talking == 0).then(act)
}

/// The terminal while a conversation lasts.
pub(super) struct Lease {
    _talking: Talking,
    tty: File,
    before: Termios,
    /// Set when the conversation came to its end by itself.
    is_over: bool,
    cancel: CancellationToken,
    /// Closing it wakes the thread that reads.
    _stop: PipeWriter,
}

/// The thread's side: writes and reads lines.
pub(super) struct Tty {
    device: File,
    stop: PipeReader,
    modes: Termios,
    editor: Option<Editor>,
    columns: Option<u16>,
}

impl Lease {
    /// Takes the terminal: lines with an echo, whatever a program before left it in.
    pub(super) fn take(
        editor: Option<Editor>,
        columns: Option<u16>,
        cancel: CancellationToken,
    ) -> io::Result<(Self, Tty)> {
        #[expect(
            clippy::disallowed_methods,
            reason = "prompts go to the controlling terminal, wherever stdin and stderr lead"
        )]
        let tty = OpenOptions::new().read(true).write(true).open("/dev/tty")?;
        let talking = Talking::begin();
        let before = tcgetattr(&tty)?;
        let mut modes = before.clone();
        modes.input_modes |= InputModes::ICRNL;
        modes.output_modes |= OutputModes::OPOST | OutputModes::ONLCR;
        modes.local_modes |=
            LocalModes::ICANON | LocalModes::ECHO | LocalModes::ECHOE | LocalModes::ISIG | LocalModes::IEXTEN;
        // At once: waiting for output to drain would hang on a terminal that is held with Ctrl-S.
        tcsetattr(&tty, OptionalActions::Now, &modes)?;
        let (stop, writer) = io::pipe()?;
        let side = Tty { device: tty.try_clone()?, stop, modes, editor, columns };
        Ok((Self { _talking: talking, tty, before, is_over: false, cancel, _stop: writer }, side))
    }

    /// The conversation has come to its end.
    pub(super) fn end(mut self) {
        self.is_over = true;
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        // Nothing can be done about a terminal that has gone.
        let _ = tcsetattr(&self.tty, OptionalActions::Now, &self.before);
        if !self.is_over && !self.cancel.is_cancelled() {
            // What is printed next does not stand behind the prompt.
            let _ = self.tty.write_all(b"\n");
        }
    }
}

/// What woke the thread.
enum Woken {
    Input,
    Stopped,
}

impl Tty {
    fn wait(&self) -> Result<Woken, Gone> {
        loop {
            let mut fds = [PollFd::new(&self.device, PollFlags::IN), PollFd::new(&self.stop, PollFlags::IN)];
            match poll(&mut fds, None) {
                Ok(_) if !fds[1].revents().is_empty() => return Ok(Woken::Stopped),
                Ok(_) if !fds[0].revents().is_empty() => return Ok(Woken::Input),
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(_) => return Err(Gone),
            }
        }
    }

    fn read_line(&mut self) -> Result<Line, Gone> {
        let mut line = Vec::new();
        let mut chunk = [0; 4096];
        loop {
            if let Woken::Stopped = self.wait()? {
                return Err(Gone);
            }
            let read = match rustix::io::read(&self.device, &mut chunk) {
                Ok(read) => read,
                Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => continue,
                // The other end has hung up.
                Err(_) => 0,
            };
            if read == 0 {
                self.say("\n")?;
                return Ok(Line::End);
            }
            let room = LINE_MAX.saturating_sub(line.len()).min(read);
            line.extend_from_slice(&chunk[..room]);
            if chunk[..read].contains(&b'\n') {
                let text = String::from_utf8_lossy(&line);
                return Ok(Line::Text(text.trim_end_matches(['\r', '\n']).to_owned()));
            }
        }
    }
}

impl Screen for Tty {
    fn size(&self) -> Size {
        let window = tcgetwinsize(&self.device).ok();
        let columns = window.map(|window| window.ws_col).filter(|columns| *columns > 0).or(self.columns);
        let rows = window.map(|window| window.ws_row).filter(|rows| *rows > 0);
        Size { columns: columns.unwrap_or(80).into(), rows: rows.unwrap_or(24).into() }
    }

    fn say(&mut self, text: &str) -> Result<(), Gone> {
        self.device.write_all(text.as_bytes()).map_err(|_| Gone)
    }

    fn ask(&mut self, prompt: &str) -> Result<Line, Gone> {
        // What was typed before the prompt was there was meant for something else.
        tcflush(&self.device, QueueSelector::IFlush).map_err(|_| Gone)?;
        self.say(prompt)?;
        self.read_line()
    }

    fn edit(&mut self, text: &str) -> Result<Result<String, String>, Gone> {
        let Some(editor) = &self.editor else {
            return Ok(Err("no editor is set: `export EDITOR=…`, or `VISUAL`".to_owned()));
        };
        let edited = editor.edit(text, &self.device, &self.stop);
        // An editor that was stopped may have left the terminal in modes of its own.
        tcsetattr(&self.device, OptionalActions::Now, &self.modes).map_err(|_| Gone)?;
        edited
    }
}
