//! `add`: what a plugin is, shown before anybody uses it, and the word of a person that this very component is meant.

mod fetch;
mod review;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use looplet_host::digest::Digest;
use looplet_host::error::{Error, Exit, Result};
use looplet_host::host::differences;
use looplet_host::machine::{self, Machine, NamedBy, PluginFile};
use looplet_host::plugin::ComponentBytes;
use looplet_host::record::inert;
use looplet_host::sandbox::{Plugin, Sandbox};
use looplet_host::settings::{Lock, Pin};
use serde_json::json;

use super::agreed::Agreement;
use super::{compile, print, setup};
use crate::cli::AddArgs;

/// A component that may be pinned.
struct Candidate {
    name: String,
    /// Where it is, for people.
    from: String,
    bytes: ComponentBytes,
    /// Where it is to be written first: it was fetched.
    to: Option<PathBuf>,
    is_hook: bool,
}

/// A candidate that was looked at.
struct Reviewed {
    pin: Pin,
    /// What differs from what is pinned; none where nothing is pinned under its name.
    differences: Option<Vec<String>>,
    candidate: Candidate,
    plugin: Plugin,
}

pub(crate) async fn run(args: AddArgs, json: bool) -> Result<ExitCode> {
    let machine = Machine::look()?;
    let path = match args.user {
        true => machine.user_lock(),
        false => machine.project_lock(args.setup.policy.as_deref()),
    };
    let locks = machine::read_locks(&machine, args.setup.policy.as_deref())?;
    let found = if args.user { locks.user } else { locks.project };
    // One that came with the project is nobody's word before all of it was shown.
    let is_own = found.is_own || found.lock.is_none();
    let mut lock = found.lock.unwrap_or_default();
    let candidates = candidates(&machine, &args).await?;
    candidates.iter().try_for_each(|candidate| check_place(&machine, &lock, candidate))?;
    let sandbox = Sandbox::with_compilation(compile::compilation(&machine))?;
    let mut reviewed = Vec::new();
    for candidate in candidates {
        reviewed.push(review_one(&sandbox, &lock, candidate).await?);
    }
    let is_same = |reviewed: &Reviewed| reviewed.differences.as_ref().is_some_and(Vec::is_empty);
    reviewed.retain(|reviewed| !is_own || !is_same(reviewed) || reviewed.candidate.to.is_some());
    if reviewed.is_empty() {
        finish(json, &[], true);
        print::note("all of it is pinned already as it is now");
        return Ok(ExitCode::SUCCESS);
    }
    for reviewed in &reviewed {
        review::show(&reviewed.candidate.name, &reviewed.plugin, reviewed.pin.digest, reviewed.differences.as_deref());
    }
    let agreed = agreed(&machine, args.yes.as_deref(), &reviewed).await?;
    if agreed {
        for reviewed in &reviewed {
            if let Some(to) = &reviewed.candidate.to {
                machine::write_component(to, reviewed.candidate.bytes.as_slice())?;
            }
            lock.add(reviewed.pin.clone());
        }
        let is_seen = |pin: &Pin| reviewed.iter().any(|reviewed| reviewed.pin.name == pin.name);
        let is_own = is_own || lock.pins().all(is_seen);
        machine::write_lock(&machine, &path, &lock, is_own)?;
        if !is_own {
            print::note(
                "note: the lock came with the project and names others too: `looplet-host add --all` shows them",
            );
        }
    }
    finish(json, &reviewed, agreed);
    if !agreed {
        print::note("nothing was changed");
        return Ok(super::exit(Some(Exit::Denied)));
    }
    print::note(&format!("pinned in `{}`", shown(&machine, &path)));
    for reviewed in
        reviewed.iter().filter(|reviewed| !json && reviewed.differences.is_none() && !reviewed.candidate.is_hook)
    {
        print::note("in looplet.toml, as far as you want to give it that:");
        print::note(&review::grants(&reviewed.candidate.name, &reviewed.pin.from, &reviewed.plugin));
    }
    Ok(ExitCode::SUCCESS)
}

/// The components that the arguments mean.
async fn candidates(machine: &Machine, args: &AddArgs) -> Result<Vec<Candidate>> {
    let digest = args.digest.as_deref().map(|text| {
        Digest::parse(text)
            .ok_or_else(|| Error::usage(format!("`{text}` is no digest")).hint("write `sha256:` and 64 hex digits"))
    });
    let digest = digest.transpose()?;
    let candidates = match &args.plugin {
        None => all(machine, args)?,
        Some(text) if text.contains("://") => {
            let wanted = digest.ok_or_else(|| {
                Error::usage("what is fetched has to be known by its digest")
                    .hint("add `--digest sha256:…`, as whoever hands the plugin out says it")
            })?;
            vec![fetch::component(machine, text, args.name.as_deref(), wanted, args.to.as_deref()).await?]
        }
        Some(text) => {
            let file =
                machine::named_component(text)?.filter(|file| file.by == NamedBy::Argument).ok_or_else(|| {
                    Error::usage(format!("`{text}` is nothing to pin"))
                        .hint("name a `.wasm` file, or `--all` for what is loaded")
                })?;
            let is = file.bytes.digest();
            if let Some(wanted) = digest.filter(|wanted| *wanted != is) {
                return Err(Error::usage(format!("`{text}` is {is}, not {wanted}"))
                    .hint("it is another component than is meant; nothing was changed"));
            }
            let path = machine.surroundings.cwd.join(text);
            let name = args.name.clone().unwrap_or(file.name);
            vec![Candidate { name, from: shown(machine, &path), bytes: file.bytes, to: None, is_hook: false }]
        }
    };
    candidates.iter().try_for_each(|candidate| check_name(&candidate.name))?;
    Ok(candidates)
}

fn check_name(name: &str) -> Result<()> {
    let hint = "name it with `--name`: a-z, then a-z, 0-9, `_` or `-`, at most 64";
    looplet_host::settings::check_name(name).map_err(|error| error.hint(hint))
}

/// What was fetched takes the place of nothing but itself, and of what was pinned under its name.
fn check_place(machine: &Machine, lock: &Lock, candidate: &Candidate) -> Result<()> {
    let Some(to) = &candidate.to else { return Ok(()) };
    let is_known = |there: &Digest| {
        *there == candidate.bytes.digest() || lock.get(&candidate.name).is_some_and(|pin| pin.digest == *there)
    };
    match machine::component_there(to)?.filter(|there| !is_known(there)) {
        None => Ok(()),
        Some(_) => Err(Error::usage(format!("`{}` is there already, and is something else", shown(machine, to)))
            .hint("keep both: `--name NAME`, or `--to DIRECTORY`")),
    }
}

/// All components that a run would load here, but for shipped ones.
fn all(machine: &Machine, args: &AddArgs) -> Result<Vec<Candidate>> {
    let settings = setup::settings(machine, &args.setup)?;
    let files = machine::plugin_files(&settings, Vec::new())?;
    let plugins = files.into_iter().filter(|file| settings.is_users(&file.name) == args.user);
    let from = |file: &PluginFile| match settings.plugins.get(&file.name).and_then(|written| written.source.file()) {
        Some(path) => shown(machine, path),
        None => format!("{}.wasm", file.name),
    };
    let mut candidates: Vec<Candidate> = plugins
        .filter(|file| looplet_host::builtin::with_digest(file.bytes.digest()).is_none())
        .map(|file| Candidate { from: from(&file), bytes: file.bytes, name: file.name, to: None, is_hook: false })
        .collect();
    let hooks = machine::hook_files(&settings.hooks)?;
    for (hook, file) in settings.hooks.iter().zip(hooks) {
        if let Some(path) = hook.source.file()
            && hook.is_users == args.user
            && !candidates.iter().any(|known| known.name == file.name)
        {
            let from = shown(machine, path);
            candidates.push(Candidate { name: file.name, from, bytes: file.bytes, to: None, is_hook: true });
        }
    }
    Ok(candidates)
}

/// Lets a component describe itself, without any authority.
async fn review_one(sandbox: &Sandbox, lock: &Lock, candidate: Candidate) -> Result<Reviewed> {
    let plugin = sandbox.load(&candidate.name, candidate.bytes.clone()).await?;
    let (digest, definition) = (plugin.digest(), plugin.definition());
    let differences = lock.get(&candidate.name).map(|pin| differences(pin, digest, &definition));
    let pin = Pin { name: candidate.name.clone(), from: candidate.from.clone(), digest, definition };
    Ok(Reviewed { pin, differences, candidate, plugin })
}

async fn agreed(machine: &Machine, yes: Option<&str>, reviewed: &[Reviewed]) -> Result<bool> {
    let (digest, question) = match reviewed {
        [one] => (Some(one.pin.digest.to_string()), "Is this the component that you mean?"),
        _ => (None, "Are these the components that you mean?"),
    };
    let shown = digest.as_ref().map(|digest| format!("={digest}")).unwrap_or_default();
    let other = |wanted: &str| {
        Error::usage(format!("the component is not the one with the digest `{wanted}`"))
            .hint("look at it again; nothing was changed")
    };
    let nobody = || {
        Error::usage("nobody is there to ask: components are pinned at a terminal")
            .hint(format!("once you have read it: the same with `--yes{shown}`"))
    };
    Agreement { digest, question }.given(machine, yes, other, nobody).await
}

fn finish(json: bool, reviewed: &[Reviewed], pinned: bool) {
    if json {
        let plugins: Vec<_> = reviewed
            .iter()
            .map(|one| {
                let differences: Option<Vec<String>> =
                    one.differences.as_ref().map(|lines| lines.iter().map(|line| inert(line)).collect());
                json!({ "name": one.pin.name, "digest": one.pin.digest, "differences": differences, "definition": one.pin.definition })
            })
            .collect();
        print::json(&json!({ "pinned": pinned, "plugins": plugins }));
    }
}

/// A path as people would type it here.
fn shown(machine: &Machine, path: &Path) -> String {
    path.strip_prefix(&machine.surroundings.cwd).unwrap_or(path).display().to_string()
}
