//! One world for each interface that only some plugins export: tools, and every hook point.
//!
//! Separate worlds because an export is a subscription: a plugin has to export what it implements and
//! nothing else, and a world is exported as a whole. The types are those of `bindings`.

macro_rules! point {
    ($interface:ident, $world:literal, $export:literal, $inline:literal $(, $types:literal)?) => {
        #[allow(
            missing_docs,
            unreachable_pub,
            unsafe_code,
            unused_imports,
            elided_lifetimes_in_paths,
            clippy::all,
            clippy::pedantic,
            clippy::allow_attributes_without_reason,
            reason = "generated: the canonical ABI passes pointers, and nobody edits it"
        )]
        pub mod $interface {
            wit_bindgen::generate!({
                path: "../wit",
                inline: $inline,
                world: $world,
                pub_export_macro: true,
                export_macro_name: $export,
                additional_derives: [PartialEq, Eq],
                with: {
                    "looplet:plugin/common@0.1.0": crate::contract::bindings::looplet::plugin::common,
                    "looplet:plugin/needs@0.1.0": crate::contract::bindings::looplet::plugin::needs,
                    $($types: crate::contract::bindings::looplet::plugin::hook_types,)?
                },
            });
        }
    };
}

point!(
    tool,
    "looplet:guest/with-tool",
    "export_tool",
    "package looplet:guest; world with-tool { export looplet:plugin/tool@0.1.0; }"
);
point!(
    run_start,
    "looplet:guest/with-run-start",
    "export_run_start",
    "package looplet:guest; world with-run-start { export looplet:plugin/run-start@0.1.0; }",
    "looplet:plugin/hook-types@0.1.0"
);
point!(
    should_compact,
    "looplet:guest/with-should-compact",
    "export_should_compact",
    "package looplet:guest; world with-should-compact { export looplet:plugin/should-compact@0.1.0; }",
    "looplet:plugin/hook-types@0.1.0"
);
point!(
    pre_prompt,
    "looplet:guest/with-pre-prompt",
    "export_pre_prompt",
    "package looplet:guest; world with-pre-prompt { export looplet:plugin/pre-prompt@0.1.0; }",
    "looplet:plugin/hook-types@0.1.0"
);
point!(
    pre_model,
    "looplet:guest/with-pre-model",
    "export_pre_model",
    "package looplet:guest; world with-pre-model { export looplet:plugin/pre-model@0.1.0; }",
    "looplet:plugin/hook-types@0.1.0"
);
point!(
    post_model,
    "looplet:guest/with-post-model",
    "export_post_model",
    "package looplet:guest; world with-post-model { export looplet:plugin/post-model@0.1.0; }",
    "looplet:plugin/hook-types@0.1.0"
);
point!(
    pre_tool,
    "looplet:guest/with-pre-tool",
    "export_pre_tool",
    "package looplet:guest; world with-pre-tool { export looplet:plugin/pre-tool@0.1.0; }",
    "looplet:plugin/hook-types@0.1.0"
);
point!(
    post_tool,
    "looplet:guest/with-post-tool",
    "export_post_tool",
    "package looplet:guest; world with-post-tool { export looplet:plugin/post-tool@0.1.0; }",
    "looplet:plugin/hook-types@0.1.0"
);
point!(
    post_step,
    "looplet:guest/with-post-step",
    "export_post_step",
    "package looplet:guest; world with-post-step { export looplet:plugin/post-step@0.1.0; }",
    "looplet:plugin/hook-types@0.1.0"
);
point!(
    check_done,
    "looplet:guest/with-check-done",
    "export_check_done",
    "package looplet:guest; world with-check-done { export looplet:plugin/check-done@0.1.0; }",
    "looplet:plugin/hook-types@0.1.0"
);
point!(
    should_stop,
    "looplet:guest/with-should-stop",
    "export_should_stop",
    "package looplet:guest; world with-should-stop { export looplet:plugin/should-stop@0.1.0; }",
    "looplet:plugin/hook-types@0.1.0"
);
point!(
    run_end,
    "looplet:guest/with-run-end",
    "export_run_end",
    "package looplet:guest; world with-run-end { export looplet:plugin/run-end@0.1.0; }",
    "looplet:plugin/hook-types@0.1.0"
);
point!(
    observe,
    "looplet:guest/with-observe",
    "export_observe",
    "package looplet:guest; world with-observe { export looplet:plugin/observe@0.1.0; }",
    "looplet:plugin/hook-types@0.1.0"
);
