//! Every guest has a test: one that nobody calls would rot unseen.

use looplet_tests::guests::ALL;

const TESTS: &[&str] = &[
    include_str!("cancel.rs"),
    include_str!("fs.rs"),
    include_str!("http.rs"),
    include_str!("isolation.rs"),
    include_str!("limits.rs"),
    include_str!("limits/host.rs"),
    include_str!("load.rs"),
    include_str!("net.rs"),
    include_str!("../cli/research.rs"),
    include_str!("../worked.rs"),
    include_str!("../hooks/faults.rs"),
    include_str!("../hooks/requests.rs"),
    include_str!("../terminal/keys.rs"),
    include_str!("../../src/harness/world.rs"),
];

/// The guests that no test names. A longer name that begins alike does not count, nor does a remark.
fn unused<'a>(guests: impl IntoIterator<Item = &'a str>, tests: &[&str]) -> Vec<String> {
    let code: Vec<_> =
        tests.iter().flat_map(|test| test.lines()).filter(|line| !line.trim().starts_with("//")).collect();
    let is_used = |name: &String| {
        let ends_there = |rest: &str| !rest.starts_with(|next: char| next == '_' || next.is_alphanumeric());
        code.iter().any(|line| line.match_indices(name.as_str()).any(|(at, _)| ends_there(&line[at + name.len()..])))
    };
    guests.into_iter().map(|name| format!("guests::{}", name.to_uppercase())).filter(|name| !is_used(name)).collect()
}

#[test]
fn every_guest_is_used_by_a_test() {
    assert_eq!(unused(ALL.iter().map(|(name, _)| *name), TESTS), Vec::<String>::new());
}

#[test]
fn a_guest_that_no_test_uses_is_found() {
    let tests = ["// guests::FS_LOST", "plugin(guests::FS_LOST_TWICE)"];
    assert_eq!(unused(["fs_lost", "fs_lost_twice"], &tests), ["guests::FS_LOST"]);
}
