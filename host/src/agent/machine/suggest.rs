//! The name that was probably meant.

/// The candidate that differs least from the word, if it is near enough: up to a third of its letters.
pub(super) fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let word: Vec<char> = word.chars().take(LONGEST).flat_map(char::to_lowercase).collect();
    let near = |candidate: &'a str| {
        let letters: Vec<char> = candidate.chars().take(LONGEST).flat_map(char::to_lowercase).collect();
        let allowed = (letters.len().max(word.len()) / 3).max(1);
        let distance = distance(&word, &letters);
        (distance <= allowed).then_some((distance, candidate))
    };
    candidates.filter_map(near).min_by_key(|(distance, _)| *distance).map(|(_, candidate)| candidate)
}

/// Longer names are compared by so many letters.
const LONGEST: usize = 64;

/// How many letters must be put in, taken out or replaced, or neighbours swapped.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, letter) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, other) in b.iter().enumerate() {
            let mut least = (last[j] + usize::from(letter != other)).min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *letter == b[j - 1] && a[i - 1] == *other {
                least = least.min(before[j - 1] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_pen_is_understood_and_another_word_is_not() {
        let names = || ["read_file", "write_file", "grep"].into_iter();
        assert_eq!(nearest("raed_file", names()), Some("read_file"));
        assert_eq!(nearest("ReadFile", names()), Some("read_file"));
        assert_eq!(nearest("gerp", names()), Some("grep"));
        assert_eq!(nearest("browse_web", names()), None);
        assert_eq!(nearest("", names()), None);
    }
}
