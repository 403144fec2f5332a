//! Components that are made to keep the compiler busy: each ends inside the box of the child that compiles,
//! with a line that names plugin and limit, and leaves nothing.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use expect_test::{Expect, expect};

use crate::program;
use crate::world::World;

fn component(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap()
}

/// A world with this component and a cache of its own.
fn world(bytes: impl AsRef<[u8]>) -> World {
    let world = World::new().file("plugins/words.wasm", bytes);
    let cache = world.path("../cache").display().to_string();
    world.variable("XDG_CACHE_HOME", &cache)
}

/// What the program says to the component, and that nothing is left of it.
fn check(bytes: impl AsRef<[u8]>, expected: &Expect) {
    let world = world(bytes);
    world.check(&["inspect", "--plugins", "plugins"], expected);
    assert_eq!(world.tree("cache"), Vec::<String>::new());
    assert_eq!(compilers(&world), 0);
}

/// A component that is no plugin, but becomes code without harm.
fn compiles(bytes: impl AsRef<[u8]>) {
    let world = world(bytes);
    let said = world.run(&["inspect", "--plugins", "plugins"]).stderr;
    assert!(said.starts_with("error: `words` is no looplet plugin: it exports nothing"), "{said}");
    assert_eq!(compilers(&world), 0);
}

/// How many compilers run in this world.
fn compilers(world: &World) -> usize {
    let here = std::fs::canonicalize(world.path("")).unwrap();
    let is_ours = |process: &std::fs::DirEntry| {
        let says = |name: &str| std::fs::read(process.path().join(name)).unwrap_or_default();
        std::fs::read_link(process.path().join("cwd")).is_ok_and(|cwd| cwd == here)
            && String::from_utf8_lossy(&says("cmdline")).contains("compile-component")
    };
    std::fs::read_dir("/proc").unwrap().flatten().filter(is_ours).count()
}

/// A number of the binary format.
fn leb(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = u8::try_from(number & 0x7f).unwrap();
        number >>= 7;
        if number == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

/// A section of the binary format.
fn section(id: u8, content: &[u8]) -> Vec<u8> {
    [vec![id], leb(content.len()), content.to_vec()].concat()
}

const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";
const MODULE: &[u8] = b"\0asm\x01\0\0\0";

/// A component around a module with one function of this many variables and this code.
fn around_function(variables: usize, code: &[u8]) -> Vec<u8> {
    let types = section(1, &[1, 0x60, 0, 0]);
    let functions = section(3, &[1, 0]);
    let body = [&[1][..], &leb(variables), &[0x7f], code, &[0x0b]].concat();
    let code = section(10, &[vec![1], leb(body.len()), body].concat());
    let module = [MODULE.to_vec(), types, functions, code].concat();
    [COMPONENT.to_vec(), section(1, &module)].concat()
}

#[test]
fn a_component_that_is_too_large() {
    let world = world(COMPONENT);
    let file = std::fs::OpenOptions::new().write(true).open(world.path("plugins/words.wasm")).unwrap();
    file.set_len(1 << 40).unwrap();
    world.check(
        &["inspect", "--plugins", "plugins"],
        &expect![[r#"
        ── stderr
        error: plugin `words` is larger than 64 MiB
        ── exit 2
    "#]],
    );
}

#[test]
fn a_component_that_is_no_file_is_not_waited_for() {
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    let world = world("");
    std::fs::remove_file(world.path("plugins/words.wasm")).unwrap();
    mknodat(CWD, world.path("plugins/words.wasm"), FileType::Fifo, Mode::RWXU, 0).unwrap();
    world.check(
        &["inspect", "--plugins", "plugins"],
        &expect![[r#"
        ── stderr
        error: `[DIR]/project/plugins/words.wasm` is no regular file
        hint: a plugin is a component in a file
        ── exit 2
    "#]],
    );
}

#[test]
fn a_hundred_thousand_functions() {
    let functions = "(func (param i32) (result i32) local.get 0 i32.const 1 i32.add)".repeat(100_000);
    compiles(component(&format!("(component (core module {functions}))")));
}

#[test]
fn more_functions_than_there_may_be() {
    let functions = "(func)".repeat(1_000_001);
    check(
        component(&format!("(component (core module {functions}))")),
        &expect![[r#"
        ── stderr
        error: plugin `words` does not compile: failed to parse WebAssembly module: functions count exceeds limit of 1000000 (at offset 0x1f)
        ── exit 2
    "#]],
    );
}

#[test]
fn a_function_that_takes_the_compiler_for_ever() {
    // Every variable is alive in every block of a nest of loops.
    let mut code = Vec::new();
    for turn in 0..40_000 {
        // loop, a variable is added to the one before, br_if 0, end
        code.extend([0x03, 0x40, 0x20]);
        code.extend(leb(turn % 50_000));
        code.extend([0x20]);
        code.extend(leb((turn * 7919 + 1) % 50_000));
        code.extend([0x6a, 0x22]);
        code.extend(leb((turn * 31 + 2) % 50_000));
        code.extend([0x0d, 0x00]);
    }
    code.extend([0x0b].repeat(40_000));
    check(
        around_function(50_000, &code),
        &expect![[r#"
        ── stderr
        error: plugin `words` does not compile: it takes more than [SIZE] of memory
        hint: a component of its size may take [TIME] and 1072 MiB; it is no plugin that anybody can use here
        ── exit 2
    "#]],
    );
}

#[test]
fn components_in_components() {
    let nest = |depth: usize| {
        (0..depth).fold(COMPONENT.to_vec(), |inner, _| [COMPONENT.to_vec(), section(4, &inner)].concat())
    };
    compiles(nest(10));
    check(
        nest(20_000),
        &expect![[r#"
        ── stderr
        error: plugin `words` does not compile: it takes more than [SIZE] of memory
        hint: a component of its size may take [TIME] and 1072 MiB; it is no plugin that anybody can use here
        ── exit 2
    "#]],
    );
}

#[test]
fn types_in_types() {
    let lists =
        (1..50_000).map(|number| format!("(type $t{number} (list $t{}))", number - 1)).collect::<Vec<_>>().concat();
    check(
        component(&format!("(component (type $t0 (list u8)) {lists})")),
        &expect![[r#"
        ── stderr
        error: plugin `words` does not compile: failed to parse WebAssembly module: type nesting is too deep (at offset 0xf7)
        ── exit 2
    "#]],
    );
    let doubled =
        (1..64).map(|number| format!("(type $t{number} (tuple $t{0} $t{0}))", number - 1)).collect::<Vec<_>>().concat();
    check(
        component(&format!("(component (type $t0 (tuple u8 u8)) {doubled})")),
        &expect![[r#"
        ── stderr
        error: plugin `words` does not compile: failed to parse WebAssembly module: effective type size exceeds the limit of 1000000 (at offset 0x54)
        ── exit 2
    "#]],
    );
}

#[test]
fn blocks_in_blocks() {
    let deep = [[0x02, 0x40].repeat(1_000_000), [0x0b].repeat(1_000_000)].concat();
    check(
        around_function(1, &deep),
        &expect![[r#"
        ── stderr
        error: plugin `words` does not compile: it takes more than [TIME] of processor time
        hint: a component of its size may take [TIME] and 1168 MiB; it is no plugin that anybody can use here
        ── exit 2
    "#]],
    );
}

#[test]
fn a_compiler_ends_with_the_program_that_waits_for_it() {
    let functions = "(func (param i32) (result i32) local.get 0 i32.const 1 i32.add)".repeat(100_000);
    let world = world(component(&format!("(component (core module {functions}))")));
    let mut program = Command::new(program::host())
        .args(["inspect", "--plugins", "plugins"])
        .current_dir(world.path(""))
        .env("HOME", world.path("../home"))
        .env("XDG_CACHE_HOME", world.path("../cache"))
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let until = |there: usize| {
        let end = Instant::now() + Duration::from_mins(1);
        while compilers(&world) != there {
            assert!(Instant::now() < end, "{} compilers", compilers(&world));
            std::thread::sleep(Duration::from_millis(5));
        }
    };
    until(1);
    program.kill().unwrap();
    program.wait().unwrap();
    until(0);
}
