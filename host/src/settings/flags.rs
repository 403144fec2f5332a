//! What flags of the command line say, from their texts; a program that embeds the host says the same with
//! its builder. The command line itself belongs to `cli`.

use std::path::{Path, PathBuf};

use super::given::GivenMount;
use super::given_secret::GivenSecret;
use super::name::check_name;
use super::sourced::Sourced;
use crate::error::{Error, Result};
use crate::model::micro_usd;
use crate::need::FsMode;
use crate::origin::Origin;
use crate::permission::{HttpPattern, ToolPattern};

/// The flags as they were typed.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
#[derive(Clone, Debug, Default)]
pub struct Flags {
    /// `--model PROVIDER:NAME`.
    pub model: Option<String>,
    /// `--mount NAME=PATH[:ro|:rw]`; without a mode that of the file, else `ro`.
    pub mount: Vec<String>,
    /// `--workspace PATH[:ro|:rw]`, short for the mount `workspace`.
    pub workspace: Option<String>,
    /// `--plugins DIR`: every component in it.
    pub plugins: Vec<PathBuf>,
    /// `--grant PLUGIN/TOOL:fs.NAME=ro`, `PLUGIN/TOOL:env.NAME`, `PLUGIN/TOOL:secret.NAME` or
    /// `PLUGIN/TOOL:http=GET https://…`.
    pub grant: Vec<String>,
    /// `--wide-mount NAME`.
    pub wide_mount: Vec<String>,
    /// `--dev NAME=PATH`.
    pub dev: Vec<String>,
    /// `--locked`.
    pub locked: bool,
    /// `--hook NAME[+POWER…][=JSON]`.
    pub hook: Vec<String>,
    /// `--allow PATTERN`.
    pub allow: Vec<String>,
    /// `--ask PATTERN`.
    pub ask: Vec<String>,
    /// `--deny PATTERN`.
    pub deny: Vec<String>,
    /// `--max-steps N`.
    pub max_steps: Option<u64>,
    /// `--max-turns N`.
    pub max_turns: Option<u64>,
    /// `--max-tokens N`.
    pub max_tokens: Option<u64>,
    /// `--max-seconds N`, active ones.
    pub max_seconds: Option<u64>,
    /// `--max-money USD`.
    pub max_money: Option<f64>,
    /// `--max-egress-kib KIB`.
    pub max_egress_kib: Option<u64>,
    /// `--unattended`.
    pub unattended: bool,
    /// `--require-done`.
    pub require_done: bool,
    /// `--fail-on-denied`.
    pub fail_on_denied: bool,
    /// Mounts of an embedding program.
    pub given: Vec<GivenMount>,
    /// Secrets of an embedding program.
    pub secrets: Vec<GivenSecret>,
    /// Patterns of an embedding program: what is kept out of runs. No flag, since flags stand in the journal.
    pub redact: Vec<String>,
    /// Who says all this.
    pub by: SaidBy,
}

/// Who says what flags say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SaidBy {
    /// A person, on the command line.
    #[default]
    CommandLine,
    /// A program that embeds the host: nothing is mounted unless it says so.
    Program,
}

/// One mount of the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct MountFlag {
    pub(super) name: String,
    pub(super) path: PathBuf,
    pub(super) mode: Option<FsMode>,
    pub(super) origin: Origin,
}

/// One grant of the command line.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct GrantFlag {
    pub(super) tools: ToolPattern,
    pub(super) given: Given,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Given {
    Fs(String, FsMode),
    Env(String),
    Http(HttpPattern),
    Secret(String),
}

impl Flags {
    /// The mounts; paths are relative to `cwd`.
    pub(super) fn mounts(&self, cwd: &Path) -> Result<Vec<MountFlag>> {
        let workspace = self.workspace.iter().map(|path| mount("--workspace", "workspace", path, cwd));
        let named = self.mount.iter().map(|text| match text.split_once('=') {
            Some((name, path)) if !path.is_empty() => mount("--mount", name, path, cwd),
            _ => Err(wrong("--mount", text, "write `--mount NAME=PATH:ro`")),
        });
        workspace.chain(named).collect()
    }

    /// The mounts that are meant to be as wide as they are.
    pub(super) fn wide(&self) -> Vec<String> {
        let given = self.given.iter().filter(|given| given.is_wide).map(|given| given.name.clone());
        self.wide_mount.iter().cloned().chain(given).collect()
    }

    /// The components that are loaded outside of the lock; paths are relative to `cwd`.
    pub(super) fn dev(&self, cwd: &Path) -> Result<Vec<Sourced<(String, PathBuf)>>> {
        let origin = || self.origin("--dev");
        let read = |text: &String| match text.split_once('=') {
            Some((name, path)) if !path.is_empty() => {
                check_name(name).map_err(|error| error.at(origin()))?;
                Ok(Sourced::new((name.to_owned(), cwd.join(path)), origin()))
            }
            _ => Err(wrong("--dev", text, "write `--dev NAME=FILE.wasm`")),
        };
        self.dev.iter().map(read).collect()
    }

    /// The grants.
    pub(super) fn grants(&self) -> Result<Vec<GrantFlag>> {
        self.grant.iter().map(|text| grant(text).map_err(|error| error.at(self.origin("--grant")))).collect()
    }

    /// Where what a flag says comes from.
    /// Millionths of a US dollar.
    pub fn max_money(&self) -> Result<Option<Sourced<u64>>> {
        let amount = |usd| {
            let none = || Error::usage("`--max-money` is no amount of money").hint("US dollars, as `--max-money 2.5`");
            Ok(Sourced::new(micro_usd(usd).ok_or_else(none)?, Origin::flag("--max-money")))
        };
        self.max_money.map(amount).transpose()
    }

    pub(super) fn origin(&self, flag: &str) -> Origin {
        match self.by {
            SaidBy::Program => Origin::Program,
            SaidBy::CommandLine => Origin::flag(flag),
        }
    }

    /// The patterns of a flag.
    pub(super) fn patterns(&self, flag: &str, texts: &[String]) -> Result<Vec<ToolPattern>> {
        texts.iter().map(|text| ToolPattern::parse(text).map_err(|error| error.at(self.origin(flag)))).collect()
    }
}

/// The mode that a word means.
pub(super) fn mode(word: &str) -> Option<FsMode> {
    match word {
        "ro" => Some(FsMode::ReadOnly),
        "rw" => Some(FsMode::ReadWrite),
        _ => None,
    }
}

fn mount(flag: &str, name: &str, text: &str, cwd: &Path) -> Result<MountFlag> {
    check_name(name).map_err(|error| error.at(Origin::flag(flag)))?;
    let (path, mode) = match text.rsplit_once(':').map(|(path, word)| (path, mode(word))) {
        Some((path, Some(mode))) => (path, Some(mode)),
        // Taken for the end of a path it would be reported as a directory that is not there.
        Some((_, None)) if is_word_behind_a_path(text) => return Err(no_mode(flag, text)),
        _ => (text, None),
    };
    if path.is_empty() {
        return Err(wrong(flag, text, "write a directory before the mode"));
    }
    let path = if path == "." { cwd.to_owned() } else { cwd.join(path.strip_prefix("./").unwrap_or(path)) };
    Ok(MountFlag { name: name.to_owned(), path, mode, origin: Origin::flag(flag) })
}

/// Whether what stands behind the last colon can be meant as a mode.
fn is_word_behind_a_path(text: &str) -> bool {
    text.rsplit_once(':').is_some_and(|(_, word)| !word.is_empty() && !word.contains(['/', '\\', '.']))
}

fn no_mode(flag: &str, text: &str) -> Error {
    let word = text.rsplit(':').next().unwrap_or_default();
    Error::usage(format!("`{word}` is no mode"))
        .hint(format!("it is `ro` or `rw`; a directory that is called so needs one too: `{text}:ro`"))
        .at(Origin::flag(flag))
}

fn grant(text: &str) -> Result<GrantFlag> {
    let form = || {
        let hint = "write `PLUGIN/TOOL:fs.NAME=ro`, `PLUGIN/TOOL:env.NAME`, `PLUGIN/TOOL:secret.NAME` or `PLUGIN/TOOL:http=GET https://…`";
        Error::usage(format!("`{text}` is no grant")).hint(hint)
    };
    let (tools, what) = text.split_once(':').ok_or_else(form)?;
    if let Some(pattern) = what.strip_prefix("http=") {
        return Ok(GrantFlag { tools: ToolPattern::parse(tools)?, given: Given::Http(HttpPattern::parse(pattern)?) });
    }
    let given = match what.split_once('.').ok_or_else(form)? {
        ("fs", rest) => {
            let (name, word) = rest.split_once('=').ok_or_else(form)?;
            check_name(name)?;
            Given::Fs(name.to_owned(), mode(word).ok_or_else(form)?)
        }
        ("env", name) if !name.is_empty() => Given::Env(name.to_owned()),
        ("secret", name) => {
            check_name(name)?;
            Given::Secret(name.to_owned())
        }
        _ => return Err(form()),
    };
    let tools = ToolPattern::parse(tools)?;
    Ok(GrantFlag { tools, given })
}

fn wrong(flag: &str, text: &str, hint: &str) -> Error {
    Error::usage(format!("`{text}` is not what the flag takes")).hint(hint).at(Origin::flag(flag))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mounts(texts: &[&str]) -> String {
        let flags = Flags { mount: texts.iter().map(ToString::to_string).collect(), ..Flags::default() };
        match flags.mounts(Path::new("/cwd")) {
            Ok(mounts) => mounts
                .iter()
                .map(|m| format!("{} {} {:?}", m.name, m.path.display(), m.mode))
                .collect::<Vec<_>>()
                .join(", "),
            Err(error) => error.report(),
        }
    }

    #[test]
    fn a_mount_is_a_name_a_path_and_perhaps_a_mode() {
        assert_eq!(mounts(&["workspace=."]), "workspace /cwd None");
        assert_eq!(mounts(&["w=./a:rw", "x=/srv/b:ro"]), "w /cwd/a Some(ReadWrite), x /srv/b Some(ReadOnly)");
        assert_eq!(mounts(&["w=a:b:c:ro", "x=a:b/c"]), "w /cwd/a:b:c Some(ReadOnly), x /cwd/a:b/c None");
        assert_eq!(
            mounts(&["w=.:rx"]),
            "error: --mount: `rx` is no mode\nhint: it is `ro` or `rw`; a directory that is called so needs one too: `.:rx:ro`"
        );
        assert_eq!(
            mounts(&["w"]),
            "error: --mount: `w` is not what the flag takes\nhint: write `--mount NAME=PATH:ro`"
        );
        assert_eq!(
            mounts(&["w=:ro"]),
            "error: --mount: `:ro` is not what the flag takes\nhint: write a directory before the mode"
        );
        assert_eq!(
            mounts(&["W=a"]),
            "error: --mount: `W` is no name\nhint: a name begins with a-z and goes on with a-z, 0-9, `_` or `-`, at most 64"
        );
    }

    #[test]
    fn a_grant_names_tools_and_one_thing() {
        let given = |text: &str| {
            grant(text).map_or_else(|error| error.report(), |grant| format!("{} {:?}", grant.tools, grant.given))
        };
        assert_eq!(given("files/grep:fs.notes=ro"), "files/grep Fs(\"notes\", ReadOnly)");
        assert_eq!(given("jira:env.LANG"), "jira Env(\"LANG\")");
        assert_eq!(given("jira:secret.token"), "jira Secret(\"token\")");
        for text in ["files", "files:fs.notes", "files:fs.notes=wr", "files:http.x=ro", "files:env."] {
            assert_eq!(
                given(text),
                format!(
                    "error: `{text}` is no grant\nhint: write `PLUGIN/TOOL:fs.NAME=ro`, `PLUGIN/TOOL:env.NAME`, `PLUGIN/TOOL:secret.NAME` or `PLUGIN/TOOL:http=GET https://…`"
                )
            );
        }
    }
}
