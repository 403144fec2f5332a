//! `examples/hello`: what `cargo xtask run` shows to whoever comes here first.

use std::fs;
use std::path::Path;

use expect_test::expect;

use crate::world::World;

const RUN: [&str; 8] = [
    "run",
    "--plugins",
    "plugins",
    "--policy",
    "examples/hello/looplet.toml",
    "--model",
    "scripted:examples/hello/model.jsonl",
    "read the notes and draft a plan",
];

/// The example and the first-party plugins as they lie in the repository.
fn clone() -> World {
    let world = World::new();
    copy(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/hello")), &world, "examples/hello");
    let _ = fs::remove_file(world.path("examples/hello/workspace/drafts/plan.md"));
    for (name, path) in looplet_tests::plugins::ALL {
        world.write(&format!("plugins/{name}.wasm"), fs::read(path).unwrap());
    }
    world
}

fn copy(from: &Path, world: &World, to: &str) {
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let to = format!("{to}/{}", path.file_name().unwrap().to_string_lossy());
        if path.is_dir() {
            copy(&path, world, &to);
        } else {
            world.write(&to, fs::read(&path).unwrap());
        }
    }
}

#[test]
fn the_example_reads_is_stopped_twice_and_ends_well_every_time() {
    let world = clone();
    world.check(&RUN, &expect![[r#"
        ── stdout
        The plan is in drafts/plan.md: four steps, 24 euro.
        ── stderr
        note: `nosy` is not pinned: `looplet-host add` shows what a plugin is and pins it
        model scripted:examples/hello/model.jsonl (--model)
        workspace [DIR]/project/examples/hello/workspace (rw, examples/hello/looplet.toml:6)
        policy examples/hello/looplet.toml (4 rules)
        #1 ✓ list_dir(path='.') → 4 entries [TIME]
        #2 ✓ read_file(path='notes.md') → 12 lines [TIME]
        #3 ✓ nosy() → 6 attempts [TIME]
              refused inside: open workspace:/etc: outside this call's reach
              refused inside: open workspace:/: leads out of the mount
              refused inside: open for writing workspace:/.nosy-was-here: outside this call's reach
        #4 ⊘ write_file(path='plan.md', content='# Plan\n\n1. Measure the bed by the fence, then m…') → denied by examples/hello/looplet.toml:29 «drafts only»
        #5 ✓ write_file(path='drafts/plan.md', content='# Plan\n\n1. Measure the bed by the fence, then m…') → bytes: 239 [TIME]
        #6 ✓ done(summary='The plan is in drafts/plan.md: four steps, 24 eur…')
        #4 files/write_file would be allowed by an `unless` in the rule at `examples/hello/looplet.toml:29`, or taking that rule out
        done · 6 steps · 3 reaches refused by the sandbox · 1 denied by policy · [TIME] · show: looplet-host show [RUN] --denied
        ── exit 0
    "#]]);
    let draft = world.path("examples/hello/workspace/drafts/plan.md");
    assert!(fs::read_to_string(draft).unwrap().starts_with("# Plan\n"));
    let again = world.run(&RUN);
    assert_eq!((again.code, again.stdout.as_str()), (Some(0), "The plan is in drafts/plan.md: four steps, 24 euro.\n"));
}
