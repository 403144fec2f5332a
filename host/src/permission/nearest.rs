//! The known word that was probably meant, for error messages.

/// The candidate that is nearest to `word`, if one is near enough to be worth saying.
///
/// ```
/// use looplet_host::permission::nearest;
/// assert_eq!(nearest("decison", ["tool", "decision"]), Some("decision"));
/// assert_eq!(nearest("colour", ["tool", "decision"]), None);
/// ```
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let bound = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= bound)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Edits, where two neighbours that changed places count as one.
fn distance(left: &str, right: &str) -> usize {
    let left: Vec<char> = left.chars().collect();
    let right: Vec<char> = right.chars().collect();
    let mut before = vec![0; right.len() + 1];
    let mut above: Vec<usize> = (0..=right.len()).collect();
    for (row, &a) in left.iter().enumerate() {
        let mut current = vec![row + 1];
        for (column, &b) in right.iter().enumerate() {
            let replaced = above[column] + usize::from(a != b);
            let mut best = replaced.min(above[column + 1] + 1).min(current[column] + 1);
            if row > 0 && column > 0 && a == right[column - 1] && left[row - 1] == b {
                best = best.min(before[column - 1] + 1);
            }
            current.push(best);
        }
        before = std::mem::replace(&mut above, current);
    }
    above[right.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_of_the_finger_is_recognised_and_another_word_is_not() {
        let known = ["read_only", "hide", "mode", "path"];
        assert_eq!(nearest("readonly", known), Some("read_only"));
        assert_eq!(nearest("hdie", known), Some("hide"));
        assert_eq!(nearest("paht", known), Some("path"));
        assert_eq!(nearest("quota", known), None);
        assert_eq!(nearest("", known), None);
    }
}
