//! From bytes to a component that can be called: digest, form, imports, exports, all checked before
//! anything of it runs.

use std::sync::Arc;

use wasmtime::Engine;
use wasmtime::component::{Component, InstancePre, Linker};

use super::bindings::exports::looplet::plugin::{about, tool};
use super::limits::Limits;
use super::linker;
use super::points::ExportedPoints;
use super::state::CallState;
use crate::digest::Digest;
use crate::error::{Error, Result};

/// The package of the contract, with its slash.
const PACKAGE: &str = "looplet:plugin/";
/// The line of versions of the contract that this host speaks.
const CONTRACT_LINE: &str = "0.1.";
/// The interfaces of the contract that a plugin may export beside hook points.
const INTERFACES: &[&str] = &["about", "tool"];

/// A component whose imports are resolved and whose exports are known. Cheap to clone.
#[derive(Clone)]
pub(super) struct CheckedComponent(Arc<Parts>);

struct Parts {
    digest: Digest,
    pre: InstancePre<CallState>,
    about: about::GuestIndices,
    tool: Option<tool::GuestIndices>,
    points: ExportedPoints,
    hook_points: Vec<String>,
    reads_history: bool,
    imports: Vec<String>,
}

impl CheckedComponent {
    /// Checks a compiled component. `name` is what the operator calls it.
    pub(super) fn new(
        engine: &Engine,
        offered: &Linker<CallState>,
        name: &str,
        digest: Digest,
        component: &Component,
    ) -> Result<Self> {
        let exports = check_exports(engine, name, component)?;
        let unknown = linker::unknown_imports(engine, component);
        if !unknown.is_empty() {
            let list = listed(&unknown);
            return Err(Error::usage(format!("plugin `{name}` imports what this host does not offer: {list}"))
                .hint("plugins import `looplet:plugin` 0.1 and WASI 0.2"));
        }
        let pre = offered.instantiate_pre(component).map_err(|error| other_draft(name, &error))?;
        let about = about::GuestIndices::new(&pre).map_err(|error| other_draft(name, &error))?;
        let tool = match exports.iter().any(|export| export == "tool") {
            true => Some(tool::GuestIndices::new(&pre).map_err(|error| other_draft(name, &error))?),
            false => None,
        };
        let points = ExportedPoints::new(&pre, &exports).map_err(|error| other_draft(name, &error))?;
        let hook_points = exports.into_iter().filter(|export| !matches!(&**export, "about" | "tool")).collect();
        let reads_history = linker::reads_history(engine, component);
        let imports = component.component_type().imports(engine).map(|(name, _)| name.to_owned()).collect();
        Ok(Self(Arc::new(Parts { digest, pre, about, tool, points, hook_points, reads_history, imports })))
    }

    pub(super) fn digest(&self) -> Digest {
        self.0.digest
    }

    pub(super) fn pre(&self) -> &InstancePre<CallState> {
        &self.0.pre
    }

    pub(super) fn about(&self) -> &about::GuestIndices {
        &self.0.about
    }

    pub(super) fn tool(&self) -> Option<&tool::GuestIndices> {
        self.0.tool.as_ref()
    }

    pub(super) fn points(&self) -> &ExportedPoints {
        &self.0.points
    }

    pub(super) fn hook_points(&self) -> &[String] {
        &self.0.hook_points
    }

    pub(super) fn imports(&self) -> &[String] {
        &self.0.imports
    }

    pub(super) fn reads_history(&self) -> bool {
        self.0.reads_history
    }
}

/// Refuses, before compiling, bytes that cannot be a component.
pub(super) fn check_form(name: &str, bytes: &[u8]) -> Result<()> {
    let fault = |what: &str| Error::usage(format!("plugin `{name}` {what}"));
    if bytes.len() as u64 > Limits::COMPONENT_BYTES {
        return Err(fault(&format!("is larger than {} MiB", Limits::COMPONENT_BYTES >> 20)));
    }
    match bytes {
        [b'\0', b'a', b's', b'm', 0x0d, 0, 1, 0, ..] => Ok(()),
        [b'\0', b'a', b's', b'm', 1, 0, 0, 0, ..] => {
            Err(fault("is a core module, not a component").hint("build it for the target `wasm32-wasip2`"))
        }
        [b'\0', b'a', b's', b'm', ..] => Err(fault("is of another version of WebAssembly")),
        [0x7f, b'E', b'L', b'F', ..] => Err(fault("is native code, not a component")
            .hint("compiled components are made by this host and never loaded from elsewhere")),
        [] => Err(fault("is an empty file")),
        _ => Err(fault("is no WebAssembly").hint("a plugin is a component, built for the target `wasm32-wasip2`")),
    }
}

/// Says why bytes that look like a component did not compile.
pub(super) fn does_not_compile(name: &str, text: &str) -> Error {
    let cut_short = ["unexpected end", "unexpected-eof", "out of bounds (bound"].iter().any(|said| text.contains(said));
    let error = Error::usage(format!("plugin `{name}` does not compile: {}", one_line(text)));
    if cut_short { error.hint("the file looks cut short; fetch or build it again") } else { error }
}

fn other_draft(name: &str, error: &wasmtime::Error) -> Error {
    Error::usage(format!(
        "plugin `{name}` does not fit the contract `looplet:plugin@0.1`: {}",
        one_line(&format!("{error:#}"))
    ))
    .hint("it was built for another draft; `looplet-host wit` writes out the one this host speaks")
}

/// The first few names, and how many more there are.
fn listed(names: &[String]) -> String {
    const SHOWN: usize = 8;
    let shown = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The interfaces of the contract that a component exports, by their short names.
fn check_exports(engine: &Engine, name: &str, component: &Component) -> Result<Vec<String>> {
    let all: Vec<String> = component.component_type().exports(engine).map(|(export, _)| export.to_owned()).collect();
    let mut ours = Vec::new();
    for export in &all {
        let Some(rest) = export.strip_prefix(PACKAGE) else { continue };
        let (interface, version) = rest.split_once('@').unwrap_or((rest, ""));
        if !version.starts_with(CONTRACT_LINE) {
            return Err(Error::usage(format!(
                "plugin `{name}` exports `{export}`, this host speaks `looplet:plugin@0.1`"
            ))
            .hint("a newer host may load it"));
        }
        if !INTERFACES.contains(&interface) && !ExportedPoints::NAMES.contains(&interface) {
            return Err(Error::usage(format!("plugin `{name}` exports `{export}`, which this host does not know"))
                .hint("it could be a gate, so it is not ignored; a newer host may load it"));
        }
        ours.push(interface.to_owned());
    }
    if ours.iter().any(|export| export == "about") {
        return Ok(ours);
    }
    let list = match all.len() {
        0 => "nothing".to_owned(),
        _ => listed(&all),
    };
    Err(Error::usage(format!("`{name}` is no looplet plugin: it exports {list}, not `looplet:plugin/about@0.1`"))
        .hint("`looplet-host wit` writes out the contract that a plugin exports"))
}
