//! The values of the secrets that something loaded may have: read once, when a host is built.

use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::{PluginFile, files, keyring, process};
use crate::error::{Error, Result};
use crate::model::select::Environment;
use crate::origin::Origin;
use crate::secret::SecretValue;
use crate::settings::{Grant, SecretSettings, SecretSource, Settings};

/// Most bytes that are read for one secret.
const SOURCE_BYTES: u64 = 64 << 10;
/// How long a command may take: it may have to ask a person.
const COMMAND: Duration = Duration::from_mins(2);
const PIPE_HINT: &str = "what is no file is read by a command: `from = { command = [\"cat\", \"PATH\"] }`";
/// How long its output may stay open behind it.
const TAIL: Duration = Duration::from_secs(2);

/// Reads what grants of these plugins, and hooks, name. A secret that nothing loaded may have is not
/// read: its source may be elsewhere.
pub fn read_secrets(settings: &mut Settings, files: &[PluginFile], variables: &Environment) -> Result<()> {
    let is_about = |grant: &&Grant| files.iter().any(|file| grant.tools.matches_plugin(&file.name));
    let grants = settings.grants.iter().filter(is_about).map(|grant| {
        let named = format!("the grant for `{}` names", grant.tools);
        (named, &grant.table, &grant.origin)
    });
    let hooks = settings.hooks.iter().map(|hook| {
        let named = format!("the hook `{}` is granted", hook.source.name());
        (named, &hook.grants, &hook.origin)
    });
    for (named, table, origin) in grants.chain(hooks) {
        for name in &table.secrets {
            let undefined = || undefined(&named, name, origin);
            let secret = settings.secrets.get_mut(name).ok_or_else(undefined)?;
            if secret.value.is_none() {
                secret.value = Some(read(name, secret, variables).map_err(|error| error.at(secret.origin.clone()))?);
            }
        }
    }
    Ok(())
}

fn undefined(named: &str, name: &str, origin: &Origin) -> Error {
    Error::usage(format!("{named} the secret `{name}`, which is not defined"))
        .hint(format!("define `[secrets.{name}]` in your own looplet.toml, or in a file that you give with `--policy`"))
        .at(origin.clone())
}

fn read(name: &str, secret: &SecretSettings, variables: &Environment) -> Result<SecretValue> {
    let (text, from) = match &secret.from {
        SecretSource::Env(variable) => {
            let value = variables.get(variable).ok_or_else(|| {
                Error::usage(format!("the secret `{name}` is taken from the variable `{variable}`, which is not set"))
            })?;
            (value.to_owned(), format!("the variable `{variable}`"))
        }
        SecretSource::File(path) => (read_file(name, path)?, format!("the file `{}`", path.display())),
        SecretSource::Command { words, dir } => (run(name, words, dir)?, format!("the command `{}`", words[0])),
        SecretSource::Program => return Err(Error::failed(format!("the secret `{name}` has no value"))),
        SecretSource::Keyring { service, user } => {
            let value = keyring::value(service, user)
                .map_err(|error| error.context(format!("the secret `{name}` cannot be had")))?;
            (value, format!("the keyring for `{user}` at `{service}`"))
        }
    };
    SecretValue::new(&text).map_err(|why| {
        Error::usage(format!("the secret `{name}` cannot be used: {why}")).hint(format!("look at what {from} gives"))
    })
}

fn read_file(name: &str, path: &Path) -> Result<String> {
    let fault = |error: Error| error.context(format!("the secret `{name}` cannot be read"));
    let bytes = files::read_regular(path, SOURCE_BYTES, PIPE_HINT).map_err(fault)?;
    text(name, bytes)
}

/// What a program prints. It sees the variables and the terminal of this process, and its own words go where those
/// of this process go.
fn run(name: &str, words: &[String], dir: &Path) -> Result<String> {
    let shown = words[0].as_str();
    let failed = |why: String| Error::usage(format!("the secret `{name}` cannot be had: the command `{shown}` {why}"));
    let mut command = Command::new(shown);
    command.args(&words[1..]).current_dir(dir).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = command.spawn().map_err(|error| failed(format!("cannot be run: {error}")))?;
    let (sender, printed) = mpsc::channel();
    if let Some(stdout) = child.stdout.take() {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let read = stdout.take(SOURCE_BYTES + 1).read_to_end(&mut bytes);
            let _ = sender.send(read.map(|_| bytes));
        });
    }
    let status = process::wait_until(&mut child, Instant::now() + COMMAND, &mut || {})
        .map_err(|error| failed(format!("cannot be waited for: {error}")))?;
    let Some(status) = status else { return Err(failed(format!("took longer than {} s", COMMAND.as_secs()))) };
    // What it left running may keep its output open.
    let bytes = printed.recv_timeout(TAIL).ok().and_then(std::io::Result::ok);
    let bytes = bytes.ok_or_else(|| failed("leaves its output open".to_owned()))?;
    // One that prints too much is cut off, and fails by it.
    let text = text(name, bytes)?;
    if status.success() { Ok(text) } else { Err(failed(format!("failed: {status}"))) }
}

fn text(name: &str, bytes: Vec<u8>) -> Result<String> {
    let fault = |why: &str| Error::usage(format!("the secret `{name}` cannot be used: {why}"));
    if bytes.len() as u64 > SOURCE_BYTES {
        return Err(fault("there is more than one could be"));
    }
    String::from_utf8(bytes).map_err(|_| fault("it is no text"))
}
