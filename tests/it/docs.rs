//! Documents stay true: what is generated is current, and the configuration that they show can be read.
//!
//! `UPDATE_EXPECT=1 cargo test --workspace --test it docs` rewrites both. What a document says of faults has a test.

use expect_test::expect_file;
use looplet_host::settings::{ConfigFile, SourceFile, json_schema, reference};

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

/// What goes wrong and the test that the document names for it.
fn faults(document: &str) -> Vec<(&str, &str)> {
    let (_, table) = document.split_once("| what | becomes | test |").expect("there is a table of faults");
    let rows = table.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| ---"));
    let cells = rows.map(|row| row.trim_matches(['|', ' ']).split(" | ").collect::<Vec<_>>());
    cells.map(|cells| (cells[0], cells.last().map_or("", |cell| cell.trim_matches('`')))).collect()
}

#[test]
fn every_fault_that_the_document_lists_has_its_test() {
    let faults = faults(include_str!("../../docs/loop.md"));
    let tests: String = super::tidy::sources("").into_iter().map(|source| source.text).collect();
    let is_there = |test: &str| tests.contains(&format!("fn {test}("));
    let without: Vec<_> = faults.iter().filter(|(_, test)| !is_there(test)).collect();
    assert!(faults.len() >= 40, "{} rows were found", faults.len());
    assert!(without.is_empty(), "{without:#?}");
}

#[test]
fn configuration_in_documents_can_be_read() {
    let mut blocks = 0;
    for document in ["README.md", "docs/permissions.md"] {
        let path = format!("{}/../{document}", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path).unwrap();
        for block in text.split("```toml\n").skip(1) {
            let text = block.split("```").next().unwrap_or_default().to_owned();
            let file = SourceFile { name: document.to_owned(), dir: ".".into(), text };
            if let Err(error) = ConfigFile::parse(&file) {
                panic!("{}\n{}", error.report(), file.text);
            }
            blocks += 1;
        }
    }
    assert!(blocks >= 4, "{blocks} blocks were found");
}

#[test]
fn the_code_in_the_guide_of_the_library_stands_in_the_examples() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let programs: Vec<String> = std::fs::read_dir(format!("{root}/examples/library"))
        .unwrap()
        .filter_map(|entry| std::fs::read_to_string(entry.unwrap().path()).ok())
        .collect();
    let guide = std::fs::read_to_string(format!("{root}/docs/library.md")).unwrap();
    let mut blocks = 0;
    for block in guide.split("```rust\n").skip(1) {
        let code = block.split("```").next().unwrap_or_default();
        assert!(programs.iter().any(|program| program.contains(code)), "in no program:\n{code}");
        blocks += 1;
    }
    assert!(blocks >= 8, "{blocks} blocks were found");
}

#[test]
fn each_name_at_the_root_of_the_library_has_its_reason() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let library = std::fs::read_to_string(format!("{root}/host/src/lib.rs")).unwrap();
    let mut names: Vec<String> = Vec::new();
    for shown in library.split("pub use ").skip(1).filter_map(|shown| shown.split(';').next()) {
        let last = shown.rsplit_once("::").map_or(shown, |(_, last)| last);
        let list = last.trim_matches(['{', '}']).split(',');
        names.extend(list.map(|name| name.rsplit(" as ").next().unwrap_or(name).trim().to_owned()));
    }
    let text = std::fs::read_to_string(format!("{root}/ARCHITECTURE.md")).unwrap();
    let (_, section) = text.split_once("## The public surface").unwrap();
    let table = section.split("\n## ").next().unwrap();
    let rows = table.lines().filter_map(|line| line.strip_prefix("| `")?.split(" | ").next());
    let mut said: Vec<String> = rows
        .flat_map(|row| row.split("`, `").map(|name| name.trim_matches('`').to_owned()).collect::<Vec<_>>())
        .collect();
    names.sort();
    said.sort();
    assert_eq!(names, said);
}
