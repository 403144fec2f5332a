//! Tool patterns as rules write them, for settings of hooks that are about some tools.

use crate::contract::{CallView, StepView};

impl CallView {
    /// Whether a pattern is about this tool: `PLUGIN/TOOL` with `*`, `?` and `{this,that}`; without a `/` it
    /// is about all tools of a plugin.
    ///
    /// ```
    /// use looplet_guest::hook::CallView;
    ///
    /// let call = CallView::new("files/read_file", "{}");
    /// assert!(call.matches("files/{read,write}_file") && call.matches("files") && call.matches("*"));
    /// assert!(!call.matches("files/grep") && !call.matches("read_file"));
    /// ```
    pub fn matches(&self, pattern: &str) -> bool {
        matches(pattern, &self.plugin, &self.call.tool)
    }
}

impl StepView {
    /// Whether a pattern is about this tool, as in [`CallView::matches`].
    pub fn matches(&self, pattern: &str) -> bool {
        matches(pattern, &self.plugin, &self.call.tool)
    }
}

fn matches(pattern: &str, plugin: &str, tool: &str) -> bool {
    match pattern.split_once('/') {
        Some((plugins, tools)) => {
            glob(plugins.as_bytes(), plugin.as_bytes()) && glob(tools.as_bytes(), tool.as_bytes())
        }
        None => glob(pattern.as_bytes(), plugin.as_bytes()),
    }
}

/// Names are short and patterns are the operator's, so that trying is good enough.
fn glob(pattern: &[u8], name: &[u8]) -> bool {
    match pattern {
        [] => name.is_empty(),
        [b'*', rest @ ..] => (0..=name.len()).any(|taken| glob(rest, &name[taken..])),
        [b'?', rest @ ..] => name.split_first().is_some_and(|(_, name)| glob(rest, name)),
        [b'{', rest @ ..] => one_of(rest, name),
        [byte, rest @ ..] => name.split_first().is_some_and(|(first, name)| first == byte && glob(rest, name)),
    }
}

/// What stands behind a `{`. One that is never closed matches nothing.
fn one_of(pattern: &[u8], name: &[u8]) -> bool {
    let Some(end) = pattern.iter().position(|byte| *byte == b'}') else {
        return false;
    };
    let (list, rest) = (&pattern[..end], &pattern[end + 1..]);
    list.split(|byte| *byte == b',').any(|choice| glob(&[choice, rest].concat(), name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_are_globs_and_a_lone_one_is_about_the_plugin() {
        for (pattern, expected) in [
            ("http/fetch", true),
            ("http/*", true),
            ("http", true),
            ("*", true),
            ("*/fe?ch", true),
            ("{http,web}/{get,fetch}", true),
            ("{http,web", false),
            ("http/", false),
            ("fetch", false),
            ("http/fetc", false),
            ("http/fetch2", false),
            ("", false),
        ] {
            assert_eq!(matches(pattern, "http", "fetch"), expected, "{pattern}");
        }
    }
}
