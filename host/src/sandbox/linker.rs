//! What guests can import: the contract, and WASI 0.2 with outgoing HTTP. Anything else does not load.
//!
//! Offering an interface is not granting it: sockets are here because language runtimes import them,
//! and every use of them is refused at the call; requests go as far as the call reaches.

use wasmtime::Engine;
use wasmtime::component::{Component, HasData, Linker, ResourceTable};
use wasmtime_wasi::WasiView as _;
use wasmtime_wasi::cli::{WasiCli, WasiCliView as _};
use wasmtime_wasi::clocks::{WasiClocks, WasiClocksView as _};
use wasmtime_wasi::p2::bindings::{cli, clocks, filesystem, random, sockets, sync};
use wasmtime_wasi::random::WasiRandom;
use wasmtime_wasi::sockets::{WasiSockets, WasiSocketsView as _};
use wasmtime_wasi_io::bindings::wasi::io;

use super::bindings::looplet::plugin::{common, history, hook_types, host, needs};
use super::filesystem::Filesystem;
use super::host::Contract;
use super::state::CallState;
use crate::error::{Error, Result};

/// Marks the resource table for the linker.
struct Table;

impl HasData for Table {
    type Data<'a> = &'a mut ResourceTable;
}

/// The one linker, made once per engine.
pub(super) fn new(engine: &Engine) -> Result<Linker<CallState>> {
    let mut linker = Linker::new(engine);
    add_contract(&mut linker)
        .and_then(|()| add_io(&mut linker))
        .and_then(|()| add_files(&mut linker))
        .and_then(|()| add_process(&mut linker))
        .and_then(|()| add_sockets(&mut linker))
        .and_then(|()| super::http_texts::add(&mut linker))
        .map_err(|error| Error::failed(format!("the sandbox cannot be put together: {error:#}")))?;
    Ok(linker)
}

fn add_contract(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    host::add_to_linker::<_, Contract>(linker, |state| state)?;
    history::add_to_linker::<_, Contract>(linker, |state| state)?;
    // Only types, but a component may name them among its imports.
    common::add_to_linker::<_, Contract>(linker, |state| state)?;
    needs::add_to_linker::<_, Contract>(linker, |state| state)?;
    hook_types::add_to_linker::<_, Contract>(linker, |state| state)
}

fn add_io(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    io::error::add_to_linker::<_, Table>(linker, |state| &mut state.table)?;
    io::poll::add_to_linker::<_, Table>(linker, |state| &mut state.table)?;
    io::streams::add_to_linker::<_, Table>(linker, |state| &mut state.table)
}

fn add_files(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    filesystem::preopens::add_to_linker::<_, Filesystem>(linker, CallState::filesystem)?;
    sync::filesystem::types::add_to_linker::<_, Filesystem>(linker, CallState::filesystem)
}

fn add_process(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    clocks::wall_clock::add_to_linker::<_, WasiClocks>(linker, CallState::clocks)?;
    clocks::monotonic_clock::add_to_linker::<_, WasiClocks>(linker, CallState::clocks)?;
    random::random::add_to_linker::<_, WasiRandom>(linker, |state| state.ctx().ctx.random())?;
    random::insecure::add_to_linker::<_, WasiRandom>(linker, |state| state.ctx().ctx.random())?;
    random::insecure_seed::add_to_linker::<_, WasiRandom>(linker, |state| state.ctx().ctx.random())?;
    cli::exit::add_to_linker::<_, WasiCli>(linker, CallState::cli)?;
    cli::environment::add_to_linker::<_, WasiCli>(linker, CallState::cli)?;
    cli::stdin::add_to_linker::<_, WasiCli>(linker, CallState::cli)?;
    cli::stdout::add_to_linker::<_, WasiCli>(linker, CallState::cli)?;
    cli::stderr::add_to_linker::<_, WasiCli>(linker, CallState::cli)?;
    cli::terminal_input::add_to_linker::<_, WasiCli>(linker, CallState::cli)?;
    cli::terminal_output::add_to_linker::<_, WasiCli>(linker, CallState::cli)?;
    cli::terminal_stdin::add_to_linker::<_, WasiCli>(linker, CallState::cli)?;
    cli::terminal_stdout::add_to_linker::<_, WasiCli>(linker, CallState::cli)?;
    cli::terminal_stderr::add_to_linker::<_, WasiCli>(linker, CallState::cli)
}

fn add_sockets(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    sockets::tcp::add_to_linker::<_, WasiSockets>(linker, CallState::sockets)?;
    sockets::udp::add_to_linker::<_, WasiSockets>(linker, CallState::sockets)?;
    sockets::tcp_create_socket::add_to_linker::<_, WasiSockets>(linker, CallState::sockets)?;
    sockets::udp_create_socket::add_to_linker::<_, WasiSockets>(linker, CallState::sockets)?;
    sockets::instance_network::add_to_linker::<_, WasiSockets>(linker, CallState::sockets)?;
    sockets::network::add_to_linker::<_, WasiSockets>(
        linker,
        &sockets::network::LinkOptions::default(),
        CallState::sockets,
    )?;
    sockets::ip_name_lookup::add_to_linker::<_, WasiSockets>(linker, CallState::sockets)
}

/// The imports of a component that nobody offers, each by name.
pub(super) fn unknown_imports(engine: &Engine, component: &Component) -> Vec<String> {
    let imports = component.component_type();
    imports.imports(engine).map(|(name, _)| name.to_owned()).filter(|name| !is_offered(name)).collect()
}

/// Whether a component asks for the past of a run: what it does not import it cannot ask for.
pub(super) fn reads_history(engine: &Engine, component: &Component) -> bool {
    component.component_type().imports(engine).any(|(name, _)| name.starts_with("looplet:plugin/history@"))
}

fn is_offered(import: &str) -> bool {
    OFFERED.iter().any(|line| import.starts_with(line))
}

/// Every interface of the linker, with the line of versions that fits.
const OFFERED: &[&str] = &[
    "looplet:plugin/common@0.1.",
    "looplet:plugin/history@0.1.",
    "looplet:plugin/hook-types@0.1.",
    "looplet:plugin/host@0.1.",
    "looplet:plugin/needs@0.1.",
    "wasi:cli/environment@0.2.",
    "wasi:cli/exit@0.2.",
    "wasi:cli/stderr@0.2.",
    "wasi:cli/stdin@0.2.",
    "wasi:cli/stdout@0.2.",
    "wasi:cli/terminal-input@0.2.",
    "wasi:cli/terminal-output@0.2.",
    "wasi:cli/terminal-stderr@0.2.",
    "wasi:cli/terminal-stdin@0.2.",
    "wasi:cli/terminal-stdout@0.2.",
    "wasi:clocks/monotonic-clock@0.2.",
    "wasi:clocks/wall-clock@0.2.",
    "wasi:filesystem/preopens@0.2.",
    "wasi:filesystem/types@0.2.",
    "wasi:http/outgoing-handler@0.2.",
    "wasi:http/types@0.2.",
    "wasi:io/error@0.2.",
    "wasi:io/poll@0.2.",
    "wasi:io/streams@0.2.",
    "wasi:random/insecure-seed@0.2.",
    "wasi:random/insecure@0.2.",
    "wasi:random/random@0.2.",
    "wasi:sockets/instance-network@0.2.",
    "wasi:sockets/ip-name-lookup@0.2.",
    "wasi:sockets/network@0.2.",
    "wasi:sockets/tcp-create-socket@0.2.",
    "wasi:sockets/tcp@0.2.",
    "wasi:sockets/udp-create-socket@0.2.",
    "wasi:sockets/udp@0.2.",
];
