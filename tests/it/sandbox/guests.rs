//! Every guest has a test: one that nobody calls would rot unseen.

use looplet_tests::guests::ALL;

const TESTS: &[&str] = &[
    include_str!("cancel.rs"),
    include_str!("fs.rs"),
    include_str!("isolation.rs"),
    include_str!("limits.rs"),
    include_str!("load.rs"),
    include_str!("net.rs"),
    include_str!("../terminal/keys.rs"),
    include_str!("../../src/harness/world.rs"),
];

#[test]
fn every_guest_is_used_by_a_test() {
    let unused: Vec<_> = ALL
        .iter()
        .map(|(name, _)| format!("guests::{}", name.to_uppercase()))
        .filter(|name| !TESTS.iter().any(|test| test.contains(name)))
        .collect();
    assert_eq!(unused, Vec::<String>::new());
}
