//! What a plugin says of itself, asked without any authority and checked before anybody believes it.

use super::Description;
use super::bindings::exports::looplet::plugin::{about as wit_about, tool as wit_tool};
use super::convert;
use super::output::cut_and_clean;
use crate::canonical::CanonicalJson;
use crate::capability::http::{plain_origin, plain_pattern};
use crate::need::{Capability, Need};
use crate::plugin::{PluginInfo, Schema, ToolSpec, unseen};

/// How many tools one plugin may have.
const TOOLS: usize = 256;
/// How many needs one tool may state.
const NEEDS: usize = 64;
/// How long the reason of a need may be.
const WHY_BYTES: usize = 1 << 10;
/// How long a description for a model may be, in bytes.
const TOOL_DESCRIPTION_BYTES: usize = 8 << 10;
/// How long a description for people may be, in bytes.
const PLUGIN_DESCRIPTION_BYTES: usize = 1 << 10;

/// Reads a description that was kept. None unless it passes what a fresh one has to pass.
pub(super) fn from_kept(bytes: &[u8]) -> Option<Description> {
    let kept: Description = serde_json::from_slice(bytes).ok()?;
    let (info, tools) = (&kept.info, &kept.tools);
    let is_schema = |schema: &CanonicalJson| Schema::compile(schema).is_ok();
    let is_tool = |(at, tool): (usize, &ToolSpec)| {
        is_tool_name(&tool.name)
            && !tools[..at].iter().any(|other| other.name == tool.name)
            && is_clean(&tool.description, TOOL_DESCRIPTION_BYTES)
            && is_schema(&tool.input_schema)
            && tool.output_schema.as_ref().is_none_or(is_schema)
            && check_needs(&tool.needs).is_ok()
    };
    let holds = is_id(&info.id)
        && is_version(&info.version)
        && is_clean(&info.description, PLUGIN_DESCRIPTION_BYTES)
        && info.settings_schema.as_ref().is_none_or(is_schema)
        && check_needs(&info.hook_needs).is_ok()
        && tools.len() <= TOOLS
        && tools.iter().enumerate().all(is_tool);
    holds.then_some(kept)
}

/// Checks and translates who the plugin is. The error is a clause that says what is wrong.
pub(super) fn info(info: wit_about::PluginInfo) -> Result<PluginInfo, String> {
    if !is_id(&info.id) {
        return Err(format!(
            "calls itself {:?}, not lower-case words joined by `-`, at most 64 letters",
            short(&info.id)
        ));
    }
    if !is_version(&info.version) {
        return Err(format!("gives {:?} as its version", short(&info.version)));
    }
    check_seen("itself", &info.description)?;
    if info.description.len() > PLUGIN_DESCRIPTION_BYTES {
        return Err(format!("describes itself in more than {PLUGIN_DESCRIPTION_BYTES} bytes"));
    }
    let settings_schema = info.settings_schema.map(|text| schema("the settings schema", &text)).transpose()?;
    let (hook_needs, hook_limits) = match info.hooks {
        Some(hooks) => (needs(hooks.needs)?, hooks.limits.map(convert::limits)),
        None => (Vec::new(), None),
    };
    Ok(PluginInfo {
        id: info.id,
        version: info.version,
        description: cut_and_clean(info.description, PLUGIN_DESCRIPTION_BYTES),
        settings_schema,
        hook_needs,
        hook_limits,
    })
}

/// Checks and translates the tools. The error is a clause that says what is wrong.
pub(super) fn tools(specs: Vec<wit_tool::ToolSpec>) -> Result<Vec<ToolSpec>, String> {
    if specs.len() > TOOLS {
        return Err(format!("lists {} tools, at most {TOOLS} are allowed", specs.len()));
    }
    let mut tools: Vec<ToolSpec> = Vec::with_capacity(specs.len());
    for spec in specs {
        let spec = tool(spec)?;
        if tools.iter().any(|other| other.name == spec.name) {
            return Err(format!("lists the tool `{}` twice", spec.name));
        }
        tools.push(spec);
    }
    Ok(tools)
}

fn tool(spec: wit_tool::ToolSpec) -> Result<ToolSpec, String> {
    if !is_tool_name(&spec.name) {
        return Err(format!(
            "lists a tool named {:?}, which is not of the form `[a-z][a-z0-9_]*`, at most 64 letters",
            short(&spec.name)
        ));
    }
    let name = spec.name;
    if spec.description.len() > TOOL_DESCRIPTION_BYTES {
        return Err(format!("describes the tool `{name}` in more than {TOOL_DESCRIPTION_BYTES} bytes"));
    }
    check_seen(&format!("the tool `{name}`"), &spec.description)?;
    let input_schema = schema(&format!("the input schema of the tool `{name}`"), &spec.input_schema)?;
    let output_schema =
        spec.output_schema.map(|text| schema(&format!("the output schema of the tool `{name}`"), &text)).transpose()?;
    Ok(ToolSpec {
        needs: needs(spec.needs).map_err(|fault| format!("tool `{name}` {fault}"))?,
        name,
        description: cut_and_clean(spec.description, TOOL_DESCRIPTION_BYTES),
        input_schema,
        output_schema,
        effects: convert::effects(spec.effects),
        limits: spec.limits.map(convert::limits),
        show: spec.show.into_iter().map(convert::shown).collect(),
        uncharged: spec.uncharged,
        concurrent_safe: spec.concurrent_safe,
    })
}

fn schema(what: &str, text: &str) -> Result<CanonicalJson, String> {
    let schema = CanonicalJson::from_text(text).map_err(|fault| format!("gives {what} that is no JSON: {fault}"))?;
    Schema::compile(&schema).map_err(|fault| format!("gives {what} that {fault}"))?;
    match unseen(schema.as_str()) {
        None => Ok(schema),
        Some(character) => Err(format!("gives {what} with {character}, which nobody sees")),
    }
}

/// Refuses words by which a model would be told what no person reads.
fn check_seen(what: &str, text: &str) -> Result<(), String> {
    // Control characters are made inert below.
    match text.split(char::is_control).find_map(unseen) {
        None => Ok(()),
        Some(character) => Err(format!("describes {what} with {character}, which nobody sees")),
    }
}

fn needs(list: Vec<super::bindings::looplet::plugin::needs::Need>) -> Result<Vec<Need>, String> {
    if list.len() > NEEDS {
        return Err(too_many_needs(list.len()));
    }
    if list.iter().any(|need| need.why.len() > WHY_BYTES) {
        return Err(format!("gives a reason of more than {WHY_BYTES} bytes for a need"));
    }
    let list = list.into_iter().map(convert::need).collect::<Result<Vec<_>, _>>()?;
    check_needs(&list)?;
    Ok(list)
}

fn too_many_needs(count: usize) -> String {
    format!("states {count} needs, at most {NEEDS} are allowed")
}

fn check_needs(list: &[Need]) -> Result<(), String> {
    if list.len() > NEEDS {
        return Err(too_many_needs(list.len()));
    }
    for need in list {
        check_seen("a need", &need.why)?;
        check_capability(&need.capability)?;
    }
    Ok(())
}

/// A need has one spelling, so that nobody reads another one into it.
fn check_capability(capability: &Capability) -> Result<(), String> {
    match capability {
        Capability::Http(patterns) => patterns.iter().try_for_each(|pattern| match plain_pattern(pattern) {
            Err(fault) => Err(format!("needs requests that are none: {}", fault.message())),
            Ok(plain) => is_plain("requests as", pattern, &plain),
        }),
        Capability::Secret { name, origin } => {
            if name != "*" && !is_word(name) {
                return Err(format!("needs a secret named {:?}, which is no name", short(name)));
            }
            match plain_origin(origin) {
                Err(fault) => Err(format!("needs a secret for no origin: {}", fault.message())),
                Ok(plain) => is_plain("a secret for", origin, &plain),
            }
        }
        Capability::Fs { mount, .. } if !is_id(mount) => Err(format!(
            "needs a mount named {:?}, not lower-case words joined by `-`, at most 64 letters",
            short(mount)
        )),
        Capability::Env(names) | Capability::Process(names) => match names.iter().find(|name| !is_word(name)) {
            Some(name) => Err(format!("needs {:?}, which is no name", short(name))),
            None => Ok(()),
        },
        Capability::Fs { .. } | Capability::Model | Capability::Other { .. } => Ok(()),
    }
}

fn is_plain(what: &str, written: &str, plain: &str) -> Result<(), String> {
    if written == plain {
        Ok(())
    } else {
        Err(format!("needs {what} `{}`, which is written `{plain}`", written.escape_debug()))
    }
}

/// A name of something outside: what is drawn, and reads in one way.
fn is_word(text: &str) -> bool {
    !text.is_empty() && text.len() <= 256 && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn is_version(text: &str) -> bool {
    !text.is_empty() && text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn is_clean(text: &str, bytes: usize) -> bool {
    text.len() <= bytes && cut_and_clean(text.to_owned(), bytes) == text && check_seen("", text).is_ok()
}

fn is_id(text: &str) -> bool {
    text.len() <= 64
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.split('-').all(|word| {
            !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        })
}

fn is_tool_name(text: &str) -> bool {
    text.len() <= 64
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

fn short(text: &str) -> String {
    text.chars().take(64).collect()
}
