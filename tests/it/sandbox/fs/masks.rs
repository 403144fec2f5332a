//! What is hidden or read-only below every tool: for walkers, through parents, links and other calls.

use expect_test::expect;
use looplet_tests::harness::{World, check, report};

use super::halt::halted;

#[test]
fn what_is_hidden_is_found_by_no_walk_link_or_error() {
    let world = World::new()
        .hide(".env*")
        .hide("docs/private/**")
        .file("in/.env", "canary-word")
        .file("in/sub/.ENV.local", "canary-word")
        .file("in/docs/private/key", "canary-word")
        .file("in/seen", "canary-word")
        .link(".env", "in/innocent")
        .link("docs/private", "in/also-innocent");
    let came = world.probe(&[
        "find canary-word",
        "list /workspace",
        "list /workspace/sub",
        "list /workspace/docs",
        "read /workspace/.env",
        "read /workspace/.env/",
        "read /workspace/.env/x",
        "read /workspace/.none/x",
        "read /workspace/.env/../seen",
        "read /workspace/.Env",
        "read /workspace/innocent",
        "read /workspace/also-innocent/key",
        "stat /workspace/.env",
        "lstat /workspace/.env",
        "open /workspace/.env cx",
        "rename /workspace/.env /workspace/got",
        "rename /workspace/docs /workspace/got",
        "rename /workspace/sub /workspace/got",
        "rename /workspace/seen /workspace/.env",
        "link /workspace/.env /workspace/got",
        "symlink .env /workspace/got",
        "unlink /workspace/.env",
        "set-size /workspace/.env 0",
        "set-times /workspace/.env 1",
        "mkdir /workspace/.envrc",
        "rmdir /workspace/docs",
    ]);
    check(
        came,
        expect![[r#"
        find canary-word: /workspace/seen
        list /workspace: also-innocent docs innocent seen src sub
        list /workspace/sub: 
        list /workspace/docs: 
        read /workspace/.env: no-entry
        read /workspace/.env/: no-entry
        read /workspace/.env/x: no-entry
        read /workspace/.none/x: no-entry
        read /workspace/.env/../seen: no-entry
        read /workspace/.Env: no-entry
        read /workspace/innocent: no-entry
        read /workspace/also-innocent/key: no-entry
        stat /workspace/.env: no-entry
        lstat /workspace/.env: no-entry
        open /workspace/.env cx: no-entry
        rename /workspace/.env /workspace/got: no-entry
        rename /workspace/docs /workspace/got: access
        rename /workspace/sub /workspace/got: access
        rename /workspace/seen /workspace/.env: no-entry
        link /workspace/.env /workspace/got: no-entry
        symlink .env /workspace/got: no-entry
        unlink /workspace/.env: no-entry
        set-size /workspace/.env 0: no-entry
        set-times /workspace/.env 1: no-entry
        mkdir /workspace/.envrc: no-entry
        rmdir /workspace/docs: not-empty
        refused open workspace:/docs/private: hidden (looplet.toml:7)
        refused open workspace:/.env: hidden (looplet.toml:7) × 6
        refused open workspace:/.Env: hidden (looplet.toml:7)
        refused open workspace:/docs/private/key: hidden (looplet.toml:7)
        refused stat workspace:/.env: hidden (looplet.toml:7) × 2
        refused open for writing workspace:/.env: hidden (looplet.toml:7) × 2
        refused rename workspace:/.env: hidden (looplet.toml:7) × 2
        refused rename workspace:/docs/private: hidden (looplet.toml:7)
        refused rename workspace:/sub/.ENV.local: hidden (looplet.toml:7)
        refused link workspace:/.env: hidden (looplet.toml:7)
        refused create link workspace:/.env: hidden (looplet.toml:7)
        refused remove workspace:/.env: hidden (looplet.toml:7)
        refused set times workspace:/.env: hidden (looplet.toml:7)
        refused create directory workspace:/.envrc: hidden (looplet.toml:7)"#]],
    );
    assert_eq!(world.read("in/.env"), "canary-word");
}

#[test]
fn what_is_read_only_is_not_changed_through_its_parents_or_names() {
    let world = World::new()
        .keep(".git")
        .keep("looplet.toml")
        .keep("made/kept")
        .file("in/.git/hooks/pre-commit", "hook")
        .file("in/looplet.toml", "rules")
        .file("in/evil/hooks/pre-commit", "evil")
        .file("in/sub/.git/config", "config");
    let came = world.probe(&[
        "read /workspace/.git/hooks/pre-commit",
        "write /workspace/.git/hooks/pre-commit evil",
        "write /workspace/.git/hooks/new evil",
        "write /workspace/.GIT/hooks/new evil",
        "open /workspace/.git/hooks/pre-commit rt",
        "rename /workspace/.git /workspace/old",
        "rename /workspace/evil /workspace/.git",
        "rename /workspace/sub /workspace/old",
        "rename /workspace/evil /workspace/evil2/.git",
        "rename /workspace/evil/hooks /workspace/.git/hooks",
        "link /workspace/looplet.toml /workspace/copy",
        "link /workspace/evil/hooks/pre-commit /workspace/.git/hooks/new",
        "rename /workspace/looplet.toml /workspace/copy",
        "rename /workspace/evil/hooks/pre-commit /workspace/looplet.toml",
        "unlink /workspace/looplet.toml",
        "set-times /workspace/looplet.toml 1",
        "symlink evil /workspace/.git",
        "mkdir /workspace/tmp",
        "keep tmp /workspace/tmp rd",
        "write @tmp/kept x",
        "rename /workspace/tmp /workspace/made",
        "unlink /workspace/tmp/kept",
        "rename /workspace/tmp /workspace/made",
        "write @tmp/kept x",
        "write /workspace/made/kept x",
    ]);
    check(
        came,
        expect![[r#"
        read /workspace/.git/hooks/pre-commit: "hook"
        write /workspace/.git/hooks/pre-commit evil: access
        write /workspace/.git/hooks/new evil: access
        write /workspace/.GIT/hooks/new evil: no-entry
        open /workspace/.git/hooks/pre-commit rt: access
        rename /workspace/.git /workspace/old: access
        rename /workspace/evil /workspace/.git: access
        rename /workspace/sub /workspace/old: access
        rename /workspace/evil /workspace/evil2/.git: no-entry
        rename /workspace/evil/hooks /workspace/.git/hooks: access
        link /workspace/looplet.toml /workspace/copy: access
        link /workspace/evil/hooks/pre-commit /workspace/.git/hooks/new: access
        rename /workspace/looplet.toml /workspace/copy: access
        rename /workspace/evil/hooks/pre-commit /workspace/looplet.toml: access
        unlink /workspace/looplet.toml: access
        set-times /workspace/looplet.toml 1: access
        symlink evil /workspace/.git: access
        mkdir /workspace/tmp: ok
        keep tmp /workspace/tmp rd: ok
        write @tmp/kept x: ok
        rename /workspace/tmp /workspace/made: access
        unlink /workspace/tmp/kept: ok
        rename /workspace/tmp /workspace/made: ok
        write @tmp/kept x: no-entry
        write /workspace/made/kept x: access
        refused open for writing workspace:/.git/hooks/pre-commit: read only (looplet.toml:7) × 2
        refused open for writing workspace:/.git/hooks/new: read only (looplet.toml:7)
        refused rename workspace:/.git: read only (looplet.toml:7) × 2
        refused rename workspace:/sub/.git: read only (looplet.toml:7)
        refused rename workspace:/.git/hooks: read only (looplet.toml:7)
        refused link workspace:/looplet.toml: read only (looplet.toml:7)
        refused link workspace:/.git/hooks/new: read only (looplet.toml:7)
        refused rename workspace:/looplet.toml: read only (looplet.toml:7) × 2
        refused remove workspace:/looplet.toml: read only (looplet.toml:7)
        refused set times workspace:/looplet.toml: read only (looplet.toml:7)
        refused create link workspace:/.git: read only (looplet.toml:7)
        refused rename workspace:/made/kept: read only (looplet.toml:7)
        refused open for writing workspace:/made/kept: read only (looplet.toml:7)"#]],
    );
    assert_eq!(world.read("in/.git/hooks/pre-commit"), "hook");
    assert_eq!(world.read("in/looplet.toml"), "rules");
    assert_eq!(world.read("in/made/kept"), "entity not found");
}

#[test]
fn a_handle_of_one_call_does_not_follow_a_directory_that_another_call_moves() {
    let world = World::new().keep("made/kept");
    std::fs::create_dir(world.path("in/tmp")).expect("a directory");
    let first = world.call(&["keep tmp /workspace/tmp rd", "write @tmp/free x", "wait", "write @tmp/kept x"]);
    let (first, second) = halted(first, world.call(&["rename /workspace/tmp /workspace/made"]).start());
    check(
        format!("{first}\n{}", report(&second)),
        expect![[r#"
        keep tmp /workspace/tmp rd: ok
        write @tmp/free x: ok
        wait: told true
        write @tmp/kept x: no-entry
        rename /workspace/tmp /workspace/made: ok"#]],
    );
    assert_eq!(world.read("in/made/kept"), "entity not found");
}

#[test]
fn no_link_stands_where_a_mask_counts_on_a_directory() {
    let world = World::new().hide(".docker/config.json").keep("a/b/c");
    let came = world.probe(&[
        "mkdir /workspace/fake",
        "write /workspace/fake/config.json x",
        "symlink fake /workspace/.docker",
        "symlink fake /workspace/.DOCKER",
        "symlink fake /workspace/link",
        "rename /workspace/link /workspace/.docker",
        "mkdir /workspace/tree",
        "symlink ../fake /workspace/tree/b",
        "rename /workspace/tree /workspace/a",
        "mkdir /workspace/.docker",
        "write /workspace/.docker/other x",
        "write /workspace/.docker/config.json x",
        "rename /workspace/fake /workspace/.docker/fake",
        "symlink src /workspace/sub",
        "symlink ../src /workspace/fake/.docker",
    ]);
    check(
        came,
        expect![[r#"
        mkdir /workspace/fake: ok
        write /workspace/fake/config.json x: ok
        symlink fake /workspace/.docker: access
        symlink fake /workspace/.DOCKER: access
        symlink fake /workspace/link: ok
        rename /workspace/link /workspace/.docker: access
        mkdir /workspace/tree: ok
        symlink ../fake /workspace/tree/b: ok
        rename /workspace/tree /workspace/a: access
        mkdir /workspace/.docker: ok
        write /workspace/.docker/other x: ok
        write /workspace/.docker/config.json x: no-entry
        rename /workspace/fake /workspace/.docker/fake: ok
        symlink src /workspace/sub: ok
        symlink ../src /workspace/fake/.docker: no-entry
        refused create link workspace:/.docker: read only (looplet.toml:7)
        refused create link workspace:/.DOCKER: read only (looplet.toml:7)
        refused rename workspace:/.docker: read only (looplet.toml:7)
        refused rename workspace:/a/b: read only (looplet.toml:7)
        refused open for writing workspace:/.docker/config.json: hidden (looplet.toml:7)"#]],
    );
    assert_eq!(world.read("in/.docker/config.json"), "entity not found");
}
