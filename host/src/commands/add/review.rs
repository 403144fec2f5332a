//! What a person reads before a component is pinned: what it is, what its tools ask for, what differs, and what could
//! mislead. Its own words stand behind a mark.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use looplet_host::builtin;
use looplet_host::digest::Digest;
use looplet_host::need::{Capability, Need};
use looplet_host::plugin::mixed_word;
use looplet_host::record::inert;
use looplet_host::sandbox::Plugin;
use toml::Value;

use crate::commands::print;

pub(super) fn show(name: &str, plugin: &Plugin, digest: Digest, differences: Option<&[String]>) {
    let info = plugin.info();
    print::note(&format!("{name}  {digest}{}", like_plugin(name)));
    print::note(&format!("  calls itself {} {}{}", inert(&info.id), inert(&info.version), like_plugin(&info.id)));
    said("  ", &info.description);
    let definition = plugin.definition();
    print::note(&format!("  imports {}", listed(&definition.imports)));
    if !definition.hooks.is_empty() {
        print::note(&format!("  hooks {}", listed(&definition.hooks)));
    }
    definition.hook_needs.iter().for_each(|need| print::note(&format!("    needs {}", inert(need))));
    for tool in &definition.tools {
        print::note(&format!("  tool {}{}", tool.name, like(&tool.name)));
        said("    ", &tool.description);
        tool.needs.iter().for_each(|need| print::note(&format!("    needs {}", inert(need))));
        if !tool.claims.is_empty() {
            print::note(&format!("    claims {}", listed(&tool.claims)));
        }
    }
    let of_tools = definition.tools.iter().flat_map(|tool| {
        let texts = tool.needs.iter().chain([&tool.description, &tool.input_schema]);
        texts.chain(&tool.output_schema)
    });
    let texts = of_tools.chain(&definition.hook_needs).chain([&info.description]);
    for word in texts.filter_map(|text| mixed_word(text)) {
        print::note(&format!("  look: the word `{}` mixes letters of two scripts", inert(word)));
    }
    match differences {
        None => {}
        Some([]) => print::note("  it is pinned already as it is now"),
        Some(lines) => {
            print::note("  differs from what is pinned:");
            for line in lines {
                print::note(&format!("    {}", inert(line)));
            }
        }
    }
}

/// Words of the plugin.
fn said(indent: &str, text: &str) {
    for line in text.lines() {
        print::note(&format!("{indent}│ {}", inert(line)));
    }
}

fn listed(names: &[String]) -> String {
    names.iter().map(|name| inert(name)).collect::<Vec<_>>().join(", ")
}

/// Whether a shipped plugin has a name that looks like this one.
fn like(tool: &str) -> String {
    let shipped = builtin::all().iter().map(|builtin| builtin.name);
    let known = shipped.chain(SHIPPED_TOOLS).find(|known| looplet_host::plugin::look_alike(known, tool));
    known.map(|known| format!("   (looks like `{known}`, which is another)")).unwrap_or_default()
}

/// The same for a plugin, which may have the very name.
fn like_plugin(name: &str) -> String {
    let is_shipped = builtin::all().iter().any(|builtin| builtin.name == name);
    if is_shipped { "   (a shipped plugin has this name, and is another)".to_owned() } else { like(name) }
}

/// The tools of shipped plugins whose names are worth imitating.
const SHIPPED_TOOLS: [&str; 9] =
    ["done", "edit_file", "fetch", "glob", "grep", "list_dir", "read_file", "run_command", "write_file"];

/// A block that gives a plugin what it asks for, to be cut down before it is used.
pub(super) fn grants(name: &str, from: &str, plugin: &Plugin) -> String {
    let mut block = format!("  [plugins.{name}]\n  from = {}\n", Value::String(from.to_owned()));
    for tool in plugin.tools() {
        let lines = lines(&tool.needs);
        if !lines.is_empty() {
            let _ = writeln!(block, "  [grants.\"{name}/{}\"]\n  {}", tool.name, lines.join("\n  "));
        }
    }
    block.trim_end().to_owned()
}

fn lines(needs: &[Need]) -> Vec<String> {
    let (mut mounts, mut lists): (BTreeMap<&str, &str>, BTreeMap<&str, Vec<Value>>) = Default::default();
    for need in needs {
        let texts = |texts: &[String]| texts.iter().cloned().map(Value::String).collect::<Vec<_>>();
        match &need.capability {
            Capability::Fs { mount, mode } => drop(mounts.insert(mount, mode.as_str())),
            Capability::Http(patterns) => lists.entry("http").or_default().extend(texts(patterns)),
            Capability::Env(names) => lists.entry("env").or_default().extend(texts(names)),
            Capability::Secret { name, .. } if name != "*" => {
                lists.entry("secrets").or_default().push(Value::String(name.clone()));
            }
            Capability::Secret { .. } | Capability::Process(_) | Capability::Model | Capability::Other { .. } => {}
        }
    }
    let mounts: Vec<String> = mounts.iter().map(|(mount, mode)| format!("{mount} = \"{mode}\"")).collect();
    let fs = (!mounts.is_empty()).then(|| format!("fs = {{ {} }}", mounts.join(", ")));
    fs.into_iter().chain(lists.into_iter().map(|(key, values)| format!("{key} = {}", Value::Array(values)))).collect()
}
