//! The command line: types and their help, no logic.

mod look_back;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

pub(crate) use look_back::*;

/// Runs an LLM agent on tools you do not have to trust: each call gets a sandbox that holds what you
/// allowed for that call, and nothing else.
#[derive(Debug, Parser)]
#[command(name = "looplet-host", version, max_term_width = 100, disable_help_subcommand = true)]
pub(crate) struct Cli {
    /// Print JSON on stdout instead of text: one document; `run` prints one for each event, then the outcome.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run an agent on a task.
    Run(RunArgs),
    /// Call one tool once, through the same gate as a run.
    Call(CallArgs),
    /// Show what would become of a call, and what it could reach. Runs nothing.
    Explain(ExplainArgs),
    /// Show what a plugin says of itself: tools, needs, settings.
    Inspect(InspectArgs),
    /// Check the configuration: files, plugins, rules and their examples.
    Check(CheckArgs),
    /// Show what a plugin is, and pin this very component in the lock.
    Add(AddArgs),
    /// Trust the project's `looplet.toml` as it is now, after showing what it gives.
    Trust(TrustArgs),
    /// List or revoke answers that stand until they are revoked.
    Approvals(ApprovalsArgs),
    /// Look back at a run: one line a step, or one step in full.
    Show(ShowArgs),
    /// Write a project for a plugin in Rust that builds as it is.
    New(NewArgs),
    /// Go on with a run that was stopped or broke off.
    Resume(ResumeArgs),
    /// Answer calls of a run that waits for approval.
    Answer(AnswerArgs),
    /// List runs, and remove old ones.
    Runs(RunsArgs),
    /// Begin a run as another one did, up to a step. Files are not taken back.
    Fork(ForkArgs),
    /// Repeat a run with the model's recorded answers: with live tools, or without running anything.
    Replay(ReplayArgs),
    /// Compare two runs step by step.
    Diff(DiffArgs),
    /// Propose the least policy that covers what runs did.
    Learn(LearnArgs),
    /// Write a run into a directory, a file for each turn and step.
    Export(ExportArgs),
    /// Write the contract for plugins into a directory, or print it.
    Wit(WitArgs),
    /// Say what this machine and the model can do.
    Doctor(DoctorArgs),
    /// Compile the component on standard input to standard output. For the host itself.
    #[command(hide = true, name = "compile-component")]
    Compile,
    /// Print completions for a shell.
    Completions {
        /// The shell.
        shell: Shell,
    },
}

/// What every command takes that needs settings and plugins.
#[derive(Clone, Debug, Default, PartialEq, Args)]
pub(crate) struct SetupArgs {
    /// Load every component of a directory as a plugin. Without it, and without `[plugins]` in a file,
    /// the built-in plugins are used.
    #[arg(long, value_name = "DIR")]
    pub(crate) plugins: Vec<PathBuf>,
    /// Use this configuration file in place of the project's `looplet.toml`. Needs no trust.
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
    /// The directory that tools see as their workspace; short for `--mount workspace=PATH`.
    #[arg(long, value_name = "PATH[:ro|:rw]")]
    pub(crate) workspace: Option<String>,
    /// Give tools a directory under a name; read-only unless `:rw` is added.
    #[arg(long, value_name = "NAME=PATH[:ro|:rw]")]
    pub(crate) mount: Vec<String>,
    /// Let a mount be as wide as it is: all of the machine, the home directory or what is above it, `/proc`.
    #[arg(long, value_name = "NAME")]
    pub(crate) wide_mount: Vec<String>,
    /// Grant something to a tool, such as `files/read_file:fs.workspace=ro`.
    #[arg(long, value_name = "PLUGIN/TOOL:WHAT")]
    pub(crate) grant: Vec<String>,
    /// Load one component under this name outside of the lock, without secrets: for who works on it.
    #[arg(long, value_name = "NAME=FILE")]
    pub(crate) dev: Vec<String>,
    /// Refuse components that nobody pinned.
    #[arg(long)]
    pub(crate) locked: bool,
    /// Add a hook behind those of the files: a built-in one or a component, with powers beside `observe` and
    /// `gate`, and its settings.
    #[arg(long, value_name = "NAME[+POWER][=JSON]")]
    pub(crate) hook: Vec<String>,
    /// Allow calls of these tools, such as `files/*`. Never beats a deny.
    #[arg(long, value_name = "PATTERN")]
    pub(crate) allow: Vec<String>,
    /// Ask before calls of these tools.
    #[arg(long, value_name = "PATTERN")]
    pub(crate) ask: Vec<String>,
    /// Deny calls of these tools.
    #[arg(long, value_name = "PATTERN")]
    pub(crate) deny: Vec<String>,
    /// Never ask anybody.
    #[arg(long)]
    pub(crate) unattended: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// The task; `-` reads it from standard input, `@FILE` from a file.
    pub(crate) task: Option<String>,
    /// Go on from what was said in a run, the latest of this project unless one is named: a new run.
    #[arg(long = "continue", value_name = "RUN", num_args = 0..=1, default_missing_value = "")]
    pub(crate) parent: Option<String>,
    #[command(flatten)]
    pub(crate) setup: SetupArgs,
    /// The model, as `provider:name`; `scripted:FILE` answers from a file.
    #[arg(long, value_name = "PROVIDER:NAME")]
    pub(crate) model: Option<String>,
    #[command(flatten)]
    pub(crate) spending: SpendingArgs,
    #[command(flatten)]
    pub(crate) exit: ExitArgs,
    /// Keep the journal in a directory below this one.
    #[arg(long, value_name = "DIR")]
    pub(crate) runs: Option<PathBuf>,
}

/// What a run may spend.
#[derive(Clone, Debug, Default, Args)]
#[expect(clippy::struct_field_names, reason = "the flags are called so")]
pub(crate) struct SpendingArgs {
    /// Stop after so many charged steps, counted from the start of the run.
    #[arg(long, value_name = "N")]
    pub(crate) max_steps: Option<u64>,
    /// Stop after so many answers of the model.
    #[arg(long, value_name = "N")]
    pub(crate) max_turns: Option<u64>,
    /// Stop after so many tokens, in and out.
    #[arg(long, value_name = "N")]
    pub(crate) max_tokens: Option<u64>,
    /// Stop after so many seconds; waits for a person do not count.
    #[arg(long, value_name = "N")]
    pub(crate) max_seconds: Option<u64>,
    /// Stop after so many US dollars, by the prices in your configuration.
    #[arg(long, value_name = "USD")]
    pub(crate) max_money: Option<f64>,
    /// Stop after requests have carried out so many KiB: addresses, headers and bodies.
    #[arg(long, value_name = "KIB")]
    pub(crate) max_egress_kib: Option<u64>,
}

/// When an ended run counts as a failure.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct ExitArgs {
    /// Exit with 1 unless the run ends with `done`.
    #[arg(long)]
    pub(crate) require_done: bool,
    /// Exit with 3 when a call was denied.
    #[arg(long)]
    pub(crate) fail_on_denied: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CallArgs {
    /// A plugin's name or a component file, then the tool; or `PLUGIN/TOOL` alone.
    #[arg(value_name = "PLUGIN")]
    pub(crate) plugin: String,
    /// The tool, unless it stands behind the plugin's name.
    #[arg(value_name = "TOOL")]
    pub(crate) tool: Option<String>,
    /// The arguments, a JSON object.
    #[arg(value_name = "ARGUMENTS")]
    pub(crate) arguments: Option<String>,
    #[command(flatten)]
    pub(crate) setup: SetupArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// The tool, as `PLUGIN/TOOL`.
    #[arg(value_name = "PLUGIN/TOOL")]
    pub(crate) tool: String,
    /// The arguments, a JSON object.
    #[arg(long, value_name = "JSON", default_value = "{}")]
    pub(crate) args: String,
    #[command(flatten)]
    pub(crate) setup: SetupArgs,
}

#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    /// A plugin's name, a component file or `builtin:NAME`; without it, every plugin that would be loaded.
    #[arg(value_name = "PLUGIN")]
    pub(crate) plugin: Option<String>,
    #[command(flatten)]
    pub(crate) setup: SetupArgs,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    pub(crate) setup: SetupArgs,
    /// Notes are errors too, and calls that would be decided otherwise.
    #[arg(long)]
    pub(crate) strict: bool,
    /// Say which calls of these runs would be decided otherwise.
    #[arg(long, value_name = "RUN", num_args = 1..)]
    pub(crate) against: Vec<String>,
    /// Look for the runs below this directory.
    #[arg(long, value_name = "DIR")]
    pub(crate) runs: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct AddArgs {
    /// The component: a `.wasm` file, or an address with `--digest`.
    #[arg(required_unless_present = "all")]
    pub(crate) plugin: Option<String>,
    /// All components that a run would load here.
    #[arg(long, conflicts_with = "plugin")]
    pub(crate) all: bool,
    /// The name that rules and grants use; without it the stem of the file.
    #[arg(long, conflicts_with = "all")]
    pub(crate) name: Option<String>,
    /// What the component has to be.
    #[arg(long, conflicts_with = "all")]
    pub(crate) digest: Option<String>,
    /// Where a component that is fetched is written; without it `plugins`.
    #[arg(long, value_name = "DIR", conflicts_with = "all")]
    pub(crate) to: Option<PathBuf>,
    /// Pin it in the lock beside your own file, which speaks for all projects.
    #[arg(long)]
    pub(crate) user: bool,
    /// Pin without asking; with a digest only if the component is still the one that was shown.
    #[arg(long, value_name = "DIGEST", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub(crate) yes: Option<String>,
    #[command(flatten)]
    pub(crate) setup: SetupArgs,
}

#[derive(Debug, Args)]
pub(crate) struct TrustArgs {
    /// Trust without asking; with a digest only if the file is still the one that was shown.
    #[arg(long, value_name = "DIGEST", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub(crate) yes: Option<String>,
    /// Take trust back.
    #[arg(long, conflicts_with = "yes")]
    pub(crate) revoke: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ApprovalsArgs {
    #[command(subcommand)]
    pub(crate) command: Option<ApprovalsCommand>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ApprovalsCommand {
    /// List them, numbered.
    List,
    /// Revoke one.
    Revoke {
        /// Its number in the list.
        number: usize,
    },
}

#[derive(Debug, Args)]
pub(crate) struct NewArgs {
    /// Its name, which is also that of the directory: lower-case words joined by `-`.
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    /// A hook instead of a tool.
    #[arg(long)]
    pub(crate) hook: bool,
}

#[derive(Debug, Args)]
pub(crate) struct WitArgs {
    /// Where to; without it the contract is printed.
    #[arg(value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// The model to ask after, as `provider:name`.
    #[arg(long, value_name = "PROVIDER:NAME")]
    pub(crate) model: Option<String>,
}
