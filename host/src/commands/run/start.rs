//! The first record of a run, and what goes with every request.

use looplet_host::budget::Budget;
use looplet_host::canonical::CanonicalJson;
use looplet_host::error::{Error, Result};
use looplet_host::gate::Gate;
use looplet_host::host::DONE;
use looplet_host::message::Message;
use looplet_host::model::{RequestSetup, ToolDeclaration};
use looplet_host::permission::ToolKind;
use looplet_host::record::{Done, MountRecord, PluginRecord, RunId, RunStarted};
use looplet_host::settings::{self, Settings, Sourced, TextSource};
use serde_json::json;

use crate::commands::machine;
use crate::commands::setup::Setup;

/// The first record.
pub(super) fn started(setup: &Setup, gate: &Gate, id: RunId, task: String, model: &str) -> Result<RunStarted> {
    let settings = setup.host.settings();
    let parameters = json!({
        "temperature": settings.model.temperature.as_ref().map(|temperature| temperature.value),
        "max_output_tokens": settings.model.max_output_tokens.as_ref().map(|tokens| tokens.value),
    });
    let parameters = CanonicalJson::from_value(&parameters)
        .map_err(|fault| Error::usage(format!("the model's parameters have no form as JSON: {fault}")))?;
    let mut started = RunStarted::new(id, task.clone());
    started.project = Some(setup.machine.project());
    started.messages = messages(settings, setup, task)?;
    model.clone_into(&mut started.model);
    started.parameters = parameters;
    started.mounts = setup
        .host
        .mounts()
        .iter()
        .map(|mount| MountRecord {
            name: mount.name().to_owned(),
            path: mount.host_path().display().to_string(),
            mode: mount.mode(),
        })
        .collect();
    started.plugins = setup
        .host
        .plugins()
        .iter()
        .map(|plugin| PluginRecord {
            name: plugin.name.clone(),
            version: Some(plugin.plugin.info().version.clone()),
            digest: Some(plugin.plugin.digest()),
            kind: ToolKind::Component,
        })
        .collect();
    started.tools = gate.tools().iter().map(looplet_host::gate::GatedTool::to_record).collect();
    started.done = Done {
        required: settings.agent.done_required.as_ref().is_some_and(|required| required.value),
        ..Done::default()
    };
    started.budget = budget(&settings.budget);
    Ok(started)
}

/// What goes with every request beside the history: tools and parameters.
pub(super) fn request_setup(setup: &Setup, gate: &Gate) -> RequestSetup {
    let settings = setup.host.settings();
    let mut tools: Vec<ToolDeclaration> = gate
        .tools()
        .iter()
        .map(|tool| ToolDeclaration {
            name: tool.shown_name().to_owned(),
            description: tool.spec().description.clone(),
            input_schema: tool.spec().input_schema.clone(),
        })
        .collect();
    tools.push(done_tool());
    let mut request = RequestSetup::new().with_tools(tools);
    if let Some(temperature) = &settings.model.temperature {
        request = request.with_temperature(temperature.value);
    }
    if let Some(tokens) = settings.model.max_output_tokens.as_ref().and_then(|tokens| u32::try_from(tokens.value).ok())
    {
        request = request.with_max_output_tokens(tokens);
    }
    request
}

/// The built-in tool that ends the run.
fn done_tool() -> ToolDeclaration {
    let schema = json!({
        "type": "object",
        "properties": { "summary": { "type": "string", "description": "The result, for the person who gave the task." } },
        "required": ["summary"],
    });
    ToolDeclaration {
        name: DONE.to_owned(),
        description: "Ends the run. Call it once the task is done, alone and last.".to_owned(),
        input_schema: CanonicalJson::from_value(&schema).unwrap_or_else(|_| CanonicalJson::empty_object()),
    }
}

/// System text, context files as data, the task.
fn messages(settings: &Settings, setup: &Setup, task: String) -> Result<Vec<Message>> {
    let mut messages = Vec::new();
    if let Some(system) = &settings.agent.system {
        messages.push(Message::System { text: text(system)? });
    }
    for file in &settings.agent.context {
        let path = setup.machine.surroundings.cwd.join(&file.value);
        let content = machine::read_bytes(&path).map_err(|error| error.at(file.origin.clone()))?;
        let shown = file.value.display();
        messages.push(Message::User {
            text: format!("The file `{shown}`, as data:\n\n{}", String::from_utf8_lossy(&content)),
        });
    }
    messages.push(Message::User { text: task });
    Ok(messages)
}

fn text(source: &Sourced<TextSource>) -> Result<String> {
    match &source.value {
        TextSource::Inline(text) => Ok(text.clone()),
        TextSource::File(path) => {
            let bytes = machine::read_bytes(path).map_err(|error| error.at(source.origin.clone()))?;
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        }
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
        cost_micro_usd: None,
        active_ms: written.active_s.as_ref().map(|seconds| seconds.value.saturating_mul(1_000)),
        failures_in_a_row: small(&written.failures_in_a_row),
    }
}
