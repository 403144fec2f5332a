//! `inspect`: what a plugin says of itself. Claims, and shown as such.

use std::process::ExitCode;

use looplet_host::error::{Error, Result};
use looplet_host::gate::PluginHandle;
use looplet_host::machine;
use looplet_host::need::Need;
use looplet_host::record::inert;
use serde_json::{Value, json};

use super::print;
use super::setup::{self, set_up};
use crate::cli::InspectArgs;

pub(crate) async fn run(args: InspectArgs, json: bool) -> Result<ExitCode> {
    let file = args.plugin.as_deref().map(machine::named_component).transpose()?.flatten();
    let wanted = file.as_ref().map(|file| file.name.clone()).or_else(|| args.plugin.clone());
    let setup = set_up(&args.setup, &args.setup.flags(), file.into_iter().collect(), None).await?;
    setup::print_notes(&setup);
    let plugins =
        setup.host.plugins().iter().filter(|plugin| wanted.as_ref().is_none_or(|wanted| *wanted == plugin.name));
    let plugins: Vec<_> = plugins.collect();
    if plugins.is_empty() {
        let names: Vec<_> = setup.host.plugins().iter().map(|plugin| plugin.name.as_str()).collect();
        return Err(Error::usage(format!("there is no plugin `{}`", wanted.as_deref().unwrap_or_default()))
            .hint(format!("loaded are: {}", names.join(", "))));
    }
    match (json, wanted) {
        (false, _) => plugins.into_iter().for_each(|plugin| print_text(plugin)),
        (true, Some(_)) => plugins.into_iter().for_each(|plugin| print::json(&to_json(plugin))),
        (true, None) => print::json(&plugins.into_iter().map(|plugin| to_json(plugin)).collect::<Vec<_>>()),
    }
    Ok(ExitCode::SUCCESS)
}

fn print_text(plugin: &PluginHandle) {
    let info = plugin.plugin.info();
    let from = match (plugin.built_in, plugin.is_dev) {
        (_, true) => "dev, ",
        (true, false) => "built in, ",
        (false, false) => "",
    };
    print::answer(&format!("{}  {} {}  {from}{}", plugin.name, info.id, inert(&info.version), plugin.plugin.digest()));
    print::answer(&format!("  {}", inert(&info.description)));
    for point in plugin.plugin.hook_points() {
        print::answer(&format!("  hook {point}"));
    }
    for tool in plugin.plugin.tools() {
        print::answer(&format!("  {}: {}", tool.name, inert(tool.description.lines().next().unwrap_or_default())));
        print_needs(&tool.needs);
    }
    if let Some(schema) = &info.settings_schema {
        print::answer(&format!("  settings {schema}"));
    }
}

fn print_needs(needs: &[Need]) {
    for need in needs {
        let optional = if need.optional { " (optional)" } else { "" };
        print::answer(&format!("    needs {}{optional}: {}", inert(&need.capability.to_string()), inert(&need.why)));
    }
}

fn to_json(plugin: &PluginHandle) -> Value {
    json!({
        "name": plugin.name,
        "built_in": plugin.built_in,
        "digest": plugin.plugin.digest(),
        "info": plugin.plugin.info(),
        "hook_points": plugin.plugin.hook_points(),
        "tools": plugin.plugin.tools(),
    })
}
