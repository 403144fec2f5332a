//! What is no plugin does not load, and says why; what lies about itself does not either.

use expect_test::expect;
use looplet_host::sandbox::Plugin;
use looplet_tests::guests;
use looplet_tests::harness::{Call, check, load, said};
use serde_json::json;

fn refused(bytes: &[u8]) -> String {
    load(bytes).map_or_else(|error| error.report(), |_| "loaded".to_owned())
}

fn component(text: &str) -> Vec<u8> {
    wat::parse_str(text).expect("is WAT")
}

/// The guest `describe_liar` with one lie.
fn liar(lie: char) -> looplet_host::error::Result<Plugin> {
    load(&bytes_of_liar(lie))
}

/// The component.
pub(crate) fn bytes_of_liar(lie: char) -> Vec<u8> {
    let mut bytes = std::fs::read(guests::DESCRIBE_LIAR).expect("is built");
    let marker = b"which lie: ";
    let at = bytes.windows(marker.len()).position(|window| window == marker).expect("has the marker");
    bytes[at + marker.len()] = u8::try_from(lie).expect("is ASCII");
    bytes
}

fn lies(lies: &str) -> String {
    let one = |lie| {
        format!("{lie}: {}", liar(lie).map_or_else(|error| error.report(), |plugin| format!("{:?}", plugin.info())))
    };
    lies.chars().map(one).collect::<Vec<_>>().join("\n")
}

#[test]
fn bytes_that_are_no_component_say_what_they_are() {
    let whole = std::fs::read(guests::NET_PROBE).expect("is built");
    let came = [
        refused(b""),
        refused(b"\0asm"),
        refused(b"#!/bin/sh\n"),
        refused(b"\x7fELF\x02\x01\x01"),
        refused(b"\0asm\x01\0\0\0"),
        refused(b"\0asm\x0a\0\x01\0"),
        refused(&whole[..whole.len() / 2]).replace(|digit: char| digit.is_ascii_digit(), "").replace("..", "…"),
        refused(&component("(component)")),
    ];
    check(
        came.join("\n"),
        expect![[r#"
            error: plugin `guest` is an empty file
            error: plugin `guest` is of another version of WebAssembly
            error: plugin `guest` is no WebAssembly
            hint: a plugin is a component, built for the target `wasm32-wasip2`
            error: plugin `guest` is native code, not a component
            hint: compiled components are made by this host and never loaded from elsewhere
            error: plugin `guest` is a core module, not a component
            hint: build it for the target `wasm32-wasip2`
            error: plugin `guest` is of another version of WebAssembly
            error: plugin `guest` does not compile: failed to parse WebAssembly module: wasm component contains an invalid module section: section range … is out of bounds (bound = )
            hint: the file looks cut short; fetch or build it again
            error: `guest` is no looplet plugin: it exports nothing, not `looplet:plugin/about@0.1`
            hint: `looplet-host wit` writes out the contract that a plugin exports"#]],
    );
    let mut large = b"\0asm\x0d\0\x01\0".to_vec();
    large.resize((64 << 20) + 1, 0);
    check(refused(&large), expect!["error: plugin `guest` is larger than 64 MiB"]);
}

#[test]
fn imports_that_are_not_offered_are_named() {
    let importing = |name: &str| {
        refused(&component(&format!(
            r#"(component
            (import "{name}" (instance))
            (instance $about)
            (export "looplet:plugin/about@0.1.0" (instance $about)))"#
        )))
    };
    let names = [
        "wasi:http/incoming-handler@0.2.0",
        "wasi:keyvalue/store@0.2.0",
        "wasi:cli/run@0.2.0",
        "wasi:cli/environment@0.3.0",
        "acme:x/y",
        "looplet:plugin/host@0.2.0",
        "looplet:plugin/hosts@0.1.0",
    ];
    check(
        names.map(importing).join("\n"),
        expect![[r#"
        error: plugin `guest` imports what this host does not offer: `wasi:http/incoming-handler@0.2.0`
        hint: plugins import `looplet:plugin` 0.1 and WASI 0.2
        error: plugin `guest` imports what this host does not offer: `wasi:keyvalue/store@0.2.0`
        hint: plugins import `looplet:plugin` 0.1 and WASI 0.2
        error: plugin `guest` imports what this host does not offer: `wasi:cli/run@0.2.0`
        hint: plugins import `looplet:plugin` 0.1 and WASI 0.2
        error: plugin `guest` imports what this host does not offer: `wasi:cli/environment@0.3.0`
        hint: plugins import `looplet:plugin` 0.1 and WASI 0.2
        error: plugin `guest` imports what this host does not offer: `acme:x/y`
        hint: plugins import `looplet:plugin` 0.1 and WASI 0.2
        error: plugin `guest` imports what this host does not offer: `looplet:plugin/host@0.2.0`
        hint: plugins import `looplet:plugin` 0.1 and WASI 0.2
        error: plugin `guest` imports what this host does not offer: `looplet:plugin/hosts@0.1.0`
        hint: plugins import `looplet:plugin` 0.1 and WASI 0.2"#]],
    );
    let many = (0..900).map(|number| format!("(import \"acme:x/y{number}\" (instance))")).collect::<Vec<_>>().concat();
    let many =
        format!("(component {many} (instance $about) (export \"looplet:plugin/about@0.1.0\" (instance $about)))");
    check(
        refused(&component(&many)),
        expect![[r#"
        error: plugin `guest` imports what this host does not offer: `acme:x/y0`, `acme:x/y1`, `acme:x/y2`, `acme:x/y3`, `acme:x/y4`, `acme:x/y5`, `acme:x/y6`, `acme:x/y7` and 892 more
        hint: plugins import `looplet:plugin` 0.1 and WASI 0.2"#]],
    );
}

#[test]
fn exports_of_the_contract_that_this_host_does_not_know_are_not_ignored() {
    let exporting = |names: &[&str]| {
        let exports =
            names.iter().map(|name| format!("(export \"{name}\" (instance $empty))")).collect::<Vec<_>>().concat();
        refused(&component(&format!("(component (instance $empty) {exports})")))
    };
    let about = "looplet:plugin/about@0.1.0";
    let came = [
        exporting(&["acme:other/world@1.0.0"]),
        exporting(&[about]),
        exporting(&[about, "looplet:plugin/pre-everything@0.1.0"]),
        exporting(&[about, "looplet:plugin/tool@0.2.0"]),
        exporting(&["looplet:plugin/about@0.2.0"]),
        exporting(&[about, "looplet:plugin/tool@0.1.0"]),
    ];
    check(
        came.join("\n"),
        expect![[r#"
        error: `guest` is no looplet plugin: it exports `acme:other/world@1.0.0`, not `looplet:plugin/about@0.1`
        hint: `looplet-host wit` writes out the contract that a plugin exports
        error: plugin `guest` does not fit the contract `looplet:plugin@0.1`: instance export `looplet:plugin/about@0.1.0` does not have export `describe`
        hint: it was built for another draft; `looplet-host wit` writes out the one this host speaks
        error: plugin `guest` exports `looplet:plugin/pre-everything@0.1.0`, which this host does not know
        hint: it could be a gate, so it is not ignored; a newer host may load it
        error: plugin `guest` exports `looplet:plugin/tool@0.2.0`, this host speaks `looplet:plugin@0.1`
        hint: a newer host may load it
        error: plugin `guest` exports `looplet:plugin/about@0.2.0`, this host speaks `looplet:plugin@0.1`
        hint: a newer host may load it
        error: plugin `guest` does not fit the contract `looplet:plugin@0.1`: instance export `looplet:plugin/about@0.1.0` does not have export `describe`
        hint: it was built for another draft; `looplet-host wit` writes out the one this host speaks"#]],
    );
}

#[test]
fn features_that_would_go_round_a_limit_do_not_compile() {
    let with = |module: &str| refused(&component(&format!("(component (core module {module}))")));
    let came = [
        with("(memory i64 1)"),
        with("(memory 1 1 shared)"),
        with("(memory 1) (memory 1)"),
        with("(memory 16385)"),
        with("(table 20001 funcref)"),
    ];
    check(
        came.join("\n"),
        expect![[r#"
        error: plugin `guest` does not compile: failed to parse WebAssembly module: memory64 must be enabled for 64-bit memories (at offset 0x15)
        error: plugin `guest` does not compile: failed to parse WebAssembly module: threads must be enabled for shared memories (at offset 0x15)
        error: plugin `guest` does not compile: failed to parse WebAssembly module: multiple memories (at offset 0x14)
        error: plugin `guest` does not compile: module memory does not fit in pooling allocator requirements: memory index 0 is unsupported in this pooling allocator configuration: memory has a minimum byte size of 1073807360 which exceeds the limit of 0x40000000 bytes
        error: plugin `guest` does not compile: module table does not fit in pooling allocator requirements: table index 0 has a minimum element size of 20001 which exceeds the limit of 20000"#]],
    );
    let many = "(core instance (instantiate $m))".repeat(33);
    check(
        refused(&component(&format!("(component (core module $m (memory 1)) {many})"))),
        expect![
            "error: plugin `guest` does not compile: The component transitively contains 33 core module instances, which exceeds the configured maximum of 32 in the pooling allocator"
        ],
    );
}

#[test]
fn a_start_function_that_never_ends_is_stopped() {
    let spinning = component(
        r#"(component
            (core module $m (func $start (loop (br 0))) (start $start) (func (export "describe")))
            (core instance $i (instantiate $m))
            (func $describe (canon lift (core func $i "describe")))
            (instance $about (export "describe" (func $describe)))
            (export "looplet:plugin/about@0.1.0" (instance $about)))"#,
    );
    check(
        refused(&spinning),
        expect![
            "error: plugin `guest` does not describe itself: the tool was stopped after 10000 ms; whether it had an effect is not known"
        ],
    );
}

#[test]
fn a_table_that_grows_too_far_is_told_so() {
    let growing = component(
        r#"(component
            (core module $m
                (table 1 funcref)
                (func $start
                    (if (i32.ne (table.grow (ref.null func) (i32.const 30000)) (i32.const -1)) (then (unreachable)))
                    (if (i32.ne (table.grow (ref.null func) (i32.const 1000)) (i32.const 1)) (then (unreachable))))
                (start $start) (func (export "describe")))
            (core instance $i (instantiate $m))
            (func $describe (canon lift (core func $i "describe")))
            (instance $about (export "describe" (func $describe)))
            (export "looplet:plugin/about@0.1.0" (instance $about)))"#,
    );
    // Both answers were as they should be: it fails only later, by the type of `describe`.
    check(
        refused(&growing),
        expect!["error: plugin `guest` does not describe itself: the tool trapped: expected 1-tuple, found 0-tuple"],
    );
}

#[test]
fn a_description_that_never_comes_or_is_wrong_refuses_the_plugin() {
    check(
        lies("abcdefh"),
        expect![[r#"
            a: error: plugin `guest` does not describe itself: the tool was stopped after 10000 ms; whether it had an effect is not known
            b: error: plugin `guest` does not describe itself: the tool trapped: unreachable
            hint: no description today
            c: error: plugin `guest` calls itself "Liar\u{1b}[2J", not lower-case words joined by `-`, at most 64 letters
            d: error: plugin `guest` gives "1.0\u{1b}[2J" as its version
            e: error: plugin `guest` describes itself in more than 1024 bytes
            f: error: plugin `guest` gives the settings schema that has `$ref` that leaves the document: `file:///etc/passwd`
            h: error: plugin `guest` does not describe itself: the tool ended itself with exit code 0 instead of answering"#]],
    );
}

#[test]
fn a_description_is_made_without_authority_and_comes_out_the_same_every_time() {
    check(
        lies("g"),
        expect![[
            r#"g: PluginInfo { id: "liar", version: "1.0.0", description: "0 variables, 0 files", settings_schema: None, hook_needs: [], hook_limits: None }"#
        ]],
    );
    assert_eq!(lies("i"), lies("i"));
}

#[test]
fn a_list_of_tools_that_never_comes_or_is_wrong_refuses_the_plugin() {
    check(
        lies("ABCDEFGHIJ"),
        expect![[r#"
            A: error: plugin `guest` does not describe itself: the tool was stopped after 10000 ms; whether it had an effect is not known
            B: error: plugin `guest` lists the tool `twice` twice
            C: error: plugin `guest` gives the input schema of the tool `tool` that is no JSON Schema: "strin" is not valid under any of the schemas listed in the 'anyOf' keyword
            D: error: plugin `guest` gives the input schema of the tool `tool` that is no JSON: recursion limit exceeded at line 1 column 128
            E: error: plugin `guest` lists a tool named "Readа", which is not of the form `[a-z][a-z0-9_]*`, at most 64 letters
            F: error: plugin `guest` tool `tool` needs `gpu`, a capability that this host does not know
            G: error: plugin `guest` tool `tool` needs a mount named "../up", not lower-case words joined by `-`, at most 64 letters
            H: error: plugin `guest` lists 300 tools, at most 256 are allowed
            I: error: plugin `guest` describes the tool `tool` in more than 8192 bytes
            J: error: plugin `guest` gives the input schema of the tool `tool` that is 65548 bytes long, at most 65536 are allowed"#]],
    );
}

#[test]
fn what_a_plugin_says_of_its_tools_is_cleaned_of_control_codes() {
    let liar = liar('K').expect("loads");
    check(format!("{:?}", liar.tools()[0].description), expect![[r#""Read�[2J it.""#]]);
}

#[test]
fn words_that_nobody_sees_are_refused() {
    check(
        lies("klLMR"),
        expect![[r#"
        k: error: plugin `guest` describes itself with U+FE00, which nobody sees
        l: error: plugin `guest` gives the settings schema with U+202E, which nobody sees
        L: error: plugin `guest` describes the tool `tool` with U+202E, which nobody sees
        M: error: plugin `guest` describes the tool `tool` with U+E0041, which nobody sees
        R: error: plugin `guest` tool `tool` describes a need with U+200B, which nobody sees"#]],
    );
}

#[test]
fn a_need_that_reads_as_another_one_is_refused() {
    check(
        lies("NOPQ"),
        expect![[r#"
        N: error: plugin `guest` tool `tool` needs requests as `GET https://api.gіthub.com/**`, which is written `GET https://api.xn--gthub-n2e.com/**`
        O: error: plugin `guest` tool `tool` needs requests as `GET https://A.example:443/**`, which is written `GET https://a.example/**`
        P: error: plugin `guest` tool `tool` needs "PАTH", which is no name
        Q: error: plugin `guest` tool `tool` needs a secret named "a\u{202e}b", which is no name"#]],
    );
}

/// Other hosts read there what a component offers; here it offers what it exports.
#[test]
fn sections_that_only_say_something_say_it_to_nobody() {
    let plain = std::fs::read(guests::DESCRIBE_LIAR).expect("is built");
    let section = |name: &str, content: &str| {
        let length = u8::try_from(1 + name.len() + content.len()).expect("is short");
        let name_length = u8::try_from(name.len()).expect("is short");
        [&[0, length, name_length], name.as_bytes(), content.as_bytes()].concat()
    };
    let claims = section("looplet:tools", r#"[{"name":"other","needs":[]}]"#);
    let many = [plain.clone(), section("x", "").repeat(500_000), claims].concat();
    let (plain, many) = (load(&plain).expect("loads"), load(&many).expect("loads"));
    assert_eq!(format!("{:?}", many.tools()), format!("{:?}", plain.tools()));
    assert_ne!(many.digest(), plain.digest());
}

#[test]
fn data_that_is_no_json_is_refused() {
    let came = Call::of_plugin(liar('?').expect("loads"), json!({})).run();
    check(
        said(&came),
        expect![[
            r#"aborted: execution: the tool answered with data that is no JSON: key "a" stands twice at line 1 column 13"#
        ]],
    );
}

/// The hook points that a guest exports, in alphabetical order.
fn points(guest: &str) -> String {
    let plugin = load(&std::fs::read(guest).expect("is built")).expect("loads");
    let mut points: Vec<_> = plugin.hook_points().iter().map(ToString::to_string).collect();
    points.sort();
    format!("{} tools, {}", plugin.tools().len(), points.join(" "))
}

#[test]
fn a_plugin_exports_the_points_that_it_lists_and_no_other() {
    check(
        [guests::HOOK_GATE, guests::HOOK_PROBE, guests::NET_PROBE].map(points).join("\n"),
        expect![[r#"
            0 tools, pre-tool
            0 tools, check-done observe post-model post-step post-tool pre-model pre-prompt pre-tool run-end run-start should-compact should-stop
            1 tools, "#]],
    );
}
