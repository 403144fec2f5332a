//! What a component brings along: instances, memories, tables; each at its limit and one beyond it.

use expect_test::expect;
use looplet_tests::harness::{check, load};

/// What the host says to a component of these parts that would describe itself if it came so far.
fn came(parts: &str) -> String {
    let component = format!(
        r#"(component
            {parts}
            (core module $last (func (export "describe")))
            (core instance $l (instantiate $last))
            (func $describe (canon lift (core func $l "describe")))
            (instance $about (export "describe" (func $describe)))
            (export "looplet:plugin/about@0.1.0" (instance $about)))"#
    );
    let bytes = wat::parse_str(component).expect("is WAT");
    let said = load(&bytes).map_or_else(|error| error.report(), |_| "loaded".to_owned());
    // All was well until then: only the type of `describe` is not that of the contract.
    said.replace(
        "error: plugin `guest` does not describe itself: the tool trapped: expected 1-tuple, found 0-tuple",
        "runs",
    )
}

/// A module that traps unless what it asks for when it starts comes out so.
fn asks(what: &str, how: &str) -> String {
    format!("(core module $m {what} (func $start (if (i32.eqz {how}) (then (unreachable)))) (start $start))")
}

fn instances(module: &str, count: usize) -> String {
    came(&format!("{module} {}", "(core instance (instantiate $m))".repeat(count)))
}

#[test]
fn a_table_grows_to_twenty_thousand_elements_and_no_further() {
    let grows = |by: u32, from: &str| {
        let grow = format!("(i32.eq (table.grow (ref.null func) (i32.const {by})) (i32.const {from}))");
        instances(&asks("(table 1 funcref)", &grow), 1)
    };
    check(
        [grows(19_999, "1"), grows(20_000, "-1"), grows(u32::MAX, "-1")].join("\n"),
        expect![[r#"
        runs
        runs
        runs"#]],
    );
}

#[test]
fn a_component_has_so_many_instances_memories_and_tables_and_no_more() {
    let plain = "(core module $m)";
    let memory = "(core module $m (memory 1))";
    let table = "(core module $m (table 1 funcref))";
    let tables = "(core module $m (table 1 funcref) (table 1 funcref))";
    let came = [
        // One more than these stands in every component here.
        instances(plain, 31),
        instances(plain, 32),
        instances(memory, 16),
        instances(memory, 17),
        instances(table, 31),
        instances(table, 32),
        instances(tables, 1),
    ];
    check(
        came.join("\n"),
        expect![[r#"
            runs
            error: plugin `guest` does not compile: The component transitively contains 33 core module instances, which exceeds the configured maximum of 32 in the pooling allocator
            runs
            error: plugin `guest` does not compile: The component transitively contains 17 Wasm linear memories, which exceeds the configured maximum of 16 in the pooling allocator
            runs
            error: plugin `guest` does not compile: The component transitively contains 33 core module instances, which exceeds the configured maximum of 32 in the pooling allocator
            error: plugin `guest` does not compile: module table does not fit in pooling allocator requirements: defined tables count of 2 exceeds the per-instance limit of 1"#]],
    );
}

#[test]
fn many_memories_together_have_no_more_than_one() {
    let grows = asks("(memory 1)", "(i32.ne (memory.grow (i32.const 320)) (i32.const -1))");
    check(
        [instances(&grows, 12), instances(&grows, 13)].join("\n"),
        expect![[r#"
        runs
        error: plugin `guest` does not describe itself: the tool trapped: unreachable
        hint: it asked for more than the 256 MiB of memory that it is allowed"#]],
    );
    let large = "(core module $m (memory 320))";
    check(
        [instances(large, 12), instances(large, 13)].join("\n"),
        expect![[r#"
        runs
        error: plugin `guest` does not describe itself: the tool trapped: memory minimum size of 320 pages exceeds memory limits
        hint: it asked for more than the 256 MiB of memory that it is allowed"#]],
    );
}
