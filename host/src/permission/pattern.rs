//! The glob language of rules and masks, and nothing else.
//!
//! | glob | means |
//! | --- | --- |
//! | `*` | any run of characters but `/` |
//! | `?` | one character but `/` |
//! | `**` as a whole component | any number of components |
//! | `dir/**` | `dir` itself and everything below it |
//! | `{a,b}` | one of these; an alternative may be empty |
//! | `[a-z]`, `[!a-z]` | one character of, or not of, a set |
//! | `\` | takes the next character as it is |
//!
//! A *path glob* is relative to its mount and says where it begins: `*.rs` is only about the top
//! directory, `**/*.rs` about all. A *text glob* is for arguments that are no paths: there `*` also
//! runs over `/`. Tool patterns use the same language, see [`ToolPattern`](super::ToolPattern).

use std::fmt;

use globset::{GlobBuilder, GlobMatcher};

use crate::error::{Error, Result};

/// The longest pattern that is accepted, in bytes.
const LONGEST: usize = 1_000;

/// A path that only a glob for «everything» matches: deep, and of names that nobody writes.
const ANYWHERE: &str = "\u{1}/\u{1}/\u{1}/\u{1}/\u{1}/\u{1}/\u{1}/\u{1}/\u{1}/\u{1}/\u{1}/\u{1}/\u{1}/\u{1}/\u{1}/\u{1}/\u{1}/\u{1}/\u{1}/\u{1}";

/// Which paths of a mount something is about.
///
/// ```
/// use looplet_host::permission::PathGlob;
/// let glob = PathGlob::parse("src/**").unwrap();
/// assert!(glob.matches("src/a/b.rs") && glob.matches("src") && !glob.matches("build.rs"));
/// assert!(!glob.matches("SRC/a.rs") && glob.matches_folded("SRC/a.rs"));
/// ```
#[derive(Clone)]
pub struct PathGlob {
    text: String,
    exact: Vec<GlobMatcher>,
    folded: Vec<GlobMatcher>,
    everything: bool,
}

impl PathGlob {
    /// Reads a glob that is relative to a mount.
    pub fn parse(text: &str) -> Result<Self> {
        check_relative(text)?;
        let exact = compile_with_directory(text)?;
        let folded = compile_with_directory(&fold(text))?;
        let everything = text == "." || exact.iter().any(|glob| glob.is_match(ANYWHERE));
        Ok(Self { text: text.to_owned(), exact, folded, everything })
    }

    /// Whether the path, relative to the mount and `.` for its root, is one of those.
    pub fn matches(&self, path: &str) -> bool {
        if path == "." {
            // A glob such as `*` is about the names in the root, and must not give the root itself.
            return self.everything;
        }
        self.exact.iter().any(|glob| glob.is_match(path))
    }

    /// The same without regard to upper and lower case, for rules that restrict.
    pub fn matches_folded(&self, path: &str) -> bool {
        if path == "." {
            return self.everything;
        }
        let path = fold(path);
        self.folded.iter().any(|glob| glob.is_match(&path))
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for PathGlob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PathGlob({:?})", self.text)
    }
}

/// A glob over the text of an argument that is no path: `*` also runs over `/`.
#[derive(Clone)]
pub struct TextGlob {
    text: String,
    glob: GlobMatcher,
}

impl TextGlob {
    /// Reads a glob.
    pub fn parse(text: &str) -> Result<Self> {
        Ok(Self { text: text.to_owned(), glob: compile(text, false)? })
    }

    /// Whether the whole text matches.
    pub fn matches(&self, text: &str) -> bool {
        self.glob.is_match(text)
    }
}

impl fmt::Debug for TextGlob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TextGlob({:?})", self.text)
    }
}

/// One form for all cases of a letter, in the whole of Unicode: the glob crate itself folds ASCII only.
/// Over upper case, since some letters (`ſ`, `ß`, `ς`) are lower case already and still another's other case.
pub(super) fn fold(text: &str) -> String {
    let lower = text.chars().flat_map(char::to_lowercase);
    lower.flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect()
}

/// Compiles one glob; `separates` says whether `*` stops at `/`.
pub(super) fn compile(text: &str, separates: bool) -> Result<GlobMatcher> {
    glob(text, separates).map(|glob| glob.compile_matcher())
}

/// Parses one glob, for who builds a set.
pub(super) fn glob(text: &str, separates: bool) -> Result<globset::Glob> {
    if text.len() > LONGEST {
        return Err(Error::usage(format!("a pattern of {} bytes is too long", text.len()))
            .hint(format!("write several, each of at most {LONGEST} bytes")));
    }
    if text.is_empty() || text.contains('\0') {
        return Err(Error::usage("a pattern is empty or holds a NUL").hint("`*` matches every name, `**` every path"));
    }
    GlobBuilder::new(text).literal_separator(separates).backslash_escape(true).empty_alternates(true).build().map_err(
        |error| {
            Error::usage(format!("`{text}` is no glob: {}", error.kind()))
                .hint("`\\` before a character takes it as it is")
        },
    )
}

/// `dir/**` also means `dir` itself, which the glob crate leaves out.
fn compile_with_directory(text: &str) -> Result<Vec<GlobMatcher>> {
    let mut globs = vec![compile(text, true)?];
    if let Some(directory) = text.strip_suffix("/**") {
        globs.push(compile(directory, true)?);
    }
    Ok(globs)
}

/// Refuses globs that no path inside a mount can match.
fn check_relative(text: &str) -> Result<()> {
    let wrong = |hint: String| Err(Error::usage(format!("glob `{text}` can never match a path of a mount")).hint(hint));
    if let Some(rest) = text.strip_prefix('/').or_else(|| text.strip_prefix("./")) {
        return wrong(format!("globs are relative to the mount: write `{rest}`"));
    }
    if text.split('/').any(|part| part == "..") {
        return wrong("`..` leaves the mount; name another mount".to_owned());
    }
    if let Some(directory) = text.strip_suffix('/') {
        return wrong(format!("write `{directory}/**` for the directory and all below it"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn path(glob: &str, path: &str) -> bool {
        PathGlob::parse(glob).expect("is a glob").matches(path)
    }

    #[test]
    fn a_star_stops_at_a_slash_and_two_do_not() {
        let answers: Vec<_> = ["*", "*.rs", "**/*.rs", "src/**", "**", "{src,tests}/**", "[a-z]rc/*", "a/*/c"]
            .iter()
            .map(|glob| {
                format!(
                    "{glob}: {}",
                    ["a.rs", "src", "src/a.rs", "src/x/a.rs", "."]
                        .map(|p| u8::from(path(glob, p)))
                        .map(|b| b.to_string())
                        .concat()
                )
            })
            .collect();
        assert_eq!(
            answers,
            [
                "*: 11000",
                "*.rs: 10000",
                "**/*.rs: 10110",
                "src/**: 01110",
                "**: 11111",
                "{src,tests}/**: 01110",
                "[a-z]rc/*: 00100",
                "a/*/c: 00000"
            ]
        );
    }

    #[test]
    fn what_can_never_match_is_refused_with_what_to_write() {
        let report = |text| PathGlob::parse(text).expect_err("is refused").report();
        let never = "can never match a path of a mount";
        assert_eq!(
            report("/src/**"),
            format!("error: glob `/src/**` {never}\nhint: globs are relative to the mount: write `src/**`")
        );
        assert_eq!(
            report("src/../x"),
            format!("error: glob `src/../x` {never}\nhint: `..` leaves the mount; name another mount")
        );
        assert_eq!(
            report("src/"),
            format!("error: glob `src/` {never}\nhint: write `src/**` for the directory and all below it")
        );
        assert_eq!(
            report("src/{a"),
            "error: `src/{a` is no glob: unclosed alternate group; missing '}' (maybe escape '{' with '[{]'?)\nhint: `\\` before a character takes it as it is"
        );
    }

    proptest! {
        #[test]
        fn parsing_never_panics(text in "\\PC{0,40}") {
            let _ = (PathGlob::parse(&text), TextGlob::parse(&text));
        }

        #[test]
        fn a_directory_glob_is_the_directory_and_all_below(dir in "[a-z]{1,5}(/[a-z]{1,5}){0,2}", rest in "[a-z]{1,5}(/[a-z]{1,5}){0,2}") {
            let glob = PathGlob::parse(&format!("{dir}/**")).expect("is a glob");
            let below = format!("{dir}/{rest}");
            let sibling = format!("{dir}x/{rest}");
            prop_assert!(glob.matches(&dir) && glob.matches(&below));
            prop_assert!(!glob.matches(".") && !glob.matches(&sibling));
        }

        #[test]
        fn what_matches_also_matches_in_other_case(glob in "[a-zA-Z*?]{1,6}(/[a-zA-Z*]{1,6}){0,2}", path in "[a-zA-Z]{1,6}(/[a-zA-Z]{1,6}){0,2}") {
            let glob = PathGlob::parse(&glob).expect("is a glob");
            if glob.matches(&path) {
                prop_assert!(glob.matches_folded(&path.to_uppercase()));
            }
        }
    }
}
