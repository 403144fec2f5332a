//! What the model may have meant when a path does not exist.

use std::fs;
use std::io;
use std::path::Path;

use looplet_guest::prelude::*;

use crate::place::Place;

/// More entries than this are not looked at.
const MAX_ENTRIES: usize = 2_000;

/// The failure for an error of the file system at a place; a missing one comes with a suggestion.
pub(crate) fn failure(root: &Path, place: &Place, error: &io::Error) -> Failure {
    let failure = Failure::from_io(error, place.to_string());
    if error.kind() != io::ErrorKind::NotFound {
        return failure;
    }
    match near_miss(root, place) {
        Some(name) => failure.hint(format!("did you mean `{name}`?")),
        None => failure,
    }
}

/// The place with its first missing name replaced by a similar one beside it.
fn near_miss(root: &Path, place: &Place) -> Option<Place> {
    let mut found = Place::top();
    let mut names = place.names();
    for name in names.by_ref() {
        let next = found.join(name);
        if next.under(root).symlink_metadata().is_ok() {
            found = next;
            continue;
        }
        let similar = similar_name(&found.under(root), name)?;
        let suggested = names.fold(found.join(&similar), |place, name| place.join(name));
        return suggested.under(root).symlink_metadata().is_ok().then_some(suggested);
    }
    None
}

fn similar_name(directory: &Path, wanted: &str) -> Option<String> {
    let entries = fs::read_dir(directory).ok()?.take(MAX_ENTRIES).flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let near = names.filter_map(|name| Some((distance(wanted, &name)?, name)));
    near.min().map(|(_, name)| name)
}

/// How many letters differ, where they are few enough to be a slip; letter case counts for nothing.
fn distance(wanted: &str, name: &str) -> Option<usize> {
    let wanted: Vec<char> = wanted.to_lowercase().chars().collect();
    let name: Vec<char> = name.to_lowercase().chars().collect();
    let most = (wanted.len() / 3).clamp(1, 3);
    if wanted.len().abs_diff(name.len()) > most {
        return None;
    }
    let distance = edits(&wanted, &name);
    (distance <= most).then_some(distance)
}

/// The edits that make one of the other: a letter more, less or other, or two neighbours swapped.
fn edits(from: &[char], to: &[char]) -> usize {
    let mut before = vec![0; to.len() + 1];
    let mut last: Vec<usize> = (0..=to.len()).collect();
    for i in 1..=from.len() {
        let mut row = vec![i];
        for j in 1..=to.len() {
            let change = last[j - 1] + usize::from(from[i - 1] != to[j - 1]);
            let is_swap = i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1];
            let swap = if is_swap { before[j - 2] + 1 } else { usize::MAX };
            row.push(change.min(last[j] + 1).min(row[j - 1] + 1).min(swap));
        }
        before = std::mem::replace(&mut last, row);
    }
    last[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hint(present: &[&str], wanted: &str) -> Option<String> {
        let root = tempfile::tempdir().expect("a directory");
        for path in present {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().expect("is below the root")).expect("is made");
            fs::write(path, "").expect("is written");
        }
        let place = Place::read(wanted).expect("is a place");
        let error = io::ErrorKind::NotFound.into();
        failure(root.path(), &place, &error).hint_text().map(str::to_owned)
    }

    #[test]
    fn a_similar_name_beside_the_missing_one_is_suggested() {
        let did_you_mean = |path: &str| Some(format!("did you mean `{path}`?"));
        assert_eq!(hint(&["src/parser.rs", "src/lib.rs"], "src/parse.rs"), did_you_mean("src/parser.rs"));
        assert_eq!(hint(&["README.md"], "readme.md"), did_you_mean("README.md"));
        assert_eq!(hint(&["src/main.rs"], "scr/main.rs"), did_you_mean("src/main.rs"));
    }

    #[test]
    fn nothing_is_suggested_where_nothing_is_alike() {
        assert_eq!(hint(&["README.md"], "Cargo.toml"), None);
        assert_eq!(hint(&["src/lib.rs"], "scr/main.rs"), None);
        assert_eq!(hint(&[], "a"), None);
    }
}
