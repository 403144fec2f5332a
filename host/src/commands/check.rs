//! `check`: whether files, plugins, rules and their examples are in order.

use std::process::ExitCode;

use looplet_host::error::{Error, Exit, Result};
use serde_json::json;

use super::print;
use super::setup::set_up;
use crate::cli::CheckArgs;

pub(crate) async fn run(args: CheckArgs, json: bool) -> Result<ExitCode> {
    let setup = set_up(&args.setup, &args.setup.flags(), Vec::new(), None).await?;
    let settings = setup.host.settings();
    let withheld: Vec<String> = settings.withheld.iter().map(|key| format!("{}: `{}`", key.origin, key.key)).collect();
    let rules = settings.policy.rules().len();
    let (plugins, tools) = (setup.host.plugins().len(), setup.host.tools().len());
    let is_fine = !args.strict || setup.host.notes().is_empty();
    if json {
        print::json(&json!({
            "ok": is_fine,
            "plugins": plugins,
            "tools": tools,
            "rules": rules,
            "notes": setup.host.notes(),
            "withheld": withheld,
        }));
    } else {
        for note in setup.host.notes() {
            print::answer(note);
        }
        for key in &withheld {
            print::answer(&format!("not used, the file is not trusted: {key}"));
        }
        let (plugins, tools, rules) = (count(plugins, "plugin"), count(tools, "tool"), count(rules, "rule"));
        print::answer(&format!("in order: {plugins}, {tools}, {rules}"));
    }
    if !is_fine {
        let notes = count(setup.host.notes().len(), "note");
        print::note(&Error::usage(format!("{notes}, and `--strict` lets none pass")).report());
    }
    Ok(super::exit((!is_fine).then_some(Exit::Usage)))
}

/// `1 rule`, `2 rules`.
fn count(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}
