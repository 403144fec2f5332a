//! A component from an address: fetched whole, bounded, and nothing else than what its digest says.

use std::path::Path;
use std::time::Duration;

use looplet_host::digest::Digest;
use looplet_host::error::{Error, Result};
use looplet_host::machine::Machine;
use looplet_host::permission::HttpOrigin;
use looplet_host::plugin::ComponentBytes;
use looplet_host::sandbox::Limits;

use super::Candidate;

/// How long all of it may take.
const WHOLE: Duration = Duration::from_mins(5);

/// Fetches a component. It is written to `DIR/NAME.wasm`, `plugins` where no directory is named, once a person has
/// agreed.
pub(super) async fn component(
    machine: &Machine,
    url: &str,
    name: Option<&str>,
    wanted: Digest,
    dir: Option<&Path>,
) -> Result<Candidate> {
    let address = url::Url::parse(url).map_err(|error| Error::usage(format!("`{url}` is no address: {error}")))?;
    if !address.username().is_empty() || address.password().is_some() {
        let origin = address.origin().ascii_serialization();
        return Err(Error::usage(format!("the address at `{origin}` names a user, and a lock would keep it"))
            .hint("fetch it by other means, and add the file"));
    }
    let origin = HttpOrigin::parse(&address.origin().ascii_serialization())?;
    if origin.is_open() {
        return Err(Error::usage(format!("`{url}` would be fetched for everybody to change on the way"))
            .hint("`http://` is for this machine alone: use `https://`"));
    }
    let url = &asked(&address);
    let bytes = ComponentBytes::from(fetched(&address).await?);
    let is = bytes.digest();
    if is != wanted {
        return Err(Error::usage(format!("what `{url}` gives is {is}, not {wanted}"))
            .hint("it is another component than is meant; nothing was kept"));
    }
    let last = address.path_segments().and_then(|mut parts| parts.next_back()).unwrap_or_default();
    let name = name.map_or_else(|| last.trim_end_matches(".wasm").to_owned(), str::to_owned);
    let dir = machine.surroundings.cwd.join(dir.unwrap_or(Path::new("plugins")));
    let to = dir.join(format!("{name}.wasm"));
    Ok(Candidate { name, from: url.to_owned(), bytes, to: Some(to), is_hook: false })
}

/// The address without its query, where what lets somebody in often stands.
fn asked(address: &url::Url) -> String {
    let mut asked = address.clone();
    asked.set_query(None);
    asked.set_fragment(None);
    asked.into()
}

async fn fetched(address: &url::Url) -> Result<Vec<u8>> {
    let failed = |why: String| Error::failed(format!("`{}` cannot be fetched: {why}", asked(address)));
    let plain = |error: reqwest::Error| failed(error.without_url().to_string());
    // No redirect: what was typed is what is asked.
    let client =
        reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(WHOLE).build().map_err(plain)?;
    let mut answer = client.get(address.clone()).send().await.map_err(plain)?;
    if answer.status() != reqwest::StatusCode::OK {
        return Err(failed(format!("the server answers {}", answer.status())));
    }
    let too_large = || failed(format!("it is larger than {} MiB", Limits::COMPONENT_BYTES >> 20));
    if answer.content_length().is_some_and(|length| length > Limits::COMPONENT_BYTES) {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    while let Some(part) = answer.chunk().await.map_err(plain)? {
        if bytes.len() as u64 + part.len() as u64 > Limits::COMPONENT_BYTES {
            return Err(too_large());
        }
        bytes.extend_from_slice(&part);
    }
    Ok(bytes)
}
