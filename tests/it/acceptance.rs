//! What a user of an agent loop expects of it, case by case, and the test that shows it here.
//!
//! The cases are of common use; where this host deviates on purpose the note says how. A case that nobody
//! tests fails.

use super::tidy::sources;

/// A case: given and wanted, the test that shows it, how this host deviates.
struct Case(&'static str, &'static str, Option<&'static str>);

const LOOP: &[Case] = &[
    Case("a model that greets twice and is done: three steps", "greeting_twice_and_done_are_three_steps", None),
    Case("a budget of two steps and no end", "a_step_budget_of_two_allows_exactly_two_steps", None),
    Case("a task without a word is refused", "a_task_without_a_word", None),
    Case("no tools are refused", "runs_without_tools_and_with_two_of_one_name_do_not_begin", None),
    Case(
        "a text without a call",
        "a_plain_text_ends_the_run_and_is_its_output",
        Some("a text is an answer, not a fault; where `done` is required it is told once"),
    ),
    Case("a text where only `done` ends the run", "a_run_that_requires_done_asks_once_more_and_then_stops", None),
    Case(
        "a model without tool support",
        "a_named_model_is_checked_against_what_is_installed",
        Some("refused before the run where the server says so"),
    ),
    Case("a request over the context window", "a_request_over_the_window_is_not_sent", None),
    Case(
        "the provider says that the request is too long",
        "what_trying_again_will_not_mend_is_tried_once",
        Some("nothing is compacted yet"),
    ),
    Case("calls behind an accepted `done`", "calls_behind_an_accepted_done_are_not_run_and_are_listed_on_it", None),
    Case("free calls use no step", "free_calls_that_succeed_use_no_step_and_free_calls_that_fail_do", None),
    Case("only free calls", "free_calls_count_against_the_budget_of_calls", Some("they are bounded")),
    Case(
        "cancelled in the middle of a batch",
        "a_run_that_is_cancelled_in_the_middle_of_a_batch_runs_no_further_call",
        None,
    ),
    Case("cancelled while `done` is queued", "a_done_behind_a_call_that_cancels_is_not_accepted", None),
    Case("an answer after the deadline", "an_answer_that_comes_after_the_deadline_is_not_acted_on", None),
    Case(
        "the caller stops after a step",
        "a_run_that_is_left_after_a_step_says_that_the_caller_stopped_it",
        Some("it can be resumed, and hooks are not told of an end that is none"),
    ),
    Case(
        "two hooks are told of the end, the first fails",
        "a_hook_is_told_of_the_end_once_though_the_one_before_it_failed",
        None,
    ),
    Case("results in one line", "results_are_told_in_a_few_words", None),
    Case("failures in one line", "failures_say_what_kind_they_are_once", None),
    Case("whatever else happens", "whatever_happens_a_run_keeps_its_laws_and_goes_on_as_if_nothing_had_happened", None),
];

const TOOLS: &[Case] = &[
    Case("an unknown name close to a real one", "an_unknown_tool_is_answered_with_the_name_that_was_meant", None),
    Case("a misspelt argument", "a_misspelt_argument_is_told_with_the_one_that_is_meant_and_the_form", None),
    Case(
        "nothing, or an empty text, for an argument",
        "nothing_in_place_of_a_text_is_refused_and_an_empty_text_and_an_optional_nothing_are_not",
        Some("an empty text is a text; where it may not be one the schema says so"),
    ),
    Case("arguments are checked before effects", "arguments_are_checked_before_anything_runs", None),
    Case(
        "a bare string for the only required argument; spaces are kept",
        "no_arguments_are_an_empty_object_and_a_bare_string_is_the_only_required_one",
        None,
    ),
    Case("failures keep their kind", "failures_and_traps_are_told_apart", None),
    Case(
        "warnings are on the result",
        "results_are_bounded_and_cleaned",
        Some("a failure has a message and a hint, and no warnings"),
    ),
    Case(
        "safe calls overlap and answer in order",
        "calls_that_allow_it_run_side_by_side_and_are_answered_in_their_order",
        None,
    ),
    Case(
        "one unsafe call among them",
        "one_call_that_does_not_allow_it_puts_all_in_order",
        Some("the whole answer runs in order, not the groups between"),
    ),
    Case("a cap on calls at once", "at_most_eight_calls_run_at_once", None),
    Case(
        "large results are cut with a note",
        "results_are_bounded_and_cleaned",
        Some("at 256 KiB, whole in the journal"),
    ),
    Case(
        "progress is told while the tool runs",
        "progress_is_told_while_the_tool_runs_and_of_very_much_the_first",
        None,
    ),
    Case("a tool that is not offered", "a_tool_that_is_not_offered_is_decided_on_like_any_other", None),
];

const DONE_AND_HOOKS: &[Case] = &[
    Case(
        "a gate before the end fails",
        "a_gate_that_traps_once_keeps_denying",
        Some("the end is rejected, now and later"),
    ),
    Case("a rejected `done`", "a_rejected_done_is_a_failed_step_and_the_run_goes_on", None),
    Case("a `done` without its fields", "a_done_without_a_summary_is_told_what_is_missing", None),
    Case(
        "a `done` that does not fit the operator's schema",
        "an_answer_that_does_not_fit_is_rejected_with_each_place_and_the_next_one_counts",
        None,
    ),
    Case(
        "what a hook decides is told with point, name and decision",
        "hooks_are_called_in_the_order_in_which_they_are_named_and_the_first_denial_ends_it",
        Some("in the record of the call"),
    ),
    Case("a hook answers in place of the tool", "an_answer_takes_the_place_of_the_tool_and_is_marked", None),
    Case(
        "a policy that denies what a hook answers",
        "a_policy_that_denies_is_not_lifted_by_an_answer",
        Some("an answer passes the gate"),
    ),
    Case("two hooks rewrite arguments", "rewrites_are_chained_and_the_last_arguments_count", None),
    Case(
        "a denial beside anything else",
        "hooks_are_called_in_the_order_in_which_they_are_named_and_the_first_denial_ends_it",
        Some("there is no allow"),
    ),
    Case("a hook stops in the middle of a batch", "a_hooks_reason_ends_the_run_between_two_calls", None),
    Case(
        "an answer beyond its form or its powers",
        "a_rewrite_without_the_power_is_a_fault_of_the_gate",
        Some("it denies and does not end the run"),
    ),
    Case("each point is called once, in order", "every_point_is_called_in_the_order_of_the_run", None),
    Case(
        "texts over the bound",
        "texts_of_hooks_are_cut_together_and_every_hook_is_called",
        Some("cut at 16 KiB; later hooks are called"),
    ),
    Case(
        "an observer that fails",
        "a_component_that_only_observes_is_silent_once_it_failed_and_refuses_nothing",
        Some("a gate that fails stays shut"),
    ),
];

const PERMISSIONS: &[Case] = &[
    Case("deny and allow for the same tool", "the_strictest_rule_wins_and_says_why", Some("whatever the order")),
    Case("the order of rules", "the_order_of_rules_does_not_matter", Some("the strictest wins")),
    Case("a matcher that cannot tell", "each_test_answers_yes_no_or_cannot_tell", None),
    Case("nobody to ask", "an_ask_without_a_terminal_is_a_no", None),
    Case("no rule", "without_a_policy_and_without_a_terminal_every_call_is_denied", Some("denied; `done` is accepted")),
    Case("approved and changed", "an_edit_that_reaches_more_is_asked_about_again", None),
    Case("approved later, and something else by then", "an_answer_about_another_reach_does_not_count", None),
    Case("asked once", "yes_lets_one_call_run", None),
];

const CHECKPOINTS: &[Case] = &[
    Case("a crash anywhere", "killed_at_any_record_a_run_ends_with_the_same_files_and_no_effect_twice", None),
    Case("numbers, history, budget are restored", "a_run_goes_on_with_its_numbers_its_history_and_what_it_spent", None),
    Case(
        "a damaged journal is refused before any model call",
        "damage_is_named_with_its_line_and_nothing_goes_on",
        None,
    ),
    Case("a finished run", "a_finished_run_is_not_resumed", Some("a new run is begun with `run --continue`")),
    Case(
        "a damaged run, and another one",
        "a_newer_run_that_cannot_be_read_is_told_of_before_an_older_one_goes_on",
        Some("it is not passed over in silence"),
    ),
    Case(
        "a secret that a native tool answers, and a redactor",
        "a_secret_that_a_native_tool_answers_is_nowhere_and_its_arguments_are_as_they_were",
        None,
    ),
    Case("a wish to compact, and nobody who does", "a_wish_to_compact_is_on_record_and_nothing_happens", None),
    Case("a file of a newer form, a key that nobody knows", "a_format_of_the_future", None),
    Case(
        "asks, and nobody to answer them",
        "an_ask_without_a_terminal_is_a_no",
        Some("the run begins, an ask is a no"),
    ),
    Case("what is no JSON", "what_can_be_read_in_two_ways_is_refused", None),
    Case(
        "a write that was interrupted",
        "a_torn_last_line_is_left_out_when_reading_and_cut_off_when_opening",
        Some("the torn line is cut off, and said"),
    ),
    Case("a call whose end nobody knows", "a_call_whose_end_nobody_knows_is_not_run_again_by_itself", None),
    Case("a replay with live tools", "a_replay_with_live_tools_runs_them_through_the_gate_as_a_run_of_its_own", None),
    Case("a replay without tools, hooks included", "whatever_a_hook_says_is_said_again", None),
    Case("the same call over and over", "a_run_that_goes_round_in_circles_is_warned_and_then_ended", None),
];

/// Cases without a counterpart here, and why.
const WITHOUT: &[(&str, &str)] = &[
    ("calls in the text of an answer", "tools are called by the model's own means; a text is an answer"),
    ("an answer asked for again because it was no JSON", "the same"),
    ("a router between models", "a run has one model; another for a turn comes later"),
    ("several tools that end a run", "`done` is the one, with a schema of the operator's"),
    ("a chain of ways to compact", "comes with compacting"),
    ("collectors and graders", "come with evals"),
    ("a server of hooks that has died", "a hook is a component or a part of the program, never a server"),
];

#[test]
fn every_case_that_a_user_expects_has_its_test() {
    let tests: String = sources("").into_iter().map(|source| source.text).collect();
    let is_there = |test: &str| tests.contains(&format!("fn {test}("));
    let all = [LOOP, TOOLS, DONE_AND_HOOKS, PERMISSIONS, CHECKPOINTS];
    let without: Vec<_> = all.iter().flat_map(|part| part.iter()).filter(|case| !is_there(case.1)).map(told).collect();
    assert!(without.is_empty(), "{without:#?}");
    let is_tested = |name: &str| all.iter().flat_map(|part| part.iter()).any(|case| case.0 == name);
    assert!(!WITHOUT.iter().any(|(case, _)| is_tested(case)), "what has a test needs no reason");
}

fn told(Case(case, test, note): &Case) -> String {
    let note = note.map(|note| format!(" ({note})")).unwrap_or_default();
    format!("{case}{note}: there is no test `{test}`")
}
