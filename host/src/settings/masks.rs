//! The masks that every mount has: those that are shipped, and those of the host's own files.

use std::path::{Component, Path, PathBuf};

use crate::origin::Origin;
use crate::permission::{Mask, MaskKind, Tier};

const SHIPPED: &str = include_str!("masks.txt");

/// What the host reads from a project and no tool may change, at any depth.
const OWN_NAMES: [&str; 2] = ["looplet.toml", "looplet.lock"];

/// The shipped masks. A written line lifts them.
pub fn shipped_masks() -> Vec<Mask> {
    let mask = |(word, pattern): (&str, &str)| {
        let kind = if word == "hide" { MaskKind::Hidden } else { MaskKind::ReadOnly };
        Mask { pattern: pattern.trim().to_owned(), kind, tier: Tier::Shipped, origin: Origin::ShippedMasks }
    };
    let lines = SHIPPED.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.filter_map(|line| line.split_once(' ')).map(mask).collect()
}

/// The masks of the host's own files in a mount: its configuration and lock by their names, and `own`: the files that
/// speak, and the components and texts that they name, as far as they lie in the mount. Nothing lifts them.
pub fn own_masks(mount: &Path, own: &[PathBuf]) -> Vec<Mask> {
    let patterns = OWN_NAMES.iter().map(ToString::to_string).chain(inside(mount, own));
    patterns.map(|pattern| own_mask(pattern, MaskKind::ReadOnly)).collect()
}

/// The masks of the files that hold secrets, as far as they lie in the mount. Nothing lifts them.
pub fn secret_masks(mount: &Path, files: &[PathBuf]) -> Vec<Mask> {
    inside(mount, files).map(|pattern| own_mask(pattern, MaskKind::Hidden)).collect()
}

fn own_mask(pattern: String, kind: MaskKind) -> Mask {
    Mask { pattern, kind, tier: Tier::Own, origin: Origin::OwnFiles }
}

/// Patterns of the paths that lie in a mount.
fn inside(mount: &Path, paths: &[PathBuf]) -> impl Iterator<Item = String> {
    paths.iter().filter_map(move |path| {
        let path = without_dots(path);
        let rest = path.strip_prefix(without_dots(mount)).ok()?.to_str()?;
        (!rest.is_empty()).then(|| format!("/{}", escape(rest)))
    })
}

/// As it is written, `..` taken back.
fn without_dots(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut plain, part| {
        match part {
            Component::ParentDir => drop(plain.pop()),
            Component::CurDir => {}
            part => plain.push(part),
        }
        plain
    })
}

/// A path as a pattern for itself.
fn escape(path: &str) -> String {
    let special = |character| matches!(character, '*' | '?' | '[' | ']' | '{' | '}' | '\\' | '!');
    path.chars().flat_map(|character| special(character).then_some('\\').into_iter().chain([character])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::permission::Masks;

    fn hits(paths: &[&str]) -> Vec<String> {
        let own = own_masks(
            Path::new("/p"),
            &["/p/plugins".into(), "/p/a/../x[1].wasm".into(), "/p/../opt/y.wasm".into(), "/p".into()],
        );
        let masks = Masks::new(shipped_masks().into_iter().chain(own)).expect("compiles");
        let hit = |path: &&str| {
            masks
                .of(path)
                .map_or_else(|| format!("{path}: -"), |hit| format!("{path}: {} {}", hit.kind.as_str(), hit.pattern))
        };
        paths.iter().map(hit).collect()
    }

    #[test]
    fn secrets_are_hidden_and_what_others_run_is_read_only() {
        let paths = [
            ".env.local",
            "a/.ENV",
            ".ssh/config",
            ".aws/credentials",
            "tls/server.pem",
            ".ssh",
            "id_ed25519",
            ".netrc",
            ".npmrc",
            ".git/hooks/post-commit",
            ".cargo/credentials.toml",
            "looplet.toml",
            "agents/a/looplet.lock",
            "plugins/a.wasm",
            "x[1].wasm",
            "src/env.rs",
            "Cargo.lock",
        ];
        assert_eq!(
            hits(&paths),
            [
                ".env.local: hide .env*",
                "a/.ENV: hide .env*",
                ".ssh/config: hide .ssh",
                ".aws/credentials: hide .aws",
                "tls/server.pem: hide *.pem",
                ".ssh: hide .ssh",
                "id_ed25519: hide id_*",
                ".netrc: hide .netrc",
                ".npmrc: hide .npmrc",
                ".git/hooks/post-commit: read_only .git",
                ".cargo/credentials.toml: hide .cargo/credentials*",
                "looplet.toml: read_only looplet.toml",
                "agents/a/looplet.lock: read_only looplet.lock",
                "plugins/a.wasm: read_only /plugins",
                "x[1].wasm: read_only /x\\[1\\].wasm",
                "src/env.rs: -",
                "Cargo.lock: -",
            ]
        );
    }

    #[test]
    fn every_shipped_line_is_a_mask() {
        let lines = SHIPPED.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let words: Vec<_> = lines.map(|line| line.split(' ').count()).collect();
        assert!(words.iter().all(|count| *count == 2));
        assert_eq!(shipped_masks().len(), words.len());
    }
}
