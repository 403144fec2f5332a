//! What stands at the beginning of a run: its first record, and what goes with every request.

use serde_json::{Value, json};

use super::hooks::HostHook;
use super::{DONE, Host, terms};
use crate::budget::Budget;
use crate::canonical::CanonicalJson;
use crate::error::{Error, Result};
use crate::gate::{Gate, GatedTool};
use crate::model::{RequestSetup, ToolDeclaration};
use crate::permission::ToolKind;
use crate::plugin::Schema;
use crate::record::{Done, MountRecord, PluginRecord, RunId, RunStarted};
use crate::sandbox::Plugin;
use crate::settings::{self, Settings, Sourced, TextSource};

/// The first record, but for messages and model.
pub(super) fn started(host: &Host, gate: &Gate, id: RunId, task: &str) -> RunStarted {
    let settings = host.settings();
    RunStarted {
        parameters: parameters(settings),
        mounts: host
            .mounts()
            .iter()
            .map(|mount| MountRecord {
                name: mount.name().to_owned(),
                path: mount.host_path().display().to_string(),
                mode: mount.mode(),
            })
            .collect(),
        plugins: host
            .plugins()
            .iter()
            .map(|plugin| {
                let record = component(&plugin.name, &plugin.plugin);
                let dev = record.version.clone().filter(|_| plugin.is_dev).map(|version| format!("{version} dev"));
                PluginRecord { version: dev.or_else(|| record.version.clone()), ..record }
            })
            .chain(host.0.hooks.iter().map(HostHook::to_record))
            .collect(),
        tools: gate.tools().iter().map(GatedTool::to_record).collect(),
        done: Done {
            required: settings.agent.done_required.as_ref().is_some_and(|required| required.value),
            schema: host.0.done_schema.clone(),
            ..Done::default()
        },
        budget: budget(&settings.budget),
        policy: Some(terms::digest(host, gate)),
        at_terminal: host.0.around.as_ref().is_some_and(|around| around.machine.surroundings.terminal),
        ..RunStarted::new(id, task)
    }
}

/// A component as the journal knows it.
pub(super) fn component(name: &str, plugin: &Plugin) -> PluginRecord {
    PluginRecord {
        name: name.to_owned(),
        version: Some(plugin.info().version.clone()),
        digest: Some(plugin.digest()),
        kind: ToolKind::Component,
    }
}

/// What goes with every request beside the history: tools and parameters.
pub(super) fn request_setup(started: &RunStarted) -> RequestSetup {
    let mut tools: Vec<ToolDeclaration> = started
        .tools
        .iter()
        .map(|tool| ToolDeclaration {
            name: tool.name.clone(),
            description: tool.description.clone(),
            input_schema: tool.input_schema.clone(),
        })
        .collect();
    tools.push(done_tool(&started.done));
    let mut request = RequestSetup::new().with_tools(tools);
    let parameters = started.parameters.to_value();
    if let Some(temperature) = parameters.get("temperature").and_then(Value::as_f64) {
        request = request.with_temperature(temperature);
    }
    let cap = parameters.get("max_output_tokens").and_then(Value::as_u64);
    if let Some(tokens) = cap.and_then(|tokens| u32::try_from(tokens).ok()) {
        request = request.with_max_output_tokens(tokens);
    }
    request
}

fn parameters(settings: &Settings) -> CanonicalJson {
    let parameters = json!({
        "temperature": settings.model.temperature.as_ref().map(|temperature| temperature.value),
        "max_output_tokens": output_cap(settings),
    });
    // Settings hold no number that JSON cannot say.
    CanonicalJson::from_value(&parameters).unwrap_or_else(|_| CanonicalJson::empty_object())
}

fn output_cap(settings: &Settings) -> Option<u32> {
    settings.model.max_output_tokens.as_ref().and_then(|tokens| u32::try_from(tokens.value).ok())
}

/// The schema of `done` that the settings give. One in a file was read before.
pub(super) fn done_schema(settings: &Settings) -> Result<Option<CanonicalJson>> {
    let Some(Sourced { value: TextSource::Inline(text), origin }) = &settings.agent.done_schema else {
        return Ok(None);
    };
    let schema = CanonicalJson::from_text(text)
        .map_err(|error| Error::usage(format!("the schema of `{DONE}` is no JSON: {error}")));
    let checked = schema.and_then(|schema| check_done_schema(&schema).map(|()| schema));
    checked.map(Some).map_err(|error| error.at(origin.clone()))
}

/// Refuses what no answer could be held against.
pub(super) fn check_done_schema(schema: &CanonicalJson) -> Result<()> {
    Schema::compile(schema).map_err(|why| Error::usage(format!("the schema of `{DONE}` {why}")))?;
    match schema.to_value().get("type") {
        Some(Value::String(kind)) if kind == "object" => Ok(()),
        _ => Err(Error::usage(format!("the schema of `{DONE}` is not one of an object"))
            .hint("`done` is a tool, and takes named arguments: write `\"type\": \"object\"` at its top")),
    }
}

/// The built-in tool that ends the run.
fn done_tool(done: &Done) -> ToolDeclaration {
    let shipped = json!({
        "type": "object",
        "properties": { "summary": { "type": "string", "description": "The result, for the person who gave the task." } },
        "required": ["summary"],
    });
    let shipped = || CanonicalJson::from_value(&shipped).unwrap_or_else(|_| CanonicalJson::empty_object());
    ToolDeclaration {
        name: DONE.to_owned(),
        description: "Ends the run. Call it once the task is done, alone and last.".to_owned(),
        input_schema: done.schema.clone().unwrap_or_else(shipped),
    }
}

fn budget(written: &settings::Budget) -> Budget {
    let small =
        |value: &Option<Sourced<u64>>| value.as_ref().map(|value| u32::try_from(value.value).unwrap_or(u32::MAX));
    let shipped = Budget::default();
    Budget {
        steps: small(&written.steps).or(shipped.steps),
        turns: small(&written.turns),
        calls: shipped.calls,
        calls_of: written
            .calls
            .iter()
            .map(|(tools, most)| (tools.as_str().to_owned(), u32::try_from(most.value).unwrap_or(u32::MAX)))
            .collect(),
        tokens: written.tokens.as_ref().map(|tokens| tokens.value),
        cost_micro_usd: written.money_micro_usd.as_ref().map(|money| money.value),
        active_ms: written.active_s.as_ref().map(|seconds| seconds.value.saturating_mul(1_000)),
        egress_bytes: written.egress_kib.as_ref().map(|kib| kib.value.saturating_mul(1 << 10)),
        failures_in_a_row: small(&written.failures_in_a_row),
    }
}
