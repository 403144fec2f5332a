//! The person's own editor, on a file that nobody else can read.

use std::fs::File;
use std::io::{PipeReader, Write as _};
use std::process::{Child, Command, ExitStatus};

use looplet_host::machine;
use looplet_host::model::select::Environment;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::screen::Gone;

/// How often it is looked whether the editor has ended, in nanoseconds.
const LOOK_NS: i64 = 50_000_000;

/// A command line that takes the file as its last argument.
#[derive(Clone, Debug)]
pub(super) struct Editor(String);

impl Editor {
    /// `VISUAL`, else `EDITOR`.
    pub(super) fn of(variables: &Environment) -> Option<Self> {
        let set = |name| variables.get(name).filter(|command| !command.trim().is_empty());
        set("VISUAL").or_else(|| set("EDITOR")).map(|command| Self(command.to_owned()))
    }

    /// Lets the person edit a text. Ends the editor when `stop` is closed.
    pub(super) fn edit(&self, text: &str, tty: &File, stop: &PipeReader) -> Result<Result<String, String>, Gone> {
        let fault = |error: &std::io::Error| format!("the editor `{}` cannot be used: {error}", self.0);
        // Made with mode 0600: arguments may hold what is nobody else's business.
        let file = tempfile::Builder::new().prefix("looplet-arguments-").suffix(".json").tempfile();
        let written = file.and_then(|mut file| file.write_all(text.as_bytes()).map(|()| file));
        let file = match written {
            Ok(file) => file,
            Err(error) => return Ok(Err(fault(&error))),
        };
        let mut child = match self.start(file.path(), tty) {
            Ok(child) => child,
            Err(error) => return Ok(Err(fault(&error))),
        };
        match wait(&mut child, stop)? {
            Err(error) => Ok(Err(fault(&error))),
            Ok(status) if !status.success() => Ok(Err(format!("the editor `{}` ended with {status}", self.0))),
            // By its name: editors put a new file in the place of the old one.
            Ok(_) => Ok(machine::read_text(file.path())
                .map_err(|error| error.message().to_owned())
                .and_then(|text| text.ok_or_else(|| "the editor took the file away".to_owned()))),
        }
    }

    fn start(&self, file: &std::path::Path, tty: &File) -> std::io::Result<Child> {
        #[expect(
            clippy::disallowed_methods,
            reason = "the operator's own editor, started by the operator's own answer"
        )]
        let mut shell = Command::new("sh");
        // By the shell, because people write options into the variable.
        shell.args(["-c", &format!("{} \"$1\"", self.0), "sh"]).arg(file);
        shell.stdin(tty.try_clone()?).stdout(tty.try_clone()?).stderr(tty.try_clone()?).spawn()
    }
}

fn wait(child: &mut Child, stop: &PipeReader) -> Result<std::io::Result<ExitStatus>, Gone> {
    let pause = Timespec { tv_sec: 0, tv_nsec: LOOK_NS };
    loop {
        match child.try_wait() {
            Ok(None) => {}
            Ok(Some(status)) => return Ok(Ok(status)),
            Err(error) => return Ok(Err(error)),
        }
        let mut fds = [PollFd::new(stop, PollFlags::IN)];
        if matches!(poll(&mut fds, Some(&pause)), Ok(1..)) {
            // Taken back: there may be no child any more, which is as good.
            let _ = child.kill();
            let _ = child.wait();
            return Err(Gone);
        }
    }
}
