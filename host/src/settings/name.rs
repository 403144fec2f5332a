//! Names that the operator gives to mounts, plugins and providers.

use crate::error::{Error, Result};

/// Names of mounts, plugins and providers: nothing that looks like something else.
pub fn check_name(name: &str) -> Result<()> {
    let plain = name.len() <= 64
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_' || byte == b'-');
    if plain {
        return Ok(());
    }
    Err(Error::usage(format!("`{}` is no name", name.escape_default()))
        .hint("a name begins with a-z and goes on with a-z, 0-9, `_` or `-`, at most 64"))
}

/// Refuses what cannot stand before the name of a tool: models take what names are made of.
pub(super) fn check_prefix(prefix: Option<&str>) -> Result<()> {
    prefix.filter(|prefix| !prefix.is_empty()).map_or(Ok(()), check_name)
}
