//! The arguments of the commands that work on runs: looking back at them and going on with them.

use std::path::PathBuf;

use clap::{Args, Parser, ValueEnum};

use super::{ExitArgs, SetupArgs, SpendingArgs};

#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// The run, by the beginning of its name, and perhaps a step: `RUN`, `RUN#4`, `#4`. The latest
    /// run without it.
    #[arg(value_name = "RUN[#STEP]")]
    pub(crate) run: Option<String>,
    /// The request of this turn, from 1, as it was sent: rebuilt from the journal and compared with its digest.
    #[arg(long, value_name = "TURN")]
    pub(crate) prompt: Option<u32>,
    /// With `--prompt`: byte for byte, also on a terminal.
    #[arg(long, requires = "prompt")]
    pub(crate) raw: bool,
    /// Only the calls that were denied, with what would allow them.
    #[arg(long)]
    pub(crate) denied: bool,
    /// Where the runs are.
    #[arg(long, value_name = "DIR")]
    pub(crate) runs: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct ResumeArgs {
    /// The run, by the beginning of its name; the latest of this project without it.
    #[arg(value_name = "RUN")]
    pub(crate) run: Option<String>,
    /// What becomes of a call that was begun and whose end nobody knows.
    #[arg(long, value_name = "WHAT")]
    pub(crate) on_unknown: Option<Unknown>,
    /// Go on although plugins, tools or policy are not as they were.
    #[arg(long)]
    pub(crate) accept_changes: bool,
    /// A word for the model before its next turn.
    #[arg(long, value_name = "TEXT")]
    pub(crate) message: Option<String>,
    /// Another model than the run's own, as `provider:name`.
    #[arg(long, value_name = "PROVIDER:NAME")]
    pub(crate) model: Option<String>,
    #[command(flatten)]
    pub(crate) spending: SpendingArgs,
    #[command(flatten)]
    pub(crate) exit: ExitArgs,
    #[command(flatten)]
    pub(crate) setup: SetupArgs,
    /// Where the runs are.
    #[arg(long, value_name = "DIR")]
    pub(crate) runs: Option<PathBuf>,
}

/// What becomes of a call whose end is unknown.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Unknown {
    /// It runs again.
    Retry,
    /// The model is told that nobody knows.
    Skip,
    /// The run does not go on.
    Stop,
}

#[derive(Debug, Args)]
pub(crate) struct AnswerArgs {
    /// The run, by the beginning of its name.
    #[arg(value_name = "RUN")]
    pub(crate) run: String,
    /// The step (`4`, `#4`, `all`) where several wait, then `yes`, `no`, or why not. Nothing lists what waits.
    #[arg(value_name = "[STEP] yes|no|why")]
    pub(crate) words: Vec<String>,
    /// Where the runs are.
    #[arg(long, value_name = "DIR")]
    pub(crate) runs: Option<PathBuf>,
}

/// The flags of a run as its journal keeps them.
#[derive(Debug, Parser)]
#[command(no_binary_name = true, disable_help_flag = true)]
pub(crate) struct KeptFlags {
    #[command(flatten)]
    pub(crate) setup: SetupArgs,
}

#[derive(Debug, Args)]
pub(crate) struct RunsArgs {
    /// The runs of all projects.
    #[arg(long)]
    pub(crate) all: bool,
    /// Remove runs, and say which.
    #[arg(long)]
    pub(crate) prune: bool,
    /// With `--prune`: those that began longer ago, as `12h`, `30d`, `8w`.
    #[arg(long, value_name = "AGE", requires = "prune")]
    pub(crate) older_than: Option<String>,
    /// With `--prune`: but not the newest so many.
    #[arg(long, value_name = "N", requires = "prune")]
    pub(crate) keep: Option<usize>,
    /// Where the runs are.
    #[arg(long, value_name = "DIR")]
    pub(crate) runs: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct ForkArgs {
    /// The run, by the beginning of its name, and the last step that is taken over; `@0` takes none.
    #[arg(value_name = "RUN@STEP")]
    pub(crate) from: String,
    /// A word for the model before its next turn.
    #[arg(long, value_name = "TEXT")]
    pub(crate) message: Option<String>,
    /// Another model than that of the run, as `provider:name`.
    #[arg(long, value_name = "PROVIDER:NAME")]
    pub(crate) model: Option<String>,
    #[command(flatten)]
    pub(crate) spending: SpendingArgs,
    #[command(flatten)]
    pub(crate) exit: ExitArgs,
    #[command(flatten)]
    pub(crate) setup: SetupArgs,
    /// Where the runs are.
    #[arg(long, value_name = "DIR")]
    pub(crate) runs: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct ReplayArgs {
    /// The run, by the beginning of its name; the latest of this project without it.
    #[arg(value_name = "RUN")]
    pub(crate) run: Option<String>,
    /// Run no tool: results come from the record. `--policy FILE` does so too.
    #[arg(long)]
    pub(crate) offline: bool,
    /// Where a decision is not as recorded, go on with what was recorded.
    #[arg(long)]
    pub(crate) follow: bool,
    #[command(flatten)]
    pub(crate) setup: SetupArgs,
    /// Where the runs are.
    #[arg(long, value_name = "DIR")]
    pub(crate) runs: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct DiffArgs {
    /// One run, by the beginning of its name.
    #[arg(value_name = "RUN")]
    pub(crate) a: String,
    /// The other.
    #[arg(value_name = "RUN")]
    pub(crate) b: String,
    /// Where the runs are.
    #[arg(long, value_name = "DIR")]
    pub(crate) runs: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// The run, by the beginning of its name.
    #[arg(value_name = "RUN")]
    pub(crate) run: String,
    /// A directory that does not exist.
    #[arg(value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// Where the runs are.
    #[arg(long, value_name = "DIR")]
    pub(crate) runs: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct LearnArgs {
    /// The runs, by the beginnings of their names; the latest of this project without any.
    #[arg(value_name = "RUN")]
    pub(crate) run: Vec<String>,
    #[command(flatten)]
    pub(crate) setup: SetupArgs,
    /// Where the runs are.
    #[arg(long, value_name = "DIR")]
    pub(crate) runs: Option<PathBuf>,
}
