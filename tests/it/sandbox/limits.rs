//! Every limit of a call, each hit by a guest at its shipped value; after each the next call works.

mod component;
mod files;
mod host;
mod rows;

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use expect_test::expect;
use looplet_host::plugin::CallSupport;
use looplet_host::sandbox::Limits;
use looplet_tests::guests;
use looplet_tests::harness::{Call, check, report, said};
use serde_json::{Value, json};

fn burn(arguments: Value) -> Call {
    Call::of(guests::LIMITS_BURN, arguments)
}

/// How calls of these things ended, each followed by a call that has to work.
fn all(arguments: impl IntoIterator<Item = Value>) -> String {
    let one = |arguments: Value| {
        let shown = arguments.to_string();
        let shown = if shown.len() > 100 { format!("{} bytes", shown.len()) } else { shown };
        let came = report(&burn(arguments).wall(2_000).run());
        assert_eq!(said(&burn(json!({"do": "nothing"})).run()), "ok");
        format!("{shown}: {came}")
    };
    arguments.into_iter().map(one).collect::<Vec<_>>().join("\n")
}

#[test]
fn time_ends_a_guest_wherever_it_is() {
    let text = "x".repeat(66_666 - r#"{"do":"nothing","text":""}"#.len());
    let came = [
        json!({"do": "spin"}),
        json!({"do": "spin in post-return"}),
        json!({"do": "nothing", "text": text}),
        json!({"do": "sleep", "count": 3_600}),
        json!({"do": "sleep for ever"}),
    ];
    let ends = came.map(|arguments| {
        let end = said(&burn(arguments).wall(150).run());
        assert_eq!(said(&burn(json!({"do": "nothing"})).run()), "ok");
        end
    });
    check(
        ends.join("\n"),
        expect![[r#"
        aborted: timeout: the tool was stopped after 150 ms; whether it had an effect is not known
        aborted: timeout: the tool was stopped after 150 ms; whether it had an effect is not known
        aborted: timeout: the tool was stopped after 150 ms; whether it had an effect is not known
        aborted: timeout: the tool was stopped after 150 ms; whether it had an effect is not known
        aborted: timeout: the tool was stopped after 150 ms; whether it had an effect is not known"#]],
    );
}

#[test]
fn a_guest_that_ends_itself_ends_only_itself() {
    let came = all([
        json!({"do": "exit", "count": 0}),
        json!({"do": "exit", "count": 3}),
        json!({"do": "panic", "text": "no\u{1b}[2J way"}),
        json!({"do": "recurse"}),
        json!({"do": "recurse", "count": 1_000}),
    ]);
    check(
        came,
        expect![[r#"
        {"do":"exit","count":0}: aborted: execution: the tool ended itself with exit code 0 instead of answering
        {"do":"exit","count":3}: aborted: execution: the tool ended itself with exit code 1 instead of answering
        {"do":"panic","text":"no\u001b[2J way"}: aborted: execution: the tool trapped: unreachable
        stderr 
        stderr thread '<unnamed>' (1)
        stderr no�[2J way
        stderr note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace
        {"do":"recurse"}: aborted: execution: the tool trapped: its stack of 512 KiB is full
        {"do":"recurse","count":1000}: 1000 deep"#]],
    );
}

#[test]
fn memory_grows_up_to_the_limit_and_no_further() {
    let came = all([
        json!({"do": "memory"}),
        json!({"do": "memory by the page", "count": 100_000}),
        json!({"do": "one large block", "count": 48}),
        json!({"do": "one large block", "count": 100}),
    ]);
    check(
        came,
        expect![[r#"
        {"do":"memory"}: 65536 KiB
        {"do":"memory by the page","count":100000}: 1024 pages
        {"do":"one large block","count":48}: 50331648 bytes
        {"do":"one large block","count":100}: aborted: execution: the tool trapped: unreachable
        hint it asked for more than the 64 MiB of memory that it is allowed
        stderr memory allocation of 104857600 bytes failed
        stderr note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace"#]],
    );
    let report = burn(json!({"do": "memory"})).run();
    assert_eq!((report.usage.memory_peak, report.usage.memory_limit), (64 << 20, 64 << 20));
    let more = burn(json!({"do": "one large block", "count": 100})).limits(|limits| limits.memory_bytes = 256 << 20);
    check(said(&more.run()), expect!["104857600 bytes"]);
}

#[test]
fn what_the_host_would_have_to_hold_is_bounded() {
    let came = all([
        json!({"do": "handles", "count": 500}),
        json!({"do": "handles", "count": 520}),
        json!({"do": "handles", "count": 100_000}),
        json!({"do": "random", "count": 65_536}),
        json!({"do": "random", "count": 65_537}),
        json!({"do": "random", "count": u32::MAX}),
        json!({"do": "insecure random", "count": u32::MAX}),
        json!({"do": "log", "count": 1, "size": (8 << 20) - 4}),
        json!({"do": "log", "count": 1, "size": (8 << 20) - 3}),
        json!({"do": "log", "count": 1, "size": 60 << 20}),
    ]);
    check(
        came,
        expect![[r#"
            {"do":"handles","count":500}: 500 handles
            {"do":"handles","count":520}: aborted: execution: the tool trapped: resource table has no free keys
            {"do":"handles","count":100000}: aborted: execution: the tool trapped: resource table has no free keys
            {"do":"random","count":65536}: 65536 bytes
            {"do":"random","count":65537}: aborted: execution: the tool trapped: requested len 65537 exceeds limit 65536
            {"do":"random","count":4294967295}: aborted: execution: the tool trapped: requested len 4294967295 exceeds limit 65536
            {"do":"insecure random","count":4294967295}: aborted: execution: the tool trapped: requested len 4294967295 exceeds limit 65536
            {"do":"log","count":1,"size":8388604}: logged
            log Warn �[2Jxxxxxxxxxxxxxxxxxx…xxxxxxxxxxxxxxxxxxxxxxxx (4096 bytes)
            {"do":"log","count":1,"size":8388605}: aborted: execution: the tool trapped: too much data is being copied between the host and the guest: fuel allocated for hostcalls has been exhausted
            {"do":"log","count":1,"size":62914560}: aborted: execution: the tool trapped: unreachable
            hint it asked for more than the 64 MiB of memory that it is allowed
            stderr memory allocation of 62914564 bytes failed
            stderr note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace"#]],
    );
}

#[test]
fn what_is_printed_is_counted_and_not_heard() {
    let before = resident_mebibytes();
    let report = burn(json!({"do": "print", "count": 1_000})).wall(60_000).run();
    check(said(&report), expect!["printed"]);
    assert!(resident_mebibytes() < before + 128, "the host holds what nobody hears");
    assert_eq!(report.usage.printed_bytes, 2_000 * ((1 << 20) / 58 * 58));
    let came =
        all([json!({"do": "complain", "count": 30, "text": "line \u{1b}[31m"}), json!({"do": "complain in bytes"})]);
    check(
        came,
        expect![[r#"
        {"do":"complain","count":30,"text":"line \u001b[31m"}: aborted: execution: the tool trapped: unreachable
        stderr line �[31m 14
        stderr line �[31m 15
        stderr line �[31m 16
        stderr line �[31m 17
        stderr line �[31m 18
        stderr line �[31m 19
        stderr line �[31m 20
        stderr line �[31m 21
        stderr line �[31m 22
        stderr line �[31m 23
        stderr line �[31m 24
        stderr line �[31m 25
        stderr line �[31m 26
        stderr line �[31m 27
        stderr line �[31m 28
        stderr line �[31m 29
        stderr 
        stderr thread '<unnamed>' (1)
        stderr line �[31m
        stderr note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace
        {"do":"complain in bytes"}: complained
        stderr bad ���[2J�]0;title� \u{202e} end"#]],
    );
}

#[test]
fn a_flood_of_log_lines_is_cut_counted_and_costs_no_memory() {
    let before = resident_mebibytes();
    // Each line is cut to 4 KiB; all of them whole would be 4 GiB.
    let flood = burn(json!({"do": "log", "count": 1_005, "size": 4 << 20})).wall(60_000).run();
    assert!(resident_mebibytes() < before + 512, "the host holds what it cut");
    let lengths: Vec<_> = flood.log.iter().map(|line| line.message.len()).collect();
    assert_eq!(lengths[..1_000], [4 << 10; 1_000]);
    let last = &flood.log[1_000..];
    check(format!("{last:?}"), expect![[r#"[LogLine { level: Warn, message: "5 more lines were dropped" }]"#]]);
    assert!(flood.log[0].message.starts_with("\u{fffd}[2Jxx"), "is inert");
}

/// How much of this process is in memory.
fn resident_mebibytes() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").expect("Linux");
    let resident = pages.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok());
    resident.expect("a number") * 4 / 1024
}

#[derive(Default)]
struct Desk(Mutex<Vec<String>>);

#[async_trait]
impl CallSupport for Desk {
    fn progress(&self, stage: &str, completed: u32, _: Option<u32>) {
        self.0.lock().expect("unpoisoned").push(format!("{completed} {} bytes", stage.len()));
    }

    async fn approve(&self, _: &str, _: &str) -> bool {
        true
    }
}

#[test]
fn the_person_is_told_a_thousand_times_and_asked_three_times() {
    let desk = Arc::new(Desk::default());
    let flood = burn(json!({"do": "report", "count": 5_000, "size": 10_000})).support(desk.clone());
    check(said(&flood.run()), expect!["reported"]);
    let told = desk.0.lock().expect("unpoisoned");
    assert_eq!(told.len(), 1_000);
    check(&told[999], expect!["999 4095 bytes"]);
    drop(told);
    check(said(&burn(json!({"do": "ask", "count": 10})).support(desk).run()), expect!["3 times yes"]);
    check(said(&burn(json!({"do": "ask", "count": 10})).run()), expect!["0 times yes"]);
}

#[test]
fn results_are_bounded_and_cleaned() {
    let came = all([
        json!({"do": "text", "count": 262_144}),
        json!({"do": "text", "count": 262_145}),
        json!({"do": "text", "count": 20 << 20}),
        json!({"do": "text", "count": 100_000, "text": "\u{1}é"}),
        json!({"do": "text", "count": 1, "text": "\u{1b}]0;title\u{7} \u{9b}31m tab\tline\n"}),
        json!({"do": "json", "count": 1_000}),
        json!({"do": "json", "count": 300_000}),
        json!({"do": "deep json", "count": 100}),
        json!({"do": "deep json", "count": 500}),
        json!({"do": "attachments", "count": 1, "size": 10, "text": "plot\u{1b}[2J.png"}),
        json!({"do": "attachments", "count": 3, "size": 100_000, "text": "plot.png"}),
        json!({"do": "attachments", "count": 257, "size": 0, "text": "plot.png"}),
        json!({"do": "attachments", "count": 1, "size": 0, "text": "x".repeat(100_000)}),
        json!({"do": "fail", "text": "\u{1b}no", "count": 1, "size": 1}),
        json!({"do": "fail", "text": "\u{1b}", "count": 1 << 20, "size": 1 << 20}),
    ]);
    check(
        came,
        expect![[r#"
            {"do":"text","count":262144}: xxxxxxxxxxxxxxxxxxxxxxxx…xxxxxxxxxxxxxxxxxxxxxxxx (262144 bytes)
            {"do":"text","count":262145}: xxxxxxxxxxxxxxxxxxxxxxxx…xxxxxxxxxxxxxxxxxxxxxxxx (262144 bytes)
            warning the result was cut: 262144 of 262145 bytes are shown
            {"do":"text","count":20971520}: aborted: execution: the tool trapped: too much data is being copied between the host and the guest: fuel allocated for hostcalls has been exhausted
            {"do":"text","count":100000,"text":"\u0001é"}: �é�é�é�é�…�é�é�é�é� (262143 bytes)
            warning the result was cut: 262144 of 300000 bytes are shown
            {"do":"text","count":1,"text":"\u001b]0;title\u0007 31m tab\tline\n"}: �]0;title� �31m tab\tline

            {"do":"json","count":1000}: json "xxxxxxxxxxxxxxxxxxxxxxx…xxxxxxxxxxxxxxxxxxxxxxx" (1002 bytes)
            {"do":"json","count":300000}: aborted: execution: the tool answered with 300002 bytes of data, 262144 are allowed
            hint ask for less at once
            {"do":"deep json","count":100}: json [[[[[[[[[[[[[[[[[[[[[[[[…]]]]]]]]]]]]]]]]]]]]]]]] (204 bytes)
            {"do":"deep json","count":500}: aborted: execution: the tool answered with data that is no JSON: recursion limit exceeded at line 1 column 128
            {"do":"attachments","count":1,"size":10,"text":"plot\u001b[2J.png"}: attached
            attached text/plain 10 bytes plot�[2J.png
            {"do":"attachments","count":3,"size":100000,"text":"plot.png"}: aborted: execution: the tool answered with 300000 bytes of attachments, 262144 are allowed
            hint ask for less at once
            {"do":"attachments","count":257,"size":0,"text":"plot.png"}: aborted: execution: the tool answered with 257 attachments, 256 are allowed
            100049 bytes: attached
            attached text/plain 0 bytes xxxxxxxxxxxxxxxxxxxxxxxx…xxxxxxxxxxxxxxxxxxxxxxxx (256 bytes)
            {"do":"fail","text":"\u001bno","count":1,"size":1}: failed: execution: �no
            hint �no
            {"do":"fail","text":"\u001b","count":1048576,"size":1048576}: failed: execution: ��������…�������� (8190 bytes)
            hint ��������…�������� (2046 bytes)"#]],
    );
    let warned = said(&burn(json!({"do": "warnings", "count": 1_000, "text": "\u{1b}".repeat(2_000)})).run());
    let attached = said(&burn(json!({"do": "attachments", "count": 256, "size": 1_024, "text": "plot.png"})).run());
    assert_eq!(attached.lines().filter(|line| line.ends_with(" 1024 bytes plot.png")).count(), 256, "{attached}");
    assert_eq!(warned.lines().skip(1).filter(|line| line.ends_with("(1023 bytes)")).count(), 32, "{warned}");
}

#[test]
fn arguments_that_are_too_long_do_not_reach_the_guest() {
    let long =
        |length: usize| json!({"do": "nothing", "text": "x".repeat(length - r#"{"do":"nothing","text":""}"#.len())});
    let came = [said(&burn(long((1 << 20) + 1)).run()), said(&burn(long(1 << 20)).run())];
    check(
        came.join("\n"),
        expect![[r#"
            aborted: validation: the arguments are 1048577 bytes long, 1048576 are allowed
            ok"#]],
    );
}

#[test]
fn more_memory_than_there_is_does_not_wait_for_ever() {
    let call = burn(json!({"do": "nothing"})).limits(|limits| limits.memory_bytes = Limits::MEMORY_SUM_BYTES + 1);
    check(said(&call.run()), expect!["ok"]);
}
