//! Trust in project files, by content.
//!
//! A project file came with the project. It speaks only once a person has trusted exactly this file
//! and the files that it names. Reading and writing the list is for the commands.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::error::{Error, Result};
use crate::origin::Origin;

/// The version of `trust.toml` that this host reads and writes.
const FORMAT: u32 = 1;

/// The digest that trust binds: of a project file and of every file it names, each under its name. A
/// file that is named and not there counts as such, so that putting one there asks again.
pub fn trust_digest<'a>(file: &[u8], named: impl IntoIterator<Item = (&'a str, Option<&'a [u8]>)>) -> Digest {
    let mut parts: Vec<&[u8]> = vec![file];
    for (name, content) in named {
        parts.push(name.as_bytes());
        match content {
            Some(content) => parts.extend([&b"file"[..], content]),
            None => parts.push(b"absent"),
        }
    }
    Digest::of_parts(parts)
}

/// The project files that a person has trusted: what `trust.toml` holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustStore(Vec<Trusted>);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Trusted {
    /// Absolute path of the project file.
    file: String,
    digest: Digest,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: u32,
    #[serde(default)]
    trusted: Vec<Trusted>,
}

/// What the list says about a project file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// This content is trusted.
    Trusted,
    /// Another content of it was trusted once.
    Changed,
    /// Nobody has trusted it.
    Unknown,
}

impl TrustStore {
    /// Reads the text of `trust.toml`; `name` is how people call the file.
    pub fn parse(name: &str, text: &str) -> Result<Self> {
        let damaged = |line: usize, message: &str| {
            Error::usage(format!("the list of trusted files cannot be read: {message}"))
                .hint("mend the line, or remove the file: trust is then asked for again")
                .at(Origin::line(name, u32::try_from(line).unwrap_or(u32::MAX)))
        };
        let file: File = toml::from_str(text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            damaged(before.matches('\n').count() + 1, error.message())
        })?;
        if file.format == FORMAT {
            Ok(Self(file.trusted))
        } else {
            Err(damaged(1, &format!("its format is {}, this host knows {FORMAT}", file.format)))
        }
    }

    /// The text of `trust.toml`.
    pub fn render(&self) -> String {
        let file = File { format: FORMAT, trusted: self.0.clone() };
        // Texts and digests always have a form in TOML.
        let body = toml::to_string(&file).unwrap_or_default();
        format!("# Project files whose content you trusted: `looplet-host trust`.\n{body}")
    }

    /// What is known of a file, by absolute path and [`trust_digest`].
    pub fn of(&self, file: &str, digest: &Digest) -> Trust {
        match self.0.iter().find(|trusted| trusted.file == file) {
            Some(trusted) if trusted.digest == *digest => Trust::Trusted,
            Some(_) => Trust::Changed,
            None => Trust::Unknown,
        }
    }

    /// Trusts this content of a file, instead of any other.
    pub fn trust(&mut self, file: &str, digest: Digest) {
        self.revoke(file);
        self.0.push(Trusted { file: file.to_owned(), digest });
    }

    /// Takes trust back; false if there was none.
    pub fn revoke(&mut self, file: &str) -> bool {
        let before = self.0.len();
        self.0.retain(|trusted| trusted.file != file);
        self.0.len() < before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_byte_anywhere_is_another_content() {
        let named = |content: &'static [u8]| [("prompts/a.md", Some(content))];
        let digest = trust_digest(b"format = 1", named(b"a"));
        assert_eq!(digest, trust_digest(b"format = 1", named(b"a")));
        for other in [
            trust_digest(b"format = 2", named(b"a")),
            trust_digest(b"format = 1", named(b"b")),
            trust_digest(b"format = 1", [("prompts/b.md", Some(&b"a"[..]))]),
            trust_digest(b"format = 1", [("prompts/a.md", None)]),
            trust_digest(b"format = 1", []),
        ] {
            assert_ne!(digest, other);
        }
    }

    #[test]
    fn the_list_reads_back_and_a_change_asks_again() {
        let (old, new) = (Digest::of(b"old"), Digest::of(b"new"));
        let mut store = TrustStore::default();
        store.trust("/p/looplet.toml", new);
        store.trust("/p/looplet.toml", old);
        let text = store.render();
        assert_eq!(
            text,
            format!(
                "# Project files whose content you trusted: `looplet-host trust`.\nformat = 1\n\n[[trusted]]\nfile = \"/p/looplet.toml\"\ndigest = \"{old}\"\n"
            )
        );
        let mut read = TrustStore::parse("trust.toml", &text).expect("reads");
        assert_eq!(read, store);
        assert_eq!(read.of("/p/looplet.toml", &old), Trust::Trusted);
        assert_eq!(read.of("/p/looplet.toml", &new), Trust::Changed);
        assert_eq!(read.of("/q/looplet.toml", &old), Trust::Unknown);
        assert!(read.revoke("/p/looplet.toml") && !read.revoke("/p/looplet.toml"));
        let error = TrustStore::parse("trust.toml", "format = 1\n[[trusted]]\nfile = 1\n").expect_err("is refused");
        assert!(
            error.report().starts_with("error: trust.toml:3: the list of trusted files cannot be read: "),
            "{}",
            error.report()
        );
    }
}
