//! A plugin as a company writes it for itself: one tool that puts a query to a database behind HTTP.

use looplet_guest::http::Request;
use looplet_guest::prelude::*;
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// Where the database is.
    base: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Args {
    /// One statement.
    sql: String,
}

/// Puts a statement to the database.
#[looplet_guest::tool(needs(
    http(["POST https://*:*/query", "POST http://*:*/query"], "the database"),
    secret(db, "*", "the database lets in who has a key"),
))]
fn query(args: Args) -> Result<Text, Failure> {
    let Settings { base } = looplet_guest::host::settings()?;
    let answer = Request::new("POST", format!("{base}/query")).body(args.sql.into_bytes()).send()?;
    match answer.status() {
        200 => Ok(Text(answer.text())),
        status => Err(Failure::execution(format!("the database answers {status}: {}", answer.text()))),
    }
}

looplet_guest::plugin!("sql-query", tools: [query], settings: Settings);
