//! The filesystem view, attacked by a guest that calls WASI directly. For what is permitted there is a
//! step beside it that is not.

use std::sync::Arc;

use async_trait::async_trait;
use expect_test::expect;
use looplet_host::need::FsMode;
use looplet_host::plugin::CallSupport;
use looplet_tests::guests;
use looplet_tests::harness::{Call, World, block_on, check, report};
use serde_json::json;
use tokio::sync::Semaphore;

#[test]
fn paths_lead_into_the_mount_and_never_out_of_it() {
    let world = World::new();
    let long = format!("read /workspace/{}", "a/../".repeat(2_000));
    let name = format!("read /workspace/{}", "n".repeat(300));
    let came = world.probe(&[
        "read /workspace/src/a.rs",
        "read src/a.rs",
        "read /workspace/./src//deep/../a.rs",
        "read /workspace/../canary",
        "read /workspace/src/../../canary",
        "read /workspace//etc/passwd",
        "read /workspace/..",
        "read /workspace/%2e%2e/canary",
        "read /workspace/src\\..\\..\\canary",
        "read /workspace/src/a.rs\0.txt",
        "read /workspace/src/a.rs/",
        "read /workspace/",
        "read /workspace/CON",
        "read /workspace/SRC/A.RS",
        "write /workspace/../canary x",
        "mkdir /workspace/../made",
        "rename /workspace/src/a.rs /workspace/../a.rs",
        "rename /workspace/../canary /workspace/canary",
        "link /workspace/../canary /workspace/canary",
    ]);
    check(came, expect![[r#"
        read /workspace/src/a.rs: "inside"
        read src/a.rs: "inside"
        read /workspace/./src//deep/../a.rs: "inside"
        read /workspace/../canary: not-permitted
        read /workspace/src/../../canary: not-permitted
        read /workspace//etc/passwd: not-permitted
        read /workspace/..: not-permitted
        read /workspace/%2e%2e/canary: no-entry
        read /workspace/src\..\..\canary: no-entry
        read /workspace/src/a.rs�.txt: invalid
        read /workspace/src/a.rs/: not-directory
        read /workspace/: no-entry
        read /workspace/CON: no-entry
        read /workspace/SRC/A.RS: no-entry
        write /workspace/../canary x: not-permitted
        mkdir /workspace/../made: not-permitted
        rename /workspace/src/a.rs /workspace/../a.rs: not-permitted
        rename /workspace/../canary /workspace/canary: not-permitted
        link /workspace/../canary /workspace/canary: not-permitted
        refused open workspace:/: leads out of the mount × 5
        refused create directory workspace:/: leads out of the mount
        refused rename workspace:/: leads out of the mount × 2
        refused link workspace:/: leads out of the mount"#]]);
    check([long, name].map(|step| world.probe(&[&step])).join("\n"), expect![[r#"
        read /workspace/a/../a/.…/../a/../: name-too-long (10031 bytes)
        read /workspace/nnnnnnnn…nnnnnnnnn: name-too-long (331 bytes)"#]]);
    assert_eq!(world.read("canary"), "outside");
}

#[test]
fn links_that_were_there_before_do_not_lead_out_by_any_spelling() {
    let world = World::new()
        .link("../canary", "in/out")
        .link("..", "in/up")
        .link("up", "in/chain")
        .link("src/a.rs", "in/good")
        .link("src", "in/dir");
    let world = { let absolute = world.path("canary"); world.link(absolute, "in/absolute") };
    let mut steps = vec!["read /workspace/good".to_owned(), "read /workspace/dir/deep/../a.rs".to_owned()];
    for way in ["out", "out/", "out/.", "up/canary", "up/", "chain/canary", "chain/in/up/canary", "absolute", "absolute/"] {
        for operation in ["read", "stat", "list"] {
            steps.push(format!("{operation} /workspace/{way}"));
        }
        steps.push(format!("open /workspace/{way} wct"));
        steps.push(format!("set-times /workspace/{way} 1"));
        steps.push(format!("rename /workspace/src/a.rs /workspace/{way}/x"));
        steps.push(format!("mkdir /workspace/{way}/x"));
    }
    let steps: Vec<_> = steps.iter().map(String::as_str).collect();
    let came = world.probe(&steps);
    let mut ends: Vec<_> = came.lines().filter(|line| !line.starts_with("refused")).map(str::to_owned).collect();
    let good: Vec<_> = ends.drain(..2).collect();
    assert_eq!(good, ["read /workspace/good: \"inside\"", "read /workspace/dir/deep/../a.rs: \"inside\""]);
    let let_through: Vec<_> = ends.iter().filter(|line| !line.ends_with(": not-permitted")).cloned().collect();
    check(let_through.join("\n"), expect![[""]]);
    assert_eq!(world.read("canary"), "outside");
}

#[test]
fn links_that_a_guest_makes_or_moves_never_lead_out_for_anybody() {
    let world = World::new().hide("secret").file("in/secret/key", "k").file("in/a/b/c/file", "x");
    let came = world.probe(&[
        "symlink ../a.rs /workspace/src/deep/link",
        "read /workspace/src/deep/link",
        "symlink /etc/passwd /workspace/bad",
        "symlink ../canary /workspace/bad",
        "symlink src/../../canary /workspace/bad",
        "symlink ./.. /workspace/bad",
        "symlink secret/key /workspace/bad",
        "symlink ../../../src /workspace/a/b/c/link",
        "rename /workspace/a/b/c/link /workspace/link",
        "rename /workspace/a/b/c /workspace/c",
        "rename /workspace/a/b/c /workspace/src/deep/c",
        "rename /workspace/a/b/c /workspace/src/deep/far",
        "link /workspace/src/deep/link /workspace/link",
        "readlink /workspace/src/deep/link",
        "lstat /workspace/bad",
    ]);
    check(came, expect![[r#"
        symlink ../a.rs /workspace/src/deep/link: ok
        read /workspace/src/deep/link: "inside"
        symlink /etc/passwd /workspace/bad: not-permitted
        symlink ../canary /workspace/bad: not-permitted
        symlink src/../../canary /workspace/bad: not-permitted
        symlink ./.. /workspace/bad: not-permitted
        symlink secret/key /workspace/bad: no-entry
        symlink ../../../src /workspace/a/b/c/link: ok
        rename /workspace/a/b/c/link /workspace/link: not-permitted
        rename /workspace/a/b/c /workspace/c: not-permitted
        rename /workspace/a/b/c /workspace/src/deep/c: ok
        rename /workspace/a/b/c /workspace/src/deep/far: no-entry
        link /workspace/src/deep/link /workspace/link: access
        readlink /workspace/src/deep/link: ../a.rs
        lstat /workspace/bad: no-entry
        refused create link workspace:/bad: leads out of the mount × 4
        refused create link workspace:/secret/key: hidden (looplet.toml:7)
        refused rename workspace:/link: leads out of the mount
        refused rename workspace:/c/link: leads out of the mount"#]]);
}

#[test]
fn a_read_only_mount_stays_as_it_is_beside_a_writable_one() {
    let world = World::new().read_only().other("beside").file("beside/file", "mine");
    let came = world.probe(&[
        "read /workspace/src/a.rs",
        "write /other/new x",
        "open /workspace/src/a.rs w",
        "open /workspace/src/a.rs rt",
        "open /workspace/src/a.rs rc",
        "open /workspace/new c",
        "open /workspace/new rcx",
        "set-size /workspace/src/a.rs 0",
        "set-times /workspace/src/a.rs 1",
        "set-times-open /workspace/src/a.rs r 1",
        "set-times-open /workspace/src rd 1",
        "append /workspace/src/a.rs x",
        "keep file /workspace/src/a.rs r",
        "write-at file 0 x",
        "mkdir /workspace/new",
        "unlink /workspace/src/a.rs",
        "rmdir /workspace/src/deep",
        "rename /workspace/src/a.rs /workspace/b",
        "rename /workspace/src/a.rs /other/b",
        "rename /other/file /workspace/src/a.rs",
        "link /workspace/src/a.rs /other/b",
        "link /other/file /workspace/b",
        "symlink a.rs /workspace/src/link",
        "list /workspace",
    ]);
    check(came, expect![[r#"
        read /workspace/src/a.rs: "inside"
        write /other/new x: ok
        open /workspace/src/a.rs w: access
        open /workspace/src/a.rs rt: access
        open /workspace/src/a.rs rc: access
        open /workspace/new c: access
        open /workspace/new rcx: access
        set-size /workspace/src/a.rs 0: access
        set-times /workspace/src/a.rs 1: access
        set-times-open /workspace/src/a.rs r 1: access
        set-times-open /workspace/src rd 1: access
        append /workspace/src/a.rs x: access
        keep file /workspace/src/a.rs r: ok
        write-at file 0 x: bad-descriptor
        mkdir /workspace/new: access
        unlink /workspace/src/a.rs: access
        rmdir /workspace/src/deep: access
        rename /workspace/src/a.rs /workspace/b: access
        rename /workspace/src/a.rs /other/b: cross-device
        rename /other/file /workspace/src/a.rs: cross-device
        link /workspace/src/a.rs /other/b: cross-device
        link /other/file /workspace/b: cross-device
        symlink a.rs /workspace/src/link: access
        list /workspace: src
        refused open for writing workspace:/src/a.rs: read only (--mount) × 5
        refused open for writing workspace:/new: read only (--mount) × 2
        refused set times workspace:/src/a.rs: read only (--mount)
        refused set times workspace:/src: read only (--mount)
        refused create directory workspace:/new: read only (--mount)
        refused remove workspace:/src/a.rs: read only (--mount)
        refused remove directory workspace:/src/deep: read only (--mount)
        refused rename workspace:/src/a.rs: read only (--mount)
        refused create link workspace:/src/link: read only (--mount)"#]]);
    assert_eq!(world.read("in/src/a.rs"), "inside");
}

#[test]
fn the_same_operations_work_where_they_are_permitted() {
    let world = World::new();
    let came = world.probe(&[
        "write /workspace/src/a.rs changed",
        "append /workspace/src/a.rs +more",
        "read /workspace/src/a.rs",
        "set-size /workspace/src/a.rs 3",
        "read /workspace/src/a.rs",
        "set-times /workspace/src/a.rs 1",
        "set-times /workspace/src/a.rs 18446744073709551615",
        "set-times /workspace/src/a.rs 9223372036854775807",
        "set-times-open /workspace/src/a.rs w 4611686018427387904",
        "open /workspace/new cx",
        "open /workspace/new cx",
        "mkdir /workspace/dir",
        "rename /workspace/new /workspace/dir/new",
        "link /workspace/dir/new /workspace/second",
        "unlink /workspace/second",
        "rename /workspace/dir /workspace/moved",
        "list /workspace/moved",
        "unlink /workspace/moved/new",
        "rmdir /workspace/moved",
        "list /workspace",
    ]);
    check(came, expect![[r#"
        write /workspace/src/a.rs changed: ok
        append /workspace/src/a.rs +more: ok
        read /workspace/src/a.rs: "changed+more"
        set-size /workspace/src/a.rs 3: ok
        read /workspace/src/a.rs: "cha"
        set-times /workspace/src/a.rs 1: ok
        set-times /workspace/src/a.rs 18446744073709551615: overflow
        set-times /workspace/src/a.rs 9223372036854775807: ok
        set-times-open /workspace/src/a.rs w 4611686018427387904: ok
        open /workspace/new cx: ok
        open /workspace/new cx: exist
        mkdir /workspace/dir: ok
        rename /workspace/new /workspace/dir/new: ok
        link /workspace/dir/new /workspace/second: ok
        unlink /workspace/second: ok
        rename /workspace/dir /workspace/moved: ok
        list /workspace/moved: new
        unlink /workspace/moved/new: ok
        rmdir /workspace/moved: ok
        list /workspace: src"#]]);
}

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
    check(came, expect![[r#"
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
        refused create directory workspace:/.envrc: hidden (looplet.toml:7)"#]]);
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
    check(came, expect![[r#"
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
        refused open for writing workspace:/made/kept: read only (looplet.toml:7)"#]]);
    assert_eq!(world.read("in/.git/hooks/pre-commit"), "hook");
    assert_eq!(world.read("in/looplet.toml"), "rules");
    assert_eq!(world.read("in/made/kept"), "entity not found");
}

/// Keeps a guest that asks waiting until it is told to go on.
struct Halt {
    reached: Semaphore,
    go_on: Semaphore,
}

#[async_trait]
impl CallSupport for Halt {
    fn progress(&self, _: &str, _: u32, _: Option<u32>) {}

    async fn approve(&self, _: &str, _: &str) -> bool {
        self.reached.add_permits(1);
        self.go_on.acquire().await.is_ok()
    }
}

/// Makes a call, and does something else once it has come to its step `wait`.
fn halted<T>(call: Call, meanwhile: impl Future<Output = T>) -> (String, T) {
    let halt = Arc::new(Halt { reached: Semaphore::new(0), go_on: Semaphore::new(0) });
    let (came, done) = block_on(async {
        tokio::join!(call.support(halt.clone()).start(), async {
            halt.reached.acquire().await.expect("is open").forget();
            let done = meanwhile.await;
            halt.go_on.add_permits(1);
            done
        })
    });
    (report(&came), done)
}

#[test]
fn a_handle_of_one_call_does_not_follow_a_directory_that_another_call_moves() {
    let world = World::new().keep("made/kept");
    std::fs::create_dir(world.path("in/tmp")).expect("a directory");
    let first = world.call(&["keep tmp /workspace/tmp rd", "write @tmp/free x", "wait", "write @tmp/kept x"]);
    let (first, second) = halted(first, world.call(&["rename /workspace/tmp /workspace/made"]).start());
    check(format!("{first}\n{}", report(&second)), expect![[r#"
        keep tmp /workspace/tmp rd: ok
        write @tmp/free x: ok
        wait: told true
        write @tmp/kept x: no-entry
        rename /workspace/tmp /workspace/made: ok"#]]);
    assert_eq!(world.read("in/made/kept"), "entity not found");
}

#[test]
fn a_narrowed_call_keeps_to_its_directory() {
    let world = World::new().only_tree("src/deep", FsMode::ReadWrite).file("in/other/x", "x").file("in/top", "x");
    let came = world.probe(&[
        "list /workspace",
        "list /workspace/src",
        "read /workspace/src/deep/b.rs",
        "write /workspace/src/deep/new x",
        "read /workspace/src/a.rs",
        "read /workspace/src/a.rs/x",
        "read /workspace/none/x",
        "read /workspace/other/../src/deep/b.rs",
        "stat /workspace/src",
        "stat /workspace/other",
        "write /workspace/top x",
        "mkdir /workspace/src/new",
        "rename /workspace/src/deep/new /workspace/src/new",
        "rename /workspace/src/deep /workspace/src/gone",
        "rename /workspace/src/a.rs /workspace/src/deep/a.rs",
        "link /workspace/src/a.rs /workspace/src/deep/a.rs",
        "symlink ../a.rs /workspace/src/deep/link",
        "symlink b.rs /workspace/src/deep/link",
        "set-times-open /workspace/src rd 1",
        "find e",
    ]);
    check(came, expect![[r#"
        list /workspace: src
        list /workspace/src: deep
        read /workspace/src/deep/b.rs: "deep"
        write /workspace/src/deep/new x: ok
        read /workspace/src/a.rs: no-entry
        read /workspace/src/a.rs/x: no-entry
        read /workspace/none/x: no-entry
        read /workspace/other/../src/deep/b.rs: no-entry
        stat /workspace/src: directory
        stat /workspace/other: no-entry
        write /workspace/top x: no-entry
        mkdir /workspace/src/new: no-entry
        rename /workspace/src/deep/new /workspace/src/new: no-entry
        rename /workspace/src/deep /workspace/src/gone: no-entry
        rename /workspace/src/a.rs /workspace/src/deep/a.rs: no-entry
        link /workspace/src/a.rs /workspace/src/deep/a.rs: no-entry
        symlink ../a.rs /workspace/src/deep/link: no-entry
        symlink b.rs /workspace/src/deep/link: ok
        set-times-open /workspace/src rd 1: access
        find e: /workspace/src/deep/b.rs /workspace/src/deep/link
        refused open workspace:/src/a.rs: outside this call's reach (looplet.toml:9) × 2
        refused open workspace:/none: outside this call's reach (looplet.toml:9)
        refused open workspace:/other: outside this call's reach (looplet.toml:9)
        refused stat workspace:/other: outside this call's reach (looplet.toml:9)
        refused open for writing workspace:/top: outside this call's reach (looplet.toml:9)
        refused create directory workspace:/src/new: outside this call's reach (looplet.toml:9)
        refused rename workspace:/src/new: outside this call's reach (looplet.toml:9)
        refused rename workspace:/src/gone: outside this call's reach (looplet.toml:9)
        refused rename workspace:/src/a.rs: outside this call's reach (looplet.toml:9)
        refused link workspace:/src/a.rs: outside this call's reach (looplet.toml:9)
        refused create link workspace:/src/a.rs: outside this call's reach (looplet.toml:9)
        refused set times workspace:/src: read only (looplet.toml:9)"#]]);
}

#[test]
fn a_call_for_one_file_can_replace_it_and_nothing_else() {
    let world = World::new().only_file("src/a.rs", FsMode::ReadWrite);
    let came = world.probe(&[
        "list /workspace/src",
        "write /workspace/src/.a.rs.looplet-tmp new",
        "rename /workspace/src/.a.rs.looplet-tmp /workspace/src/a.rs",
        "read /workspace/src/a.rs",
        "write /workspace/src/.b.rs.looplet-tmp new",
        "write /workspace/src/b.rs x",
        "symlink deep/b.rs /workspace/src/.a.rs.looplet-tmp",
        "symlink a.rs /workspace/src/.a.rs.looplet-tmp",
        "mkdir /workspace/src/.a.rs.looplet-tmp",
        "link /workspace/src/a.rs /workspace/src/.a.rs.looplet-tmp",
        "unlink /workspace/src/deep/b.rs",
        "read /workspace/src/deep/b.rs",
    ]);
    check(came, expect![[r#"
        list /workspace/src: a.rs
        write /workspace/src/.a.rs.looplet-tmp new: ok
        rename /workspace/src/.a.rs.looplet-tmp /workspace/src/a.rs: ok
        read /workspace/src/a.rs: "new"
        write /workspace/src/.b.rs.looplet-tmp new: no-entry
        write /workspace/src/b.rs x: no-entry
        symlink deep/b.rs /workspace/src/.a.rs.looplet-tmp: access
        symlink a.rs /workspace/src/.a.rs.looplet-tmp: access
        mkdir /workspace/src/.a.rs.looplet-tmp: access
        link /workspace/src/a.rs /workspace/src/.a.rs.looplet-tmp: access
        unlink /workspace/src/deep/b.rs: no-entry
        read /workspace/src/deep/b.rs: no-entry
        refused open for writing workspace:/src/.b.rs.looplet-tmp: outside this call's reach (looplet.toml:9)
        refused open for writing workspace:/src/b.rs: outside this call's reach (looplet.toml:9)
        refused remove workspace:/src/deep/b.rs: outside this call's reach (looplet.toml:9)
        refused open workspace:/src/deep/b.rs: outside this call's reach (looplet.toml:9)"#]]);
    let linked = World::new().only_file("src/a.rs", FsMode::ReadWrite);
    std::fs::hard_link(linked.path("canary"), linked.path("in/src/.a.rs.looplet-tmp")).expect("a link");
    let came = linked.probe(&[
        "read /workspace/src/.a.rs.looplet-tmp",
        "write /workspace/src/.a.rs.looplet-tmp x",
        "open /workspace/src/.a.rs.looplet-tmp rt",
        "rename /workspace/src/.a.rs.looplet-tmp /workspace/src/a.rs",
    ]);
    check(came, expect![[r#"
        read /workspace/src/.a.rs.looplet-tmp: access
        write /workspace/src/.a.rs.looplet-tmp x: access
        open /workspace/src/.a.rs.looplet-tmp rt: access
        rename /workspace/src/.a.rs.looplet-tmp /workspace/src/a.rs: access
        refused open workspace:/src/.a.rs.looplet-tmp: has a second name × 3
        refused rename workspace:/src/.a.rs.looplet-tmp: has a second name"#]]);
    assert_eq!(linked.read("canary"), "outside");
}

#[test]
fn what_is_no_file_is_not_opened_and_nobody_waits_for_it() {
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    let world = World::new();
    mknodat(CWD, world.path("in/pipe"), FileType::Fifo, Mode::RWXU, 0).expect("a pipe");
    let _socket = std::os::unix::net::UnixListener::bind(world.path("in/socket")).expect("a socket");
    let world = world.link("pipe", "in/to-pipe").link("/dev/zero", "in/zero").link("/proc/self/environ", "in/environ");
    let came = world.probe(&[
        "read /workspace/pipe",
        "open /workspace/pipe w",
        "open /workspace/pipe rt",
        "read /workspace/to-pipe",
        "append /workspace/pipe x",
        "read /workspace/socket",
        "read /workspace/zero",
        "read /workspace/environ",
        "lstat /workspace/pipe",
        "unlink /workspace/pipe",
    ]);
    check(came, expect![[r#"
        read /workspace/pipe: access
        open /workspace/pipe w: access
        open /workspace/pipe rt: access
        read /workspace/to-pipe: access
        append /workspace/pipe x: access
        read /workspace/socket: access
        read /workspace/zero: not-permitted
        read /workspace/environ: not-permitted
        lstat /workspace/pipe: other
        unlink /workspace/pipe: ok
        refused open workspace:/pipe: neither a file nor a directory × 5
        refused open workspace:/socket: neither a file nor a directory
        refused open workspace:/zero: leads out of the mount
        refused open workspace:/environ: leads out of the mount"#]]);
}

#[test]
fn bytes_entries_listings_and_open_files_are_bounded() {
    let world = World::new().limits(|limits| {
        limits.written_bytes = 100;
        limits.created_entries = 5;
    });
    let came = world.probe(&[
        "write /workspace/a 12345678",
        "keep a /workspace/a rw",
        "write-at a 1000000000000 x",
        "write-at a 18446744073709551615 x",
        "write-at a 9223372036854775807 x",
        "read-at a 18446744073709551615",
        "read-at a 9223372036854775807",
        "set-size /workspace/a 1000000000000",
        "set-size /workspace/a 18446744073709551615",
        "set-size /workspace/a 90",
        "write-at a 89 xxxxxxxxxxxxxxx",
        "append /workspace/a xxxxxxxxxxxxxxx",
        "stat /workspace/a",
        "make-many /workspace/file 100",
        "mkdir /workspace/dir",
        "symlink a /workspace/link",
        "link /workspace/a /workspace/b",
    ]);
    check(came, expect![[r#"
        write /workspace/a 12345678: ok
        keep a /workspace/a rw: ok
        write-at a 1000000000000 x: insufficient-space
        write-at a 18446744073709551615 x: invalid
        write-at a 9223372036854775807 x: insufficient-space
        read-at a 18446744073709551615: invalid
        read-at a 9223372036854775807: invalid
        set-size /workspace/a 1000000000000: insufficient-space
        set-size /workspace/a 18446744073709551615: insufficient-space
        set-size /workspace/a 90: ok
        write-at a 89 xxxxxxxxxxxxxxx: insufficient-space
        append /workspace/a xxxxxxxxxxxxxxx: stream failed
        stat /workspace/a: file of 90
        make-many /workspace/file 100: 4 made, then insufficient-space
        mkdir /workspace/dir: insufficient-space
        symlink a /workspace/link: insufficient-space
        link /workspace/a /workspace/b: insufficient-space
        refused create workspace:/file4: limit used up
        refused create workspace:/dir: limit used up
        refused create workspace:/link: limit used up
        refused create workspace:/b: limit used up"#]]);
    let came = World::new().probe(&["open-many /workspace/src/a.rs 1000", "stream-many /workspace/src/a.rs 1000", "read src/a.rs"]);
    check(came, expect![[r#"
        open-many /workspace/src/a.rs 1000: 62 open, then insufficient-memory
        stream-many /workspace/src/a.rs 1000: 62 open, then insufficient-memory
        read src/a.rs: "inside"
        refused open workspace:/src/a.rs: limit used up × 2"#]]);
    let world = World::new().limits(|limits| limits.listed_entries = 6).hide("hidden*");
    let world = (0..4).fold(world, |world, number| world.file(&format!("in/hidden{number}"), ""));
    check(world.probe(&["list /workspace", "list /workspace"]), expect![[r#"
        list /workspace: src
        list /workspace: insufficient-memory
        refused list workspace:/: limit used up"#]]);
}

#[test]
fn a_deep_tree_costs_neither_stack_nor_descriptors() {
    let world = World::new();
    std::fs::create_dir_all(world.path(&format!("in/top/{}", "d/".repeat(400)))).expect("directories");
    let deep = format!("stat /workspace/top/{}", "d/".repeat(200));
    let deeper = format!("stat /workspace/top/{}", "d/".repeat(300));
    let keep: Vec<_> = (0..60).map(|number| format!("keep h{number} /workspace/top/{} rd", "d/".repeat(200))).collect();
    let mut steps: Vec<_> = keep.iter().map(String::as_str).collect();
    steps.extend(["wait", &*deep, &*deeper, "rename /workspace/top /workspace/moved"]);
    let before = descriptors();
    let (came, during) = halted(world.call(&steps), async { descriptors() });
    // One a handle, with room for tests that run beside this one; not one for each directory on the way.
    assert!(during <= before + 500, "{during} descriptors, {before} before");
    let ends: Vec<_> = came.lines().skip(60).collect();
    assert_eq!(came.lines().take(60).filter(|line| line.contains(": ok")).count(), 60, "{came}");
    check(ends.join("\n"), expect![[r#"
        wait: told true
        stat /workspace/top/d/d/…/d/d/d/d/d/d/: directory (431 bytes)
        stat /workspace/top/d/d/…/d/d/d/d/: name-too-long (635 bytes)
        rename /workspace/top /workspace/moved: name-too-long"#]]);
}

/// How many files this process has open.
fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").expect("Linux").count()
}

#[test]
fn swapping_the_directory_of_a_mount_changes_nothing() {
    let world = World::new();
    let authority = world.authority();
    std::fs::rename(world.path("in"), world.path("aside")).expect("renames");
    let world = { let top = world.path(""); world.link(top, "in") };
    let came = report(&world.call(&["read /workspace/canary", "read /workspace/src/a.rs"]).with(authority).run());
    check(came, expect![[r#"
        read /workspace/canary: no-entry
        read /workspace/src/a.rs: "inside""#]]);
}

#[test]
fn without_authority_there_is_no_file_at_all() {
    let steps = json!({"steps": [["mounts"], ["read", "/workspace/src/a.rs"], ["read", "src/a.rs"], ["find", ""]]});
    check(report(&Call::of(guests::FS_PROBE, steps).run()), expect![[r#"
        mounts: 
        read /workspace/src/a.rs: no mount
        read src/a.rs: no mount
        find : "#]]);
}
