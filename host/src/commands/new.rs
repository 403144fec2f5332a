//! `new`: a project for a plugin that builds as it is, with the SDK beside it.
//!
//! The SDK is on no registry, so that the binary carries its sources; the build script lists them.

use std::path::Path;
use std::process::ExitCode;

use looplet_host::error::{Error, Result};
use serde_json::json;

use super::{files, print};
use crate::cli::NewArgs;

/// Sources of the SDK and of the contract: path below `sdk/`, text.
const SDK: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/sdk.rs"));

/// Names that cargo refuses, or that the project depends on.
const TAKEN: [&str; 12] = [
    "alloc",
    "core",
    "looplet-guest",
    "looplet-guest-macros",
    "proc-macro",
    "schemars",
    "sdk",
    "serde",
    "serde-json",
    "std",
    "test",
    "wit-bindgen",
];

pub(crate) fn run(args: &NewArgs, json: bool) -> Result<ExitCode> {
    check_name(&args.name)?;
    let dir = Path::new(&args.name);
    files::make_empty_dir(dir)?;
    let project = Project { name: &args.name, is_hook: args.hook };
    let files = project.files();
    for (path, text) in &files {
        files::write_file(&dir.join(path), text)?;
    }
    for (path, text) in SDK {
        files::write_file(&dir.join("sdk").join(path), text)?;
    }
    if json {
        print::json(&json!({ "dir": dir, "next": project.commands() }));
        return Ok(ExitCode::SUCCESS);
    }
    print::note(&format!("wrote a {} to `{}`. Next:", project.kind(), args.name));
    print::note(&format!("  cd {}", args.name));
    for command in project.commands() {
        print::note(&format!("  {command}"));
    }
    Ok(ExitCode::SUCCESS)
}

/// A name that is one to cargo, to the contract and to people.
fn check_name(name: &str) -> Result<()> {
    let wrong = |why: &str| {
        Err(Error::usage(format!("`{}` is no name of a plugin: {why}", name.escape_debug()))
            .hint("a name is lower-case words of letters and digits joined by `-`, such as `word-count`"))
    };
    if name.is_empty() || name.len() > 64 {
        return wrong("it has 1 to 64 characters");
    }
    if !name.starts_with(|first: char| first.is_ascii_lowercase()) {
        return wrong("it begins with a lower-case letter");
    }
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    if !name.split('-').all(is_word) {
        return wrong("it has something else in it");
    }
    if TAKEN.contains(&name) {
        return wrong("the name is taken by something that the project needs");
    }
    Ok(())
}

/// What is to be written.
struct Project<'a> {
    name: &'a str,
    is_hook: bool,
}

impl Project<'_> {
    fn kind(&self) -> &'static str {
        if self.is_hook { "hook" } else { "tool" }
    }

    /// The name of the component without `.wasm`, which is the operator's name for the plugin, too.
    fn stem(&self) -> String {
        self.name.replace('-', "_")
    }

    fn component(&self) -> String {
        format!("target/wasm32-wasip2/release/{}.wasm", self.stem())
    }

    fn files(&self) -> Vec<(&'static str, String)> {
        let source = if self.is_hook {
            include_str!("../../templates/hook.rs")
        } else {
            include_str!("../../templates/tool.rs")
        };
        vec![
            ("Cargo.toml", self.filled(include_str!("../../templates/Cargo.toml"))),
            ("README.md", self.filled(include_str!("../../templates/README.md"))),
            (".gitignore", include_str!("../../templates/gitignore").to_owned()),
            ("src/lib.rs", self.filled(source)),
            ("sdk/Cargo.toml", include_str!("../../templates/sdk.toml").to_owned()),
        ]
    }

    fn filled(&self, template: &str) -> String {
        let description = if self.is_hook { "Refuses tools that a run is not for" } else { "Counts words" };
        template
            .replace("{{name}}", self.name)
            .replace("{{description}}", description)
            .replace("{{version}}", env!("CARGO_PKG_VERSION"))
            .replace("{{try}}", &self.trial().join("\n"))
            .replace("{{use}}", &self.usage())
    }

    /// What to type, from a fresh project to an answer.
    fn commands(&self) -> Vec<String> {
        let build = ["cargo test", "cargo build --release --target wasm32-wasip2"].map(str::to_owned);
        build.into_iter().chain(self.trial()).collect()
    }

    fn trial(&self) -> Vec<String> {
        let component = self.component();
        let mut commands = vec![format!("looplet-host inspect {component}")];
        if self.is_hook {
            let hook = format!("{component}={{\"refuse\":[\"files/*\"]}}");
            commands.push(format!("looplet-host run --hook '{hook}' --workspace . \"what is in this directory?\""));
        } else {
            let call = format!("looplet-host call {component} count_words '{{\"text\": \"one two\"}}'");
            commands.push(format!("{call} --allow {}", self.stem()));
        }
        commands
    }

    /// What stands in a configuration file to use it.
    fn usage(&self) -> String {
        let (stem, component) = (self.stem(), self.component());
        if self.is_hook {
            return format!(
                "In `looplet.toml`:\n\n```toml\n[[hooks]]\nuse = \"{component}\"\npowers = [\"gate\"]\n\
                 settings = {{ refuse = [\"http/*\"] }}\n```"
            );
        }
        format!(
            "In `looplet.toml`:\n\n```toml\n[plugins]\n{stem} = {{ from = \"{component}\" }}\n\n[[rules]]\n\
             tool = \"{stem}/*\"\ndecision = \"allow\"\n```"
        )
    }
}
