//! Every row of the table of limits has a test: one that no guest hits would be a hope.

/// The table.
const TABLE: &str = include_str!("../../../../host/src/sandbox/limits.rs");

/// Where the tests stand.
const TESTS: &[&str] = &[
    include_str!("../cancel.rs"),
    include_str!("../http.rs"),
    include_str!("../isolation.rs"),
    include_str!("../limits.rs"),
    include_str!("../load.rs"),
    include_str!("component.rs"),
    include_str!("files.rs"),
    include_str!("host.rs"),
];

/// The limit as the table calls it, and the test whose guest hits it at the shipped value.
const ROWS: &[(&str, &str)] = &[
    ("wall time", "ten_seconds_end_a_guest_that_computes_and_one_that_sleeps"),
    ("grace after it", "a_call_that_the_host_cannot_stop_is_given_up_after_the_grace"),
    ("calls at once", "no_more_than_eight_calls_are_inside_guests_at_once"),
    ("memory", "memory_grows_up_to_the_limit_and_no_further"),
    ("table elements", "a_table_grows_to_twenty_thousand_elements_and_no_further"),
    ("core instances, memories, tables", "a_component_has_so_many_instances_memories_and_tables_and_no_more"),
    ("stack", "a_guest_that_ends_itself_ends_only_itself"),
    ("data handed to the host", "what_the_host_would_have_to_hold_is_bounded"),
    ("handles", "what_the_host_would_have_to_hold_is_bounded"),
    ("size of a component", "bytes_that_are_no_component_say_what_they_are"),
    ("tools", "a_list_of_tools_that_never_comes_or_is_wrong_refuses_the_plugin"),
    ("text about a tool", "a_list_of_tools_that_never_comes_or_is_wrong_refuses_the_plugin"),
    ("schema", "a_list_of_tools_that_never_comes_or_is_wrong_refuses_the_plugin"),
    ("arguments", "arguments_that_are_too_long_do_not_reach_the_guest"),
    ("result", "results_are_bounded_and_cleaned"),
    ("attachments", "results_are_bounded_and_cleaned"),
    ("warnings", "results_are_bounded_and_cleaned"),
    ("failure, hint", "results_are_bounded_and_cleaned"),
    ("standard output, error", "what_is_printed_is_counted_and_not_heard"),
    ("log lines", "a_flood_of_log_lines_is_cut_counted_and_costs_no_memory"),
    ("progress", "the_person_is_told_a_thousand_times_and_asked_three_times"),
    ("questions to the person", "the_person_is_told_a_thousand_times_and_asked_three_times"),
    ("kept state", "kept_state_lasts_for_its_own_tool_and_only_when_the_call_ends_well"),
    ("random bytes", "what_the_host_would_have_to_hold_is_bounded"),
    ("file bytes written", "thirty_two_mebibytes_are_written_and_no_more"),
    ("quota", "a_mount_is_filled_up_to_its_quota_by_all_calls_together"),
    ("files made", "a_thousand_files_are_made_and_no_more"),
    ("entries listed", "a_hundred_thousand_entries_are_listed_and_no_more"),
    ("files open", "sixty_four_files_are_open_and_no_more"),
    ("length of a path", "paths_are_so_long_and_so_deep_and_no_more"),
    ("depth of a place", "paths_are_so_long_and_so_deep_and_no_more"),
    ("links on the way", "forty_links_are_followed_and_no_more"),
    ("egress", "what_a_run_may_carry_out_is_counted_before_it_leaves"),
    ("requests", "a_call_has_so_many_requests"),
    ("bodies, decoded", "bodies_are_counted_once_they_are_decoded"),
    ("URL", "a_url_that_is_long_enough_to_carry_data_out_is_refused"),
    ("headers", "an_answer_that_is_none_or_has_too_many_headers_is_a_failure"),
    ("entries in a directory that is renamed", "a_directory_of_ten_thousand_entries_is_renamed_and_none_larger"),
];

/// The first cells of the table.
fn rows(table: &str) -> Vec<&str> {
    let cells = table.lines().filter_map(|line| line.strip_prefix("//! | ")?.split(" | ").next());
    cells.filter(|cell| !cell.starts_with("---") && *cell != "limit").collect()
}

#[test]
fn every_row_of_the_table_has_a_test_and_every_test_is_there() {
    assert_eq!(rows(TABLE), ROWS.iter().map(|(row, _)| *row).collect::<Vec<_>>());
    let is_there = |test: &str| TESTS.iter().any(|file| file.contains(&format!("#[test]\nfn {test}() {{")));
    let lost: Vec<_> = ROWS.iter().filter(|(_, test)| !is_there(test)).collect();
    assert!(lost.is_empty(), "{lost:?}");
}
