//! Uses too much of one thing, as it is told: time, memory, stack, handles, output, state.

mod allocator;
mod flood;
mod grow;
mod keep;
mod stop;

use looplet_guest::prelude::*;
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Deserialize, JsonSchema)]
struct Args {
    /// What to do.
    r#do: String,
    /// How much of it.
    #[serde(default)]
    count: usize,
    /// How large each.
    #[serde(default)]
    size: usize,
    /// Any text. What is not used makes the arguments long.
    #[serde(default)]
    text: String,
}

/// Does one thing, and says how far it got.
#[looplet_guest::tool]
fn burn(args: Args) -> Result<Output, Failure> {
    let Args { r#do: what, count, size, text } = args;
    match what.as_str() {
        "nothing" => Ok(Output::text("ok")),
        "spin" => stop::spin(),
        "spin in post-return" => Ok(allocator::text_that_spins_when_freed()),
        "sleep" => Ok(stop::sleep(count as u64)),
        "sleep for ever" => Ok(stop::sleep(u64::MAX)),
        "exit" => std::process::exit(i32::try_from(count).unwrap_or(i32::MAX)),
        "panic" => panic!("{text}"),
        "recurse" => Ok(stop::recurse(count)),
        "fail" => Err(Failure::execution(text.repeat(count.max(1))).hint(text.repeat(size.max(1)))),
        "watch" => Ok(stop::watch()),
        "memory" => Ok(grow::memory()),
        "memory by the page" => Ok(grow::pages(count)),
        "one large block" => Ok(grow::block(count)),
        "handles" => Ok(grow::handles(count)),
        "random" => Ok(grow::random(count as u64)),
        "insecure random" => Ok(grow::insecure_random(count as u64)),
        "print" => Ok(flood::print(count)),
        "complain" => Ok(flood::complain(count, &text)),
        "complain in bytes" => Ok(flood::complain_in_bytes()),
        "log" => Ok(flood::log(count, size)),
        "report" => Ok(flood::progress(count, size)),
        "ask" => Ok(flood::ask(count)),
        "text" => Ok(Output::text(if text.is_empty() { "x".repeat(count) } else { text.repeat(count) })),
        "json" => Output::json(&"x".repeat(count)),
        "deep json" => Ok(flood::deep_json(count)),
        "attachments" => Ok(flood::attachments(count, size, &text)),
        "warnings" => Ok(flood::warnings(count, &text)),
        "count" => Ok(keep::count()),
        "set" => keep::set(&text, count, size),
        "set and trap" => keep::set_and_trap(&text),
        "get" => Ok(keep::get(&text)),
        _ => Err(Failure::validation("no such thing to do")),
    }
}

looplet_guest::plugin!("limits-burn", tools: [burn]);
