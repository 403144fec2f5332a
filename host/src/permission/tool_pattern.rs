//! Tool patterns: which tools a rule, a grant or a budget is about.
//!
//! `plugin/tool`, each side a glob. Without a `/` a pattern is about the plugin alone and covers all of
//! its tools, so `files` is `files/*` and `*` is everything.

use std::fmt;

use globset::GlobMatcher;

use super::pattern::compile;
use crate::error::{Error, Result};

/// Which tools something is about: `plugin/tool`, or the name of a plugin for all of its tools.
///
/// ```
/// use looplet_host::permission::ToolPattern;
/// let pattern = ToolPattern::parse("files/{read,write}_file").unwrap();
/// assert!(pattern.matches("files", "read_file"));
/// assert!(!pattern.matches("files", "grep"));
/// assert!(ToolPattern::parse("files").unwrap().matches("files", "grep"));
/// assert!(ToolPattern::parse("*").unwrap().matches("http", "fetch"));
/// ```
#[derive(Clone)]
pub struct ToolPattern {
    text: String,
    plugin: GlobMatcher,
    tool: Option<GlobMatcher>,
}

impl ToolPattern {
    /// Reads a pattern.
    pub fn parse(text: &str) -> Result<Self> {
        if !text.is_ascii() {
            return Err(Error::usage(format!("tool pattern `{}` can never match", text.escape_default()))
                .hint("names of plugins and tools are plain ASCII; a look-alike character may have slipped in"));
        }
        let form = || Error::usage(format!("`{text}` is no tool pattern")).hint("write `plugin/tool`, as in `files/*`");
        let (plugin, tool) = match text.split_once('/') {
            Some((plugin, tool)) => (plugin, Some(tool)),
            None => (text, None),
        };
        if tool.is_some_and(|tool| plugin.contains('{') && tool.contains('}')) && compile(plugin, true).is_err() {
            return Err(form().hint("a `/` cannot stand inside `{…}`; write a list of patterns"));
        }
        if plugin.is_empty() || tool.is_some_and(|tool| tool.is_empty() || tool.contains('/')) {
            return Err(form());
        }
        Ok(Self {
            text: text.to_owned(),
            plugin: compile(plugin, true)?,
            tool: tool.map(|tool| compile(tool, true)).transpose()?,
        })
    }

    /// The pattern that matches exactly one tool.
    pub fn exactly(plugin: &str, tool: &str) -> Result<Self> {
        Self::parse(&format!("{}/{}", globset::escape(plugin), globset::escape(tool)))
    }

    /// Whether it is about this tool of this plugin.
    pub fn matches(&self, plugin: &str, tool: &str) -> bool {
        self.matches_plugin(plugin) && self.tool.as_ref().is_none_or(|pattern| pattern.is_match(tool))
    }

    /// Whether it is about some tool that this plugin has or could have.
    pub fn matches_plugin(&self, plugin: &str) -> bool {
        self.plugin.is_match(plugin)
    }

    /// Whether it matches the tool named `plugin/tool`.
    pub fn matches_name(&self, name: &str) -> bool {
        name.split_once('/').is_some_and(|(plugin, tool)| self.matches(plugin, tool))
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for ToolPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for ToolPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ToolPattern({:?})", self.text)
    }
}

impl PartialEq for ToolPattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_pattern_without_a_slash_is_about_a_whole_plugin() {
        let all = ToolPattern::parse("*").expect("is a pattern");
        let files = ToolPattern::parse("files").expect("is a pattern");
        assert!(all.matches("files", "grep") && all.matches("http", "fetch"));
        assert!(
            files.matches("files", "grep") && !files.matches("filesystem", "grep") && !files.matches("grep", "files")
        );
    }

    #[test]
    fn what_can_never_match_is_refused_with_what_to_write() {
        let report = |text| ToolPattern::parse(text).expect_err("is refused").report();
        let form = "is no tool pattern\nhint: write `plugin/tool`, as in `files/*`";
        assert_eq!(report("a/b/c"), format!("error: `a/b/c` {form}"));
        assert_eq!(report("files/"), format!("error: `files/` {form}"));
        assert_eq!(
            report("{files/a,http/b}"),
            "error: `{files/a,http/b}` is no tool pattern\nhint: a `/` cannot stand inside `{…}`; write a list of patterns"
        );
        assert_eq!(
            report("f\u{456}les/*"),
            "error: tool pattern `f\\u{456}les/*` can never match\nhint: names of plugins and tools are plain ASCII; a look-alike character may have slipped in"
        );
    }

    proptest! {
        #[test]
        fn parsing_never_panics(text in "\\PC{0,40}") {
            let _ = ToolPattern::parse(&text);
        }

        #[test]
        fn an_exact_pattern_matches_that_tool_and_no_other(plugin in "[a-z*?{]{1,8}", tool in "[a-z*\\[]{1,8}", other in "[a-z]{1,8}") {
            let pattern = ToolPattern::exactly(&plugin, &tool).expect("is a pattern");
            prop_assert!(pattern.matches(&plugin, &tool));
            prop_assert_eq!(pattern.matches(&plugin, &other), tool == other);
        }
    }
}
