//! `wit`: the contract, out of the binary.

use std::process::ExitCode;

use looplet_host::error::Result;
use serde_json::json;

use super::{files, print};
use crate::cli::WitArgs;

/// The files of the contract, as they are in `wit/`.
const FILES: &[(&str, &str)] = &[
    ("about.wit", include_str!("../../../wit/about.wit")),
    ("common.wit", include_str!("../../../wit/common.wit")),
    ("hook.wit", include_str!("../../../wit/hook.wit")),
    ("host.wit", include_str!("../../../wit/host.wit")),
    ("needs.wit", include_str!("../../../wit/needs.wit")),
    ("tool.wit", include_str!("../../../wit/tool.wit")),
    ("world.wit", include_str!("../../../wit/world.wit")),
];

pub(crate) fn run(args: &WitArgs, json: bool) -> Result<ExitCode> {
    match &args.dir {
        Some(dir) => {
            for (name, text) in FILES {
                files::write_file(&dir.join(name), text)?;
            }
            let names: Vec<_> = FILES.iter().map(|(name, _)| *name).collect();
            match json {
                true => print::json(&json!({ "dir": dir, "files": names })),
                false => print::note(&format!("wrote {} files of `looplet:plugin` to {}", names.len(), dir.display())),
            }
        }
        None if json => print::json(&FILES.iter().copied().collect::<std::collections::BTreeMap<_, _>>()),
        None => {
            for (name, text) in FILES {
                print::answer(&format!("// {name}\n{}", text.trim_end()));
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}
