//! Masks: what of a mount is hidden or read-only below every tool.
//!
//! Asked for every file that a call meets, so all patterns are one set that is tested once; only a
//! hit is looked at twice. Case never matters, because on some file systems it does not.
//!
//! A pattern without a `/` before its last name (`.env*`, `.git/`, `.git/**`) holds at any depth, one
//! with (`docs/private/**`, `/Cargo.lock`) from the root of the mount. It covers what it names and
//! everything below. A pattern that begins with `!` lifts shipped ones where it names the same place or
//! one above; it never lifts a written one, or what the host keeps for itself.

use globset::{GlobSet, GlobSetBuilder};

use super::pattern::{fold, glob};
use crate::error::{Error, Result};
use crate::origin::Origin;

/// What a mask does. Ordered: hidden is stricter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MaskKind {
    /// It can be looked at and not changed.
    ReadOnly,
    /// It is not there.
    Hidden,
}

impl MaskKind {
    /// The key of the configuration file: `read_only` or `hide`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ReadOnly => "read_only",
            Self::Hidden => "hide",
        }
    }
}

/// Whose mask it is, which says what can lift it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tier {
    /// What the host keeps for itself. Nothing lifts it.
    Own,
    /// Shipped with the host. A written line lifts it.
    Shipped,
    /// Written by the operator. Taken back where it is written.
    Written,
}

/// One pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mask {
    /// As it is written; with `!` in front it lifts shipped ones.
    pub pattern: String,
    /// What it does.
    pub kind: MaskKind,
    /// Whose it is.
    pub tier: Tier,
    /// Where it stands.
    pub origin: Origin,
}

impl Mask {
    /// Whether the operator wrote it, and not to lift another one.
    pub fn is_written(&self) -> bool {
        self.tier == Tier::Written && !self.pattern.starts_with('!')
    }

    /// What it names from the root of the mount, before anything that stands for several; nothing where it holds at
    /// any depth.
    pub fn fixed_part(&self) -> &str {
        match from_root(&self.pattern) {
            Err(_) => "",
            Ok(path) => match path.find(SEVERAL) {
                None => path,
                Some(end) => path[..end].rsplit_once('/').map_or("", |(above, _)| above),
            },
        }
    }

    /// Whether it names one place.
    pub fn is_one(&self) -> bool {
        !self.fixed_part().is_empty() && !self.pattern.trim_end_matches("/**").contains(SEVERAL)
    }
}

/// What stands for several names.
const SEVERAL: [char; 4] = ['*', '?', '[', '{'];

/// The mask that covers a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaskHit<'a> {
    /// What it does.
    pub kind: MaskKind,
    /// The pattern, as it is written.
    pub pattern: &'a str,
    /// Where it stands.
    pub origin: &'a Origin,
}

/// All masks of one mount.
#[derive(Clone, Debug, Default)]
pub struct Masks {
    naming: Vec<Mask>,
    /// Each mask at its own index.
    names: GlobSet,
    /// Each mask with everything below it; not to be asked which.
    cover: GlobSet,
    /// The directories on the way to what masks name from the root of the mount, and the mask of each.
    ways: GlobSet,
    way_of: Vec<usize>,
    lifts: Vec<Lift>,
}

#[derive(Clone, Debug)]
struct Lift {
    kind: MaskKind,
    cover: GlobSet,
}

impl Masks {
    /// Compiles the masks of a mount.
    pub fn new(masks: impl IntoIterator<Item = Mask>) -> Result<Self> {
        let mut names = GlobSetBuilder::new();
        let mut cover = GlobSetBuilder::new();
        let mut ways = GlobSetBuilder::new();
        let mut compiled = Self::default();
        for mask in masks {
            let placed = |error: Error| error.at(mask.origin.clone());
            if let Some(lifted) = mask.pattern.strip_prefix('!') {
                compiled.lifts.push(Lift::of(lifted, mask.kind).map_err(placed)?);
                continue;
            }
            let anchored = anchor(&mask.pattern).map_err(placed)?;
            names.add(glob(&anchored, true).map_err(placed)?);
            for covering in [anchored.clone(), format!("{anchored}/**")] {
                cover.add(glob(&covering, true).map_err(placed)?);
            }
            // A set of alternatives may hold a slash: what stands before it is no glob then.
            for way in directories(&anchored).filter_map(|way| glob(way, true).ok()) {
                ways.add(way);
                compiled.way_of.push(compiled.naming.len());
            }
            compiled.naming.push(mask);
        }
        compiled.names = build(&names)?;
        compiled.cover = build(&cover)?;
        compiled.ways = build(&ways)?;
        Ok(compiled)
    }

    /// No masks at all.
    pub fn none() -> Self {
        Self::default()
    }

    /// The strictest mask over a path that is relative to the mount (`.` for its root), if there is one.
    pub fn of(&self, path: &str) -> Option<MaskHit<'_>> {
        let folded;
        let path = if path.bytes().any(|byte| byte.is_ascii_uppercase() || !byte.is_ascii()) {
            folded = fold(path);
            &folded
        } else {
            path
        };
        if !self.cover.is_match(path) {
            return None;
        }
        let ends = path.char_indices().filter(|(_, character)| *character == '/').map(|(at, _)| at).chain([path.len()]);
        let prefixes = ends.map(|end| &path[..end]).filter(|prefix| !prefix.is_empty());
        prefixes.filter_map(|prefix| self.at(prefix)).reduce(|a, b| if b.kind > a.kind { b } else { a })
    }

    /// The mask of something that lies below this place, where the mask says so from the root of the mount.
    /// A link at the place would lead other programs to something else under the masked name.
    pub fn below(&self, path: &str) -> Option<MaskHit<'_>> {
        let ways = self.ways.matches(fold(path));
        let masks = ways.into_iter().filter_map(|way| self.naming.get(*self.way_of.get(way)?));
        let holds = |mask: &&Mask| {
            let place = mask.pattern.trim_start_matches("./").trim_start_matches('/');
            mask.tier != Tier::Shipped || !self.is_lifted(&fold(place), mask.kind)
        };
        let mask = masks.filter(holds).max_by_key(|mask| mask.kind)?;
        Some(MaskHit { kind: mask.kind, pattern: &mask.pattern, origin: &mask.origin })
    }

    /// The masks that name something, without those that lift.
    pub fn iter(&self) -> impl Iterator<Item = &Mask> {
        self.naming.iter()
    }

    /// The strictest mask that names exactly this place.
    fn at(&self, place: &str) -> Option<MaskHit<'_>> {
        let named = self.names.matches(place);
        let holds = |mask: &&Mask| mask.tier != Tier::Shipped || !self.is_lifted(place, mask.kind);
        let found = named.into_iter().filter_map(|index| self.naming.get(index)).filter(holds);
        let strictest = found.reduce(|a, b| if b.kind > a.kind { b } else { a })?;
        Some(MaskHit { kind: strictest.kind, pattern: &strictest.pattern, origin: &strictest.origin })
    }

    fn is_lifted(&self, place: &str, kind: MaskKind) -> bool {
        self.lifts.iter().any(|lift| lift.kind == kind && lift.cover.is_match(place))
    }
}

impl Lift {
    fn of(pattern: &str, kind: MaskKind) -> Result<Self> {
        let anchored = anchor(pattern)?;
        let mut cover = GlobSetBuilder::new();
        cover.add(glob(&anchored, true)?).add(glob(&format!("{anchored}/**"), true)?);
        Ok(Self { kind, cover: build(&cover)? })
    }
}

/// The glob of what a pattern names itself, from the root of the mount and in lower case.
fn anchor(pattern: &str) -> Result<String> {
    // First as it is written, so that an error shows what somebody wrote.
    glob(pattern, true)?;
    let named = from_root(pattern);
    let name = named.unwrap_or_else(|name| name);
    if name.is_empty() || name.split('/').any(|part| part == "..") {
        return Err(Error::usage(format!("mask `{pattern}` names nothing inside a mount"))
            .hint("name a file, a directory or a glob, as in `.env*`"));
    }
    Ok(fold(&named.map_or_else(|name| format!("**/{name}"), str::to_owned)))
}

/// What a pattern names itself, from the root of the mount; as an error what it names at any depth.
fn from_root(pattern: &str) -> std::result::Result<&str, &str> {
    let name = pattern.strip_suffix("/**").unwrap_or(pattern);
    let name = name.strip_suffix('/').unwrap_or(name);
    match name.strip_prefix("./").or_else(|| name.strip_prefix('/')) {
        Some(rooted) => Ok(rooted),
        None if name.contains('/') => Ok(name),
        None => Err(name),
    }
}

/// The directories that an anchored glob leads through; none where it holds at any depth.
fn directories(anchored: &str) -> impl Iterator<Item = &str> {
    let rooted = Some(anchored).filter(|glob| !glob.starts_with("**"));
    rooted.into_iter().flat_map(|glob| glob.match_indices('/').map(|(at, _)| &glob[..at]))
}

fn build(builder: &GlobSetBuilder) -> Result<GlobSet> {
    builder.build().map_err(|error| {
        Error::usage(format!("the masks of a mount are too many or too long: {}", error.kind())).hint("shorten them")
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn mask(pattern: &str, kind: MaskKind, tier: Tier) -> Mask {
        Mask { pattern: pattern.to_owned(), kind, tier, origin: Origin::Shipped }
    }

    fn hit(masks: &Masks, path: &str) -> String {
        masks.of(path).map_or_else(|| "-".to_owned(), |hit| format!("{} {}", hit.kind.as_str(), hit.pattern))
    }

    fn table(masks: &Masks, paths: &[&str]) -> Vec<String> {
        paths.iter().map(|path| format!("{path}: {}", hit(masks, path))).collect()
    }

    #[test]
    fn a_mask_covers_what_it_names_and_everything_below_in_any_case() {
        let masks = Masks::new([
            mask(".git/**", MaskKind::ReadOnly, Tier::Shipped),
            mask(".ssh", MaskKind::Hidden, Tier::Shipped),
            mask("*.pem", MaskKind::Hidden, Tier::Shipped),
            mask("docs/private/**", MaskKind::Hidden, Tier::Written),
            mask("/Cargo.lock", MaskKind::ReadOnly, Tier::Written),
        ])
        .expect("compiles");
        let paths = [
            ".",
            "a.rs",
            ".git",
            ".GIT/hooks/pre-commit",
            "vendor/x/.git/config",
            ".gitignore",
            "a/.ssh/known_hosts",
            "keys/SERVER.PEM",
            "docs/private",
            "docs/private/a",
            "x/docs/private/a",
            "cargo.LOCK",
            "sub/Cargo.lock",
            ".git/secret.pem",
        ];
        assert_eq!(
            table(&masks, &paths),
            [
                ".: -",
                "a.rs: -",
                ".git: read_only .git/**",
                ".GIT/hooks/pre-commit: read_only .git/**",
                "vendor/x/.git/config: read_only .git/**",
                ".gitignore: -",
                "a/.ssh/known_hosts: hide .ssh",
                "keys/SERVER.PEM: hide *.pem",
                "docs/private: hide docs/private/**",
                "docs/private/a: hide docs/private/**",
                "x/docs/private/a: -",
                "cargo.LOCK: read_only /Cargo.lock",
                "sub/Cargo.lock: -",
                ".git/secret.pem: hide *.pem",
            ]
        );
    }

    #[test]
    fn a_written_line_lifts_shipped_masks_and_no_others() {
        let masks = Masks::new([
            mask(".env*", MaskKind::Hidden, Tier::Shipped),
            mask(".ssh", MaskKind::Hidden, Tier::Shipped),
            mask("looplet.toml", MaskKind::ReadOnly, Tier::Own),
            mask("*.key", MaskKind::Hidden, Tier::Written),
            mask("!.env.example", MaskKind::Hidden, Tier::Written),
            mask("!*.key", MaskKind::Hidden, Tier::Written),
            mask("!looplet.toml", MaskKind::ReadOnly, Tier::Written),
            mask("!fixtures/**", MaskKind::Hidden, Tier::Written),
        ])
        .expect("compiles");
        let paths = [
            ".env.example",
            "a/.env.example",
            ".env",
            ".ssh/.env.example",
            "looplet.toml",
            "a.key",
            "fixtures/.env",
            "fixtures/a.key",
        ];
        assert_eq!(
            table(&masks, &paths),
            [
                ".env.example: -",
                "a/.env.example: -",
                ".env: hide .env*",
                ".ssh/.env.example: hide .ssh",
                "looplet.toml: read_only looplet.toml",
                "a.key: hide *.key",
                "fixtures/.env: -",
                "fixtures/a.key: hide *.key",
            ]
        );
    }

    #[test]
    fn letters_are_the_same_in_every_case_that_a_file_system_may_know() {
        let masks = Masks::new([
            mask(".ssh", MaskKind::Hidden, Tier::Shipped),
            mask("straße", MaskKind::Hidden, Tier::Written),
            mask("ΟΔΟΣ", MaskKind::Hidden, Tier::Written),
        ])
        .expect("compiles");
        let same = [".\u{17f}sh", ".S\u{17f}H", "STRASSE", "STRA\u{1e9e}E", "οδος", "οδοσ"];
        assert!(same.iter().all(|path| masks.of(path).is_some()), "{:?}", table(&masks, &same));
    }

    #[test]
    fn the_directories_that_lead_to_a_masked_place_are_known() {
        let masks = Masks::new([
            mask(".docker/config.json", MaskKind::Hidden, Tier::Shipped),
            mask(".config/gcloud", MaskKind::Hidden, Tier::Shipped),
            mask("!.config/gcloud", MaskKind::Hidden, Tier::Written),
            mask("a/b*/c/**", MaskKind::ReadOnly, Tier::Written),
            mask(".ssh", MaskKind::Hidden, Tier::Shipped),
        ])
        .expect("compiles");
        let led = |path: &&str| masks.below(path).is_some();
        let all = [".docker", ".DOCKER", "a", "a/b", "a/bx", ".config", "a/x", "x/.docker", ".ssh", "a/b/c", "."];
        assert_eq!(all.into_iter().filter(led).collect::<Vec<_>>(), [".docker", ".DOCKER", "a", "a/b", "a/bx"]);
    }

    #[test]
    fn a_mask_that_names_nothing_is_refused_with_its_place() {
        let report = |pattern: &str| {
            let mask =
                Mask { origin: Origin::line("looplet.toml", 7), ..mask(pattern, MaskKind::Hidden, Tier::Written) };
            Masks::new([mask]).expect_err("is refused").report()
        };
        let names_nothing = "names nothing inside a mount\nhint: name a file, a directory or a glob, as in `.env*`";
        assert_eq!(report("../x"), format!("error: looplet.toml:7: mask `../x` {names_nothing}"));
        assert_eq!(report("!/"), format!("error: looplet.toml:7: mask `/` {names_nothing}"));
        assert!(report("[").starts_with("error: looplet.toml:7: `[` is no glob"));
    }

    proptest! {
        #[test]
        fn below_a_masked_place_everything_is_masked_as_strictly(
            patterns in prop::collection::vec(("[abc*]{1,2}(/[abc*]{1,2})?", any::<bool>()), 1..4),
            path in "[abcA]{1,2}(/[abc]{1,2}){0,2}",
            below in "[xyz]{1,2}(/[xyz]){0,2}",
        ) {
            let kind = |hidden| if hidden { MaskKind::Hidden } else { MaskKind::ReadOnly };
            let masks = Masks::new(patterns.iter().map(|(pattern, hidden)| mask(pattern, kind(*hidden), Tier::Written))).expect("compiles");
            let at = masks.of(&path).map(|hit| hit.kind);
            let under = masks.of(&format!("{path}/{below}")).map(|hit| hit.kind);
            prop_assert!(under >= at);
        }
    }
}
