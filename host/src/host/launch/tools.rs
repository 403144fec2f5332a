//! Tools that a run has beside those of its host: functions of the embedding program.

use super::Launch;
use crate::error::{Error, Result};
use crate::gate::{Gate, GatedTool};
use crate::host::DONE;
use crate::native::Tool;
use crate::permission::ToolKind;
use crate::record::RunStarted;

/// Refuses native tools that the model could not tell from others.
fn check_names(tools: &[GatedTool], natives: &[GatedTool]) -> Result<()> {
    for (index, native) in natives.iter().enumerate() {
        let name = native.shown_name();
        let other = tools.iter().chain(&natives[..index]).find(|other| other.shown_name() == name);
        let whose = match other {
            Some(other) => format!("that of `{}`", other.full_name()),
            None if name == DONE => "built in, and ends a run".to_owned(),
            None => continue,
        };
        return Err(Error::usage(format!("the native tool `{name}` has a name that is taken: it is {whose}"))
            .hint("give the function another name"));
    }
    Ok(())
}

impl Launch {
    /// A tool of the embedding program, for this run. Rules name it `native/NAME`; nothing is allowed by
    /// registering it. A run that is resumed is given the same tools anew.
    pub fn tool(mut self, tool: Tool) -> Self {
        self.tools.push(tool);
        self
    }

    /// The gate with the run's own tools.
    pub(super) fn with_tools(&self, gate: Gate) -> Result<Gate> {
        if self.tools.is_empty() {
            return Ok(gate);
        }
        if gate.tools().iter().any(|tool| tool.plugin_name() == Tool::PLUGIN) {
            return Err(Error::usage(format!("a plugin is called `{}`", Tool::PLUGIN))
                .hint("that is the name of the program's own tools in rules; give the plugin another"));
        }
        let gated = self.tools.iter().map(|tool| {
            GatedTool::native(tool.clone())
                .map_err(|why| Error::usage(format!("the native tool `{}` {why}", tool.name())))
        });
        let gated = gated.collect::<Result<Vec<_>>>()?;
        check_names(gate.tools(), &gated)?;
        Ok(gate.with_tools(gated))
    }

    /// Refuses to go on without a native tool that a run has: nobody else can supply it.
    pub(super) fn check_supplied(&self, started: &RunStarted) -> Result<()> {
        let is_missing = |name: &str| !self.tools.iter().any(|tool| tool.name() == name);
        let native = started.tools.iter().filter(|tool| tool.kind == ToolKind::Native);
        let missing: Vec<String> =
            native.filter(|tool| is_missing(&tool.tool)).map(|tool| format!("`{}`", tool.tool)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let message = format!("the run has native tools that nobody supplies: {}", missing.join(", "));
        Err(Error::usage(message)
            .hint("only the program that has them can go on with it: `.tool(…)` before `.resume(…)`"))
    }
}
