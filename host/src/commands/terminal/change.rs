//! A change in few lines: what goes and what comes, without what both texts begin and end with.
//!
//! Enough for the pieces that an edit is about; a minimal difference would need a crate and say no more.

/// What goes, each line behind `-`, then what comes, each behind `+`.
pub(super) fn lines(before: &str, after: &str) -> (Vec<String>, Vec<String>) {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let same = |(a, b): &(&&str, &&str)| a == b;
    let head = old.iter().zip(&new).take_while(same).count();
    let (old, new) = (&old[head..], &new[head..]);
    let tail = old.iter().rev().zip(new.iter().rev()).take_while(same).count();
    let marked = |mark: char, lines: &[&str]| lines.iter().map(|line| format!("{mark} {line}")).collect();
    (marked('-', &old[..old.len() - tail]), marked('+', &new[..new.len() - tail]))
}

/// The first lines of either side, with a word on the rest.
pub(super) fn few((gone, come): (Vec<String>, Vec<String>), most: usize) -> Vec<String> {
    if gone.is_empty() && come.is_empty() {
        return vec!["no difference in lines".to_owned()];
    }
    let mut few = Vec::new();
    for mut side in [gone, come] {
        let left = side.len().saturating_sub(most);
        let mark = side.first().and_then(|line| line.chars().next());
        side.truncate(most);
        few.append(&mut side);
        if let (1.., Some(mark)) = (left, mark) {
            few.push(format!("{mark} … {left} more lines"));
        }
    }
    few
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_both_share_is_left_out() {
        let (gone, come) = lines("fn a() {\n    1\n}\n", "fn a() {\n    2\n    3\n}\n");
        assert_eq!((gone, come), (vec!["-     1".to_owned()], vec!["+     2".to_owned(), "+     3".to_owned()]));
    }

    #[test]
    fn a_repeated_line_is_not_counted_twice() {
        assert_eq!(lines("a\na", "a"), (vec!["- a".to_owned()], vec![]));
        assert_eq!(lines("", "a\nb"), (vec![], vec!["+ a".to_owned(), "+ b".to_owned()]));
    }

    #[test]
    fn a_long_side_says_how_much_is_left() {
        assert_eq!(few(lines("", "1\n2\n3\n4\n5"), 3), ["+ 1", "+ 2", "+ 3", "+ … 2 more lines"]);
        assert_eq!(few(lines("a", "a"), 3), ["no difference in lines"]);
    }
}
