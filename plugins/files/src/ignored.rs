//! What `.gitignore` files say, one layer for each directory that has one.
//!
//! A file is read where the walk has seen its name, so that a directory without one costs nothing.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::rc::Rc;

use crate::pattern::Pattern;
use crate::place::Place;

/// The name of the files.
pub(crate) const NAME: &str = ".gitignore";

/// A longer file is cut: it is no list that people keep.
const MAX_FILE: u64 = 1024 * 1024;

/// What is ignored in a directory: what its own file says, and behind it those of the directories above.
#[derive(Clone, Default)]
pub(crate) struct Ignored(Option<Rc<Layer>>);

struct Layer {
    directory: Place,
    rules: Vec<Rule>,
    above: Ignored,
}

/// One line of a file.
#[derive(Debug, PartialEq, Eq)]
struct Rule {
    pattern: Pattern,
    /// `!` before it: what fits is not ignored.
    keeps: bool,
    /// `/` behind it: it is about directories only.
    directories: bool,
}

impl Ignored {
    /// What holds in `place` by the files of all directories above it, itself left out.
    pub(crate) fn above(root: &Path, place: &Place) -> Self {
        let mut ignored = Self::default();
        let mut directory = Place::top();
        for name in place.names() {
            ignored = ignored.within(root, &directory);
            directory = directory.join(name);
        }
        ignored
    }

    /// What holds in a directory that has a file of its own, if it can be read.
    pub(crate) fn within(&self, root: &Path, directory: &Place) -> Self {
        let Some(text) = read(&directory.join(NAME).under(root)) else {
            return self.clone();
        };
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let rules = text.lines().filter_map(Rule::read).collect();
        Self(Some(Rc::new(Layer { directory: directory.clone(), rules, above: self.clone() })))
    }

    /// Whether a place is to be passed over: the nearest file that speaks of it decides, and in it the
    /// last line.
    pub(crate) fn holds(&self, place: &Place, is_directory: bool) -> bool {
        let mut next = &self.0;
        while let Some(layer) = next {
            if let Some(rule) = layer.last_word(place, is_directory) {
                return !rule.keeps;
            }
            next = &layer.above.0;
        }
        false
    }
}

impl Layer {
    fn last_word(&self, place: &Place, is_directory: bool) -> Option<&Rule> {
        let path = place.below(&self.directory)?;
        self.rules.iter().rev().find(|rule| (is_directory || !rule.directories) && rule.pattern.fits(path))
    }
}

impl Rule {
    /// Reads a line. As git does: none for what is empty, a remark, or no pattern.
    fn read(line: &str) -> Option<Self> {
        let line = without_trailing_spaces(line);
        if line.is_empty() || line.starts_with('#') {
            return None;
        }
        let (line, keeps) = line.strip_prefix('!').map_or((line, false), |rest| (rest, true));
        let (line, directories) = line.strip_suffix('/').map_or((line, false), |rest| (rest, true));
        if line.is_empty() {
            return None;
        }
        let pattern = Pattern::read(line)?;
        // A slash that is not the last sign binds it to the directory of the file.
        let pattern = if line.contains('/') { pattern } else { pattern.at_any_depth() };
        Some(Self { pattern, keeps, directories })
    }
}

/// A space behind a `\` stays.
fn without_trailing_spaces(line: &str) -> &str {
    let trimmed = line.trim_end_matches([' ', '\t', '\r']);
    let is_escaped = trimmed.ends_with('\\') && line.len() > trimmed.len();
    if is_escaped { &line[..=trimmed.len()] } else { trimmed }
}

fn read(path: &Path) -> Option<String> {
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(MAX_FILE).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether the last word of `lines` is that `path` is ignored; `path` ends with `/` for a directory.
    fn ignores(lines: &str, path: &str) -> bool {
        let rules = lines.lines().filter_map(Rule::read).collect();
        let above = Ignored::default();
        let ignored = Ignored(Some(Rc::new(Layer { directory: Place::top(), rules, above })));
        let place = Place::read(path).expect("is a place");
        ignored.holds(&place, path.ends_with('/'))
    }

    #[test]
    fn a_name_fits_at_any_depth_and_a_path_only_where_it_stands() {
        assert!(ignores("*.log", "a.log") && ignores("*.log", "b/a.log"));
        assert!(ignores("/a", "a") && !ignores("/a", "b/a"));
        assert!(ignores("b/a", "b/a") && !ignores("b/a", "c/b/a"));
        assert!(ignores("**/b/a", "c/b/a"));
        assert!(ignores("b/**", "b/x/y") && !ignores("b/**", "b/"));
    }

    #[test]
    fn a_slash_behind_means_directories() {
        assert!(ignores("target/", "target/") && ignores("target/", "a/target/"));
        assert!(!ignores("target/", "target"));
    }

    #[test]
    fn the_last_line_has_the_word() {
        assert!(!ignores("*.log\n!keep.log", "keep.log"));
        assert!(ignores("!keep.log\n*.log", "keep.log"));
    }

    #[test]
    fn remarks_and_escapes_are_read_as_git_reads_them() {
        assert!(!ignores("# a\n\n   \n/\n!\n", "a"));
        assert!(ignores(r"\#a", "#a") && ignores(r"\!a", "!a"));
        assert!(ignores("a  \t", "a") && ignores("a\\ ", "a "));
        assert!(ignores("a\r\n", "a"));
        assert!(!ignores("[a", "a"));
        assert!(ignores("{a,b}", "{a,b}"));
    }
}
