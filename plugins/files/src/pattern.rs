//! A pattern for a path: names between slashes, `**` for any number of directories, `{a,b}` for either.

use crate::name::Name;

/// What braces may stand for, at most.
const MAX_ALTERNATIVES: usize = 100;

/// A pattern for a path, without braces.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Pattern(Vec<Segment>);

#[derive(Debug, PartialEq, Eq)]
enum Segment {
    /// `**`: any number of directories; at the end anything below, at least one name.
    AnyDepth,
    One(Name),
}

/// A pattern with braces: the patterns that it stands for.
#[derive(Debug)]
pub(crate) struct Patterns(Vec<Pattern>);

impl Pattern {
    /// Reads a pattern. None where one of its names cannot be read.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let names = text.split('/').filter(|name| !name.is_empty() && *name != ".");
        let mut segments = Vec::new();
        for name in names {
            match name {
                "**" if segments.last() == Some(&Segment::AnyDepth) => {}
                "**" => segments.push(Segment::AnyDepth),
                name => segments.push(Segment::One(Name::read(name)?)),
            }
        }
        Some(Self(segments))
    }

    /// The same pattern below any directory.
    pub(crate) fn at_any_depth(mut self) -> Self {
        if self.0.first() != Some(&Segment::AnyDepth) {
            self.0.insert(0, Segment::AnyDepth);
        }
        self
    }

    /// Whether a path fits as a whole.
    pub(crate) fn fits(&self, path: &str) -> bool {
        // The shape of most lines of a `.gitignore`.
        if let [Segment::AnyDepth, Segment::One(name)] = self.0.as_slice() {
            return name.fits(path.rsplit('/').next().unwrap_or(path));
        }
        fits(&self.0, path)
    }
}

/// As for the stars of a name: only the last `**` has ever to be tried again.
fn fits(segments: &[Segment], path: &str) -> bool {
    let mut segments = segments;
    let mut rest = Some(path);
    let mut retry: Option<(&[Segment], &str)> = None;
    loop {
        match (segments.split_first(), rest) {
            (None, None) | (Some((Segment::AnyDepth, [])), Some(_)) => return true,
            (Some((Segment::AnyDepth, after)), Some(here)) => {
                retry = Some((after, here));
                segments = after;
                continue;
            }
            (Some((Segment::One(name), after)), Some(here)) => {
                let (first, behind) = split(here);
                if name.fits(first) {
                    (segments, rest) = (after, behind);
                    continue;
                }
            }
            (None, Some(_)) | (Some(_), None) => {}
        }
        let Some((after, taken)) = retry else {
            return false;
        };
        let Some(behind) = split(taken).1 else {
            return false;
        };
        retry = Some((after, behind));
        (segments, rest) = (after, Some(behind));
    }
}

/// The first name of a path, and what stands behind it.
fn split(path: &str) -> (&str, Option<&str>) {
    match path.split_once('/') {
        Some((first, behind)) => (first, Some(behind)),
        None => (path, None),
    }
}

impl Patterns {
    /// Reads a pattern; what is wrong with it is told as a clause.
    pub(crate) fn read(text: &str) -> Result<Self, &'static str> {
        let mut alternatives = vec![text.to_owned()];
        let mut plain = Vec::new();
        while let Some(text) = alternatives.pop() {
            match Braces::find(&text)? {
                None => plain.push(Pattern::read(&text).ok_or("a `[` has no `]`, or a `\\` stands at the end")?),
                Some(braces) => alternatives.extend(braces.choices(&text)),
            }
            if alternatives.len() + plain.len() > MAX_ALTERNATIVES {
                return Err("its braces stand for too many patterns");
            }
        }
        Ok(Self(plain))
    }

    /// Each pattern at any depth.
    pub(crate) fn at_any_depth(self) -> Self {
        Self(self.0.into_iter().map(Pattern::at_any_depth).collect())
    }

    /// Whether a path fits one of them.
    pub(crate) fn fits(&self, path: &str) -> bool {
        self.0.iter().any(|pattern| pattern.fits(path))
    }
}

/// The first pair of braces: where it opens, its commas, and where it closes.
struct Braces {
    open: usize,
    commas: Vec<usize>,
    close: usize,
}

impl Braces {
    fn find(text: &str) -> Result<Option<Self>, &'static str> {
        let (mut open, mut commas, mut depth) = (0, Vec::new(), 0_usize);
        let mut signs = text.char_indices();
        while let Some((index, sign)) = signs.next() {
            match sign {
                '\\' => _ = signs.next(),
                '{' if depth == 0 => (open, depth) = (index, 1),
                '{' => depth += 1,
                ',' if depth == 1 => commas.push(index),
                '}' if depth == 1 => {
                    return Ok(Some(Self { open, commas, close: index }));
                }
                '}' if depth > 1 => depth -= 1,
                _ => {}
            }
        }
        if depth == 0 { Ok(None) } else { Err("a `{` has no `}`") }
    }

    fn choices(&self, text: &str) -> Vec<String> {
        let (before, after) = (&text[..self.open], &text[self.close + 1..]);
        let begins = std::iter::once(self.open).chain(self.commas.iter().copied());
        let ends = self.commas.iter().copied().chain(std::iter::once(self.close));
        begins.zip(ends).map(|(begin, end)| format!("{before}{}{after}", &text[begin + 1..end])).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(pattern: &str, path: &str) -> bool {
        Patterns::read(pattern).expect("is a pattern").fits(path)
    }

    #[test]
    fn a_star_stays_within_a_directory_and_two_do_not() {
        for (pattern, path) in [
            ("*.rs", "a.rs"),
            ("src/*.rs", "src/a.rs"),
            ("**/*.rs", "a.rs"),
            ("**/*.rs", "b/c/a.rs"),
            ("src/**", "src/a/b"),
            ("a/**/b", "a/b"),
            ("a/**/b", "a/x/y/b"),
            ("**/a/**/b", "x/a/a/y/b"),
            ("**", "a"),
            ("./a/./b", "a/b"),
            ("**/**/a", "a"),
            ("**/a/*/b", "a/a/a/b"),
        ] {
            assert!(fits(pattern, path), "{pattern} {path}");
        }
        for (pattern, path) in [
            ("*.rs", "a/b.rs"),
            ("src/**", "src"),
            ("a/**/b", "a/x"),
            ("a/b", "a/b/c"),
            ("a/b/c", "a/b"),
            ("**/a", "a/b"),
            ("**/a/b", "a/x/b"),
        ] {
            assert!(!fits(pattern, path), "{pattern} {path}");
        }
    }

    #[test]
    fn braces_stand_for_each_of_their_parts() {
        for path in ["a.rs", "a.ts", "a.tsx"] {
            assert!(fits("*.{rs,ts{,x}}", path), "{path}");
        }
        assert!(fits("{src/a,b}/c", "src/a/c") && fits("{src/a,b}/c", "b/c"));
        assert!(!fits("*.{rs,ts}", "a.js"));
        assert!(fits(r"\{a\}", "{a}"));
    }

    #[test]
    fn what_is_no_pattern_is_said() {
        let complaint = |text: &str| Patterns::read(text).expect_err("is refused");
        assert_eq!(complaint("{a,b"), "a `{` has no `}`");
        assert_eq!(complaint("a/[b"), "a `[` has no `]`, or a `\\` stands at the end");
        assert_eq!(complaint(&"{a,b}".repeat(20)), "its braces stand for too many patterns");
    }

    #[test]
    fn a_name_alone_can_be_looked_for_at_any_depth() {
        let pattern = Patterns::read("*.rs").expect("is a pattern").at_any_depth();
        assert!(pattern.fits("a.rs") && pattern.fits("b/c.rs") && !pattern.fits("b/c.rs/d"));
    }
}
