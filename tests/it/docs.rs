//! What is generated stays current: the JSON Schema of the configuration file and the reference of its keys.
//!
//! `UPDATE_EXPECT=1 cargo test --workspace --test it docs` rewrites both.

use expect_test::expect_file;
use looplet_host::settings::{json_schema, reference};

/// Above this line of `docs/permissions.md` is prose, below it is what [`reference`] gives.
const MARK: &str = "<!-- generated from the table of keys: `UPDATE_EXPECT=1 cargo test --workspace --test it docs` -->";

#[test]
fn the_schema_of_the_file_is_current() {
    let schema = serde_json::to_string_pretty(&json_schema()).unwrap();
    expect_file!["../../docs/looplet.schema.json"].assert_eq(&format!("{schema}\n"));
}

#[test]
fn the_reference_of_keys_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/permissions.md");
    let text = std::fs::read_to_string(path).unwrap();
    let (prose, _) = text.split_once(MARK).expect("the mark stands above the reference");
    let current = format!("{prose}{MARK}\n\n{}\n", reference().trim_end());
    expect_file!["../../docs/permissions.md"].assert_eq(&current);
}
