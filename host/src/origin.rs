//! Where a value came from: a line of a file, a flag, or what is shipped.
//!
//! Every setting, rule, grant and mount keeps its origin, so that a denial can name the line that
//! caused it and the line that would lift it.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

const SHIPPED: &str = "the shipped default";
const SHIPPED_MASKS: &str = "the shipped list of masks";
const OWN_FILES: &str = "the host's own files";

/// Where a value came from. Displayed, and serialised, as people name it: `looplet.toml:41`, `--allow`,
/// `the shipped default`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Origin {
    /// A line, from 1, of a configuration file, under the name that people know it by.
    File {
        /// Path as the operator would type it.
        file: Arc<str>,
        /// Line, from 1.
        line: u32,
    },
    /// A flag of the command line, with its dashes.
    Flag(Arc<str>),
    /// Set by the program that embeds the host.
    Program,
    /// What holds where nobody says anything.
    Shipped,
    /// The list of masks that every mount has.
    ShippedMasks,
    /// The protection of the files that the host itself reads.
    OwnFiles,
}

impl Origin {
    /// The given line of the given file.
    pub fn line(file: &str, line: u32) -> Self {
        Self::File { file: file.into(), line }
    }

    /// A flag, written with its dashes.
    pub fn flag(flag: &str) -> Self {
        Self::Flag(flag.into())
    }

    /// The file or the flag, without the line.
    pub fn place(&self) -> String {
        match self {
            Self::File { file, .. } => file.to_string(),
            Self::Flag(_) | Self::Program | Self::Shipped | Self::ShippedMasks | Self::OwnFiles => self.to_string(),
        }
    }

    /// Reads the displayed form. What has no line number at its end is taken for a flag.
    pub fn parse(text: &str) -> Self {
        let line = text.rsplit_once(':').filter(|_| !text.starts_with("--"));
        match (text, line.map(|(file, line)| (file, line.parse()))) {
            ("program", _) => Self::Program,
            (SHIPPED, _) => Self::Shipped,
            (SHIPPED_MASKS, _) => Self::ShippedMasks,
            (OWN_FILES, _) => Self::OwnFiles,
            (_, Some((file, Ok(line)))) => Self::line(file, line),
            _ => Self::flag(text),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { file, line } => write!(f, "{file}:{line}"),
            Self::Flag(flag) => f.write_str(flag),
            Self::Program => f.write_str("program"),
            Self::Shipped => f.write_str(SHIPPED),
            Self::ShippedMasks => f.write_str(SHIPPED_MASKS),
            Self::OwnFiles => f.write_str(OWN_FILES),
        }
    }
}

impl Serialize for Origin {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Origin {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::parse(&String::deserialize(deserializer)?))
    }
}
