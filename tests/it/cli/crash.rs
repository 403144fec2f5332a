//! What a crash leaves behind, wherever it comes: the kernel kills the program, the disk is full, a file is gone.

use std::fs;

use expect_test::expect;

use super::resume::{ADD, DONE, LIST, MORE, POLICY, READ, WRITE, line_ends, stopped_after, world};
use crate::world::World;

/// A run that has read so much that the kernel's limit on the size of files is about its journal alone
/// and not about the memory of guests.
struct Long {
    world: World,
    journal: Vec<u8>,
}

const ON: &[&str] = &["resume", "--max-steps", "900"];

impl Long {
    fn new(turns: &[&str]) -> Self {
        let reads = vec![r#"{"tool":"read_file","arguments":{"path":"long.txt"}}"#; 150].join(",");
        let first = format!("{{\"calls\":[{reads}]}}");
        let world = world(&[&[first.as_str()], turns].concat()).file("long.txt", "words ".repeat(2_300));
        let (policy, _no_writing_after_reading) = POLICY.rsplit_once("[[rules]]").unwrap();
        world.write("policy.toml", policy);
        stopped_after(&world, "150");
        let journal = fs::read(&world.journals()[0]).unwrap();
        assert!(journal.len() > 2 << 20, "{}", journal.len());
        Self { world, journal }
    }

    /// As if the kernel had killed the program just behind a whole record.
    fn cut_the_torn_line(&self) {
        let file = &self.world.journals()[0];
        let mut journal = fs::read(file).unwrap();
        journal.truncate(usize::try_from(*line_ends(&journal).last().unwrap()).unwrap());
        fs::write(file, journal).unwrap();
    }

    /// Everything as it was before the run went on.
    fn restore(&self) {
        fs::write(&self.world.journals()[0], &self.journal).unwrap();
        self.world.write("notes.md", "alpha\nbeta\n");
        let _ = fs::remove_file(self.world.path("plan.md"));
    }

    /// Whether the run came to its end, rather than to that of its first part.
    fn is_over(&self) -> bool {
        let journal = fs::read_to_string(&self.world.journals()[0]).unwrap();
        journal.lines().any(|line| line.contains(r#""stopped":"done""#))
    }

    fn files(&self) -> [Option<String>; 2] {
        ["plan.md", "notes.md"].map(|name| fs::read_to_string(self.world.path(name)).ok())
    }

    /// Goes on to the end; gives the ends of the lines behind the first part.
    fn to_the_end(&self) -> Vec<u64> {
        assert_eq!(self.world.run(ON).code, Some(0));
        let ends = line_ends(&fs::read(&self.world.journals()[0]).unwrap());
        ends.into_iter().filter(|end| *end >= self.journal.len() as u64).collect()
    }
}

/// Goes on with a run that was killed, and with nobody knowing whether a change was made, looks. Gives which change
/// that was with what was said of it, and whether a torn line was told of.
fn goes_on(long: &Long, wanted: &[Option<String>; 2], when: &str) -> (Option<String>, bool) {
    let mut printed = long.world.run(ON);
    let is_told = printed.stderr.contains("was torn by a crash");
    let mut asked = None;
    if printed.code == Some(1) {
        assert!(printed.stderr.contains("nobody knows whether it took effect"), "{when}: {}", printed.stderr);
        // The operator looks: what is missing is done again, what is there is not.
        let step = usize::from(printed.stderr.contains("edit_file"));
        let what = if long.files()[step] == wanted[step] { "skip" } else { "retry" };
        asked = Some(format!("{step} {what}"));
        printed = long.world.run(&[ON, &["--on-unknown", what]].concat());
    }
    assert_eq!((printed.code, &long.files()), (Some(0), wanted), "{when}: {}", printed.stderr);
    (asked, is_told)
}

const CHANGES: [&str; 5] = [ADD, WRITE, MORE, LIST, DONE];

#[test]
fn killed_at_any_record_a_run_ends_with_the_same_files_and_no_effect_twice() {
    let long = Long::new(&CHANGES);
    let ends = long.to_the_end();
    let wanted = long.files();
    let mut asked = [Vec::new(), Vec::new()];
    // A few bytes into the line behind each record: times differ in their digits from run to run.
    for (record, end) in ends.iter().take(ends.len() - 1).enumerate() {
        for (is_clean, asked) in [false, true].into_iter().zip(&mut asked) {
            let when = format!("after record {record}, clean {is_clean}");
            long.restore();
            let killed = long.world.run_killed(end + 40, ON);
            assert_eq!(killed.code, None, "{when}: {}", killed.stderr);
            if is_clean {
                long.cut_the_torn_line();
            }
            let (again, is_told) = goes_on(&long, &wanted, &when);
            assert_eq!(is_told, !is_clean, "{when}");
            asked.extend(again);
        }
    }
    for asked in asked {
        assert_eq!(asked, ["0 skip", "1 skip"], "each change is asked about once, after it was made");
    }
}

#[test]
fn killed_without_a_warning_a_run_ends_with_the_same_files_and_no_effect_twice() {
    let long = Long::new(&CHANGES);
    let ends = long.to_the_end();
    let wanted = long.files();
    let journal = &long.world.journals()[0];
    let mut killed = 0;
    for (record, end) in ends.iter().take(ends.len() - 1).enumerate() {
        long.restore();
        killed += u32::from(long.world.run_until(journal, *end, ON));
        if !long.is_over() {
            goes_on(&long, &wanted, &format!("after record {record}"));
        }
    }
    assert!(killed > 0, "the program is never there when it is to be killed");
}

#[test]
#[expect(clippy::print_stderr, reason = "a test that cannot be done says so")]
fn a_disk_that_is_full_stops_the_run_and_one_that_has_room_again_lets_it_go_on() {
    let long = r#"{"calls":[{"tool":"read_file","arguments":{"path":"long.txt"}}]}"#;
    let world = world(&[&[long; 6][..], &[WRITE, DONE]].concat()).file("long.txt", "words ".repeat(2_000));
    // A file system of 64 KiB for journals, in a mount namespace of the program's own.
    let script = r#"mkdir ../small && mount -t tmpfs -o size=64k tmpfs ../small
        "$1" run --model scripted:../model.jsonl --policy policy.toml --runs ../small 'do it'; echo "exit $?"
        mount -o remount,size=4m ../small
        "$1" resume --runs ../small; echo "exit $?"
        "$1" show --runs ../small | tail -n 2
        cp -r ../small ../runs"#;
    let (policy, _no_writing_after_reading) = POLICY.rsplit_once("[[rules]]").unwrap();
    world.write("policy.toml", policy);
    let Some(printed) = world.run_in_namespaces(script) else {
        eprintln!("not tested: this machine gives nobody namespaces of their own");
        return;
    };
    expect![[r#"
        ── stdout
        exit 1
        ok
        exit 0
         #7 ✓ write_file(path='plan.md', content='plan\n') → bytes: 5  [TIME]  allow policy.toml:7
         #8 ✓ done(summary='ok')
        ── stderr
        model scripted:../model.jsonl (--model)
        workspace [DIR]/project (rw, policy.toml:3)
        policy policy.toml (1 rule)
        #1 ✓ read_file(path='long.txt') → words words words words words words words words words words… [TIME]
        #2 ✓ read_file(path='long.txt') → words words words words words words words words words words… [TIME]
        #3 ✓ read_file(path='long.txt') → words words words words words words words words words words… [TIME]
        #4 ✓ read_file(path='long.txt') → words words words words words words words words words words… [TIME]
        stopped: the journal could not be written (cannot write `../small/[RUN]/journal.jsonl`: No space left on device (os error 28)) · 4 steps · [TIME] · show: looplet-host show [RUN]
        model scripted:../model.jsonl (the run's own)
        workspace [DIR]/project (rw, policy.toml:3)
        policy policy.toml (1 rule)
        run [RUN] goes on after step 4
        #5 ✓ read_file(path='long.txt') → words words words words words words words words words words… [TIME]
        #6 ✓ read_file(path='long.txt') → words words words words words words words words words words… [TIME]
        #7 ✓ write_file(path='plan.md', content='plan\n') → bytes: 5 [TIME]
        #8 ✓ done(summary='ok')
        done · 8 steps · [TIME] · show: looplet-host show [RUN]
        ── exit 0
    "#]].assert_eq(&printed.transcript());
}

#[test]
fn a_result_that_is_gone_from_beside_the_journal_is_named_by_everything_that_needs_it() {
    let world = world(&[r#"{"calls":[{"tool":"read_file","arguments":{"path":"long.txt"}}]}"#, READ, DONE])
        .file("long.txt", "words ".repeat(9_000));
    stopped_after(&world, "2");
    let run = world.runs().remove(0);
    let blobs = world.path(&format!("../home/.local/state/looplet/runs/{run}/blobs"));
    let blob = fs::read_dir(&blobs).unwrap().next().unwrap().unwrap();
    fs::remove_file(blob.path()).unwrap();
    let commands: [&[&str]; 7] = [
        &["show"],
        &["resume"],
        &["replay"],
        &["replay", "--offline"],
        &["fork", &format!("{run}@1")],
        &["export", &run, "../out"],
        &["diff", &run, &run],
    ];
    let told = commands.map(|command| format!("{}\n{}", command[0], world.run(command).transcript()));
    assert!(world.run(&["runs"]).stdout.contains("  damaged  "));
    let told = told.join("").replace(blob.file_name().to_str().unwrap(), "[BLOB]").replace(&run, "[RUN]");
    expect![[r#"
        show
        ── stderr
        error: [DIR]/home/.local/state/looplet/runs/[RUN]/journal.jsonl:5: the journal is damaged: blob [BLOB] is missing
        ── exit 1
        resume
        ── stderr
        error: [DIR]/home/.local/state/looplet/runs/[RUN]/journal.jsonl:5: the journal is damaged: blob [BLOB] is missing
        ── exit 1
        replay
        ── stderr
        error: [DIR]/home/.local/state/looplet/runs/[RUN]/journal.jsonl:5: the journal is damaged: blob [BLOB] is missing
        ── exit 1
        replay
        ── stderr
        error: [DIR]/home/.local/state/looplet/runs/[RUN]/journal.jsonl:5: the journal is damaged: blob [BLOB] is missing
        ── exit 1
        fork
        ── stderr
        error: [DIR]/home/.local/state/looplet/runs/[RUN]/journal.jsonl:5: the journal is damaged: blob [BLOB] is missing
        ── exit 1
        export
        ── stderr
        error: [DIR]/home/.local/state/looplet/runs/[RUN]/journal.jsonl:5: the journal is damaged: blob [BLOB] is missing
        ── exit 1
        diff
        ── stderr
        error: [DIR]/home/.local/state/looplet/runs/[RUN]/journal.jsonl:5: the journal is damaged: blob [BLOB] is missing
        ── exit 1
    "#]].assert_eq(&told);
}

#[test]
fn a_full_disk_stops_the_run_with_its_place_and_nothing_half_said() {
    let long = Long::new(&[WRITE, DONE]);
    let ends = long.to_the_end();
    for end in &ends[1..ends.len() - 1] {
        long.restore();
        let printed = long.world.run_full(end + 40, ON);
        assert_eq!(printed.code, Some(1), "{}", printed.stderr);
        let last = printed.stderr.lines().last().unwrap();
        assert!(last.starts_with("stopped: the journal could not be written (cannot write `"), "{last}");
        assert!(fs::read(&long.world.journals()[0]).unwrap().ends_with(b"\n"));
        let again = long.world.run(&[ON, &["--on-unknown", "retry"]].concat());
        assert_eq!(again.code, Some(0), "{}", again.stderr);
    }
}
