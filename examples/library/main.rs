//! Programs that embed the host, one a file, and their tests, which need no network and no key.
//!
//! `cargo run -p looplet-examples -- own_loop openai:gpt-5.5` runs one in the current directory; with
//! `scripted:FILE` the model's answers come from a file.
#![allow(clippy::print_stdout, reason = "these are programs")]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests fail by panicking"))]

mod agent_test;
mod blocking;
mod hooks;
mod native_tool;
mod own_loop;
mod own_model;
mod sub_agent;
mod typed;
mod veto;
mod web_server;

use std::process::ExitCode;

use looplet_host::{Error, Host, Mount, Result};

fn main() -> ExitCode {
    #[expect(clippy::disallowed_methods, reason = "a program reads its arguments")]
    let words: Vec<String> = std::env::args().skip(1).collect();
    match run(&words.iter().map(String::as_str).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("{}", error.report());
            ExitCode::FAILURE
        }
    }
}

fn run(words: &[&str]) -> Result<()> {
    let here = Host::builder().plugin("builtin:files").mount(Mount::read_only("workspace", ".")?);
    if let ["blocking", model] = *words {
        return blocking::run(here, model).map(drop);
    }
    let runtime = tokio::runtime::Runtime::new().map_err(|error| Error::failed(error.to_string()))?;
    runtime.block_on(async {
        match *words {
            ["own_loop", model] => own_loop::run(here, model).await.map(drop),
            ["veto", model] => veto::run(here, model).await.map(drop),
            ["hooks", model] => hooks::run(here, model).await.map(drop),
            ["native_tool", model] => native_tool::run(here, model).await.map(drop),
            ["sub_agent", model] => sub_agent::run(here, model).await.map(drop),
            ["typed", model] => typed::run(here, model).await.map(drop),
            ["own_model"] => own_model::run(here).await.map(drop),
            ["web_server", model, address] => web_server::run(here, model, address).await,
            _ => Err(Error::usage("no such program").hint(
                "`own_loop MODEL`, `blocking MODEL`, `veto MODEL`, `hooks MODEL`, `native_tool MODEL`, \
                 `sub_agent MODEL`, `typed MODEL`, `own_model`, `web_server MODEL HOST:PORT`",
            )),
        }
    })
}
