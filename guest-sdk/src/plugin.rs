//! `plugin!`: tools, hooks and a name become a component.
//!
//! Everything that does not have to be written at the author's place is a function here, so that the
//! macro stays one screen.

use crate::call::{Call, Tool};
use crate::contract::{self, HookWishes, ToolSpec};
use crate::failure::Failure;
use crate::output::Output;

/// One tool in the list of a plugin.
#[doc(hidden)]
pub struct Entry {
    name: &'static str,
    spec: fn() -> ToolSpec,
    call: fn(&Call) -> Result<Output, Failure>,
}

impl Entry {
    /// The entry of a tool.
    pub const fn of<T: Tool>() -> Self {
        Self { name: T::NAME, spec: T::spec, call: T::call }
    }
}

/// Refuses, while the plugin is compiled, what the host would refuse at load.
#[doc(hidden)]
pub const fn check(name: &str, tools: &[Entry], hooks: &[fn() -> HookWishes]) {
    assert!(is_id(name.as_bytes()), "a plugin's name is lower-case words joined by `-`, at most 64 bytes");
    assert!(!tools.is_empty() || !hooks.is_empty(), "a plugin has at least one tool or hook");
    let mut one = 0;
    while one < tools.len() {
        let mut other = one + 1;
        while other < tools.len() {
            assert!(!same(tools[one].name, tools[other].name), "two tools of a plugin have one name");
            other += 1;
        }
        one += 1;
    }
}

const fn is_id(name: &[u8]) -> bool {
    if name.is_empty() || name.len() > 64 {
        return false;
    }
    let mut index = 0;
    let mut after_dash = true;
    while index < name.len() {
        match name[index] {
            b'-' if after_dash => return false,
            b'-' => after_dash = true,
            b'a'..=b'z' | b'0'..=b'9' => after_dash = false,
            _ => return false,
        }
        index += 1;
    }
    !after_dash
}

const fn same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    if one.len() != other.len() {
        return false;
    }
    let mut index = 0;
    while index < one.len() {
        if one[index] != other[index] {
            return false;
        }
        index += 1;
    }
    true
}

/// What `list-tools` answers.
#[doc(hidden)]
pub fn list(tools: &[Entry]) -> Vec<ToolSpec> {
    tools.iter().map(|entry| (entry.spec)()).collect()
}

/// What `call` answers.
#[doc(hidden)]
pub fn call(tools: &[Entry], request: contract::ToolCall) -> Result<contract::ToolOutput, contract::Failure> {
    let Some(entry) = tools.iter().find(|entry| entry.name == request.tool) else {
        return Err(Failure::not_found(format!("this plugin has no tool `{}`", request.tool)).into());
    };
    (entry.call)(&request.into()).map(Into::into).map_err(Into::into)
}

/// Makes a plugin of tools, of hooks, or of both: writes what a component has to export, and no more.
///
/// ```
/// # use looplet_guest::prelude::*;
/// # /// Count.
/// # #[looplet_guest::tool]
/// # fn word_count() -> Result<Text, Failure> { Ok(Text(String::new())) }
/// # mod text {
/// #     use looplet_guest::prelude::*;
/// #     /// Turn round.
/// #     #[looplet_guest::tool]
/// #     pub fn reverse() -> Result<Text, Failure> { Ok(Text(String::new())) }
/// # }
/// # #[looplet_guest::hook]
/// # fn run_end(_: &RunView, _: &str) -> Result<(), Failure> { Ok(()) }
/// # #[derive(serde::Deserialize, schemars::JsonSchema)]
/// # struct Settings {}
/// looplet_guest::plugin!(
///     "words",
///     tools: [word_count, text::reverse],
///     hooks: [run_end],
///     settings: Settings,
///     description: "Counts and turns words.",
/// );
/// ```
///
/// Only the name and tools or hooks have to be there.
///
/// - The name is lower-case words joined by `-`. It is for people: the operator has a name of their own.
/// - `tools` are functions with [`macro@crate::tool`], by path.
/// - `hooks` are functions with [`macro@crate::hook`], by the name that each shares with its point; one of
///   another module is brought in with `use`. A plugin exports the points that stand here and no other.
/// - `settings` is a type with `Deserialize` and `JsonSchema`: the host checks what the operator wrote
///   against its schema, and [`crate::host::settings`] reads it.
/// - `description` is one sentence for people; without it, that of `Cargo.toml` is taken.
/// - The version is that of `Cargo.toml`.
///
/// A name that cannot be, or two tools of one name, do not compile. One plugin per crate, which is a
/// `cdylib`.
#[macro_export]
macro_rules! plugin {
    (
        $name:literal
        $(, tools: [$($tool:ty),+ $(,)?])?
        $(, hooks: [$($hook:ident),+ $(,)?])?
        $(, settings: $settings:ty)?
        $(, description: $description:expr)?
        $(,)?
    ) => {
        const _: () = {
            const TOOLS: &[$crate::plugin::Entry] = &[$($($crate::plugin::Entry::of::<$tool>()),+)?];
            const HOOKS: &[fn() -> $crate::contract::HookWishes] =
                &[$($(<$hook as $crate::hook::Hook>::wishes),+)?];
            const _: () = $crate::plugin::check($name, TOOLS, HOOKS);

            struct Plugin;

            impl $crate::contract::bindings::exports::looplet::plugin::about::Guest for Plugin {
                fn describe() -> $crate::contract::PluginInfo {
                    $crate::contract::PluginInfo {
                        id: $name.into(),
                        version: ::core::env!("CARGO_PKG_VERSION").into(),
                        description: $crate::__or!([$($description)?] ::core::env!("CARGO_PKG_DESCRIPTION")).into(),
                        settings_schema: $crate::__or!(
                            [$(Some($crate::schema::of_arguments::<$settings>()))?] None
                        ),
                        hooks: $crate::hook::joined(HOOKS),
                    }
                }
            }

            #[allow(
                unsafe_code,
                clippy::pedantic,
                reason = "generated: exported functions have fixed names and take pointers"
            )]
            const _: () = {
                $crate::contract::bindings::export_every_plugin!(
                    Plugin with_types_in $crate::contract::bindings
                );
                $($crate::__tools!(Plugin, $($tool),+);)?
                $($($crate::__hook!(Plugin, $hook);)+)?
            };
        };
    };
}

/// Exports the interface `tool`. Takes the tools only to stand where there are some.
#[doc(hidden)]
#[macro_export]
macro_rules! __tools {
    ($plugin:ident, $($tool:ty),+) => {
        impl $crate::contract::points::tool::exports::looplet::plugin::tool::Guest for $plugin {
            fn list_tools() -> Vec<$crate::contract::ToolSpec> {
                $crate::plugin::list(TOOLS)
            }

            fn call(
                request: $crate::contract::ToolCall,
            ) -> Result<$crate::contract::ToolOutput, $crate::contract::Failure> {
                $crate::plugin::call(TOOLS, request)
            }
        }

        $crate::contract::points::tool::export_tool!($plugin with_types_in $crate::contract::points::tool);
    };
}

/// Exports one hook point: the arms know what each is told and answers.
#[doc(hidden)]
#[macro_export]
macro_rules! __hook {
    ($plugin:ident, run_start) => {
        $crate::__hook!(@ $plugin, run_start, export_run_start, (task: String, resumed: bool) -> ());
    };
    ($plugin:ident, should_compact) => {
        $crate::__hook!(
            @ $plugin, should_compact, export_should_compact,
            (estimated_tokens: u32, window_tokens: Option<u32>) -> bool
        );
    };
    ($plugin:ident, pre_prompt) => {
        $crate::__hook!(@ $plugin, pre_prompt, export_pre_prompt, () -> Option<String>);
    };
    ($plugin:ident, pre_model) => {
        $crate::__hook!(
            @ $plugin, pre_model, export_pre_model,
            (model: String, added: String) -> Option<$crate::contract::RequestVerdict>
        );
    };
    ($plugin:ident, post_model) => {
        $crate::__hook!(
            @ $plugin, post_model, export_post_model, (message: String) -> Option<$crate::contract::ModelVerdict>
        );
    };
    ($plugin:ident, pre_tool) => {
        $crate::__hook!(
            @ $plugin, pre_tool, export_pre_tool,
            (request: $crate::contract::CallView) -> $crate::contract::ToolAnswer
        );
    };
    ($plugin:ident, post_tool) => {
        $crate::__hook!(
            @ $plugin, post_tool, export_post_tool,
            (step: $crate::contract::StepView) -> Option<$crate::contract::ResultVerdict>
        );
    };
    ($plugin:ident, post_step) => {
        $crate::__hook!(@ $plugin, post_step, export_post_step, (step: $crate::contract::StepView) -> ());
    };
    ($plugin:ident, check_done) => {
        $crate::__hook!(
            @ $plugin, check_done, export_check_done, (answer: String) -> $crate::contract::DoneVerdict
        );
    };
    ($plugin:ident, should_stop) => {
        $crate::__hook!(@ $plugin, should_stop, export_should_stop, () -> Option<String>);
    };
    ($plugin:ident, run_end) => {
        $crate::__hook!(@ $plugin, run_end, export_run_end, (stop_reason: String) -> ());
    };
    ($plugin:ident, observe) => {
        $crate::__hook!(@ $plugin, observe, export_observe, (name: String, data: String) -> ());
    };
    (@ $plugin:ident, $point:ident, $export:ident, ($($told:ident: $type:ty),*) -> $answer:ty) => {
        impl $crate::contract::points::$point::exports::looplet::plugin::$point::Guest for $plugin {
            fn handle(view: $crate::contract::RunView, $($told: $type),*) -> $answer {
                $crate::hook::glue::$point($point, &view, $($told),*)
            }
        }

        $crate::contract::points::$point::$export!($plugin with_types_in $crate::contract::points::$point);
    };
}

/// What was written, or else what stands behind it.
#[doc(hidden)]
#[macro_export]
macro_rules! __or {
    ([$given:expr] $default:expr) => {
        $given
    };
    ([] $default:expr) => {
        $default
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_plugins_are_lower_case_words() {
        for good in ["a", "files", "web-search", "a1-2"] {
            assert!(is_id(good.as_bytes()), "{good}");
        }
        let long = "a".repeat(65);
        for bad in ["", "-a", "a-", "a--b", "A", "a_b", "a b", &long] {
            assert!(!is_id(bad.as_bytes()), "{bad}");
        }
    }
}
