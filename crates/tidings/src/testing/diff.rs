//! Two texts, line by line.

use std::fmt::Write as _;

/// Above this product of lines the texts are not compared, but shown one after the other.
const MOST_PAIRS: usize = 4_000_000;

/// Diff of two texts: what is expected and not there with `-`, what is there and not expected with
/// `+`.
pub(super) fn diff(expected: &str, recorded: &str) -> String {
    let (old, new): (Vec<_>, Vec<_>) = (expected.lines().collect(), recorded.lines().collect());
    let mut text = String::new();
    let mut line = |mark: char, line: &str| {
        // Writing to a String can't fail.
        let _ = writeln!(text, "{mark} {line}");
    };
    if old.len().saturating_mul(new.len()) > MOST_PAIRS {
        let (old, new) = (old.iter().map(|line| ('-', line)), new.iter().map(|line| ('+', line)));
        for (mark, text) in old.chain(new) {
            line(mark, text);
        }
        return text;
    }
    let common = common(&old, &new);
    let (mut i, mut j) = (0, 0);
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            line(' ', old[i]);
            (i, j) = (i + 1, j + 1);
        } else if j == new.len() || (i < old.len() && common[i + 1][j] >= common[i][j + 1]) {
            line('-', old[i]);
            i += 1;
        } else {
            line('+', new[j]);
            j += 1;
        }
    }
    text
}

/// Numbers of the lines that the rest of one and the rest of the other have in common, in order.
fn common(old: &[&str], new: &[&str]) -> Vec<Vec<u32>> {
    let mut common = vec![vec![0; new.len() + 1]; old.len() + 1];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            common[i][j] = if old[i] == new[j] {
                common[i + 1][j + 1] + 1
            } else {
                common[i + 1][j].max(common[i][j + 1])
            };
        }
    }
    common
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_marked() {
        assert_eq!(diff("a\nb\nc", "a\nx\nc\nd"), "  a\n- b\n+ x\n  c\n+ d\n");
        assert_eq!(diff("a", "a"), "  a\n");
        assert_eq!(diff("", "a"), "+ a\n");
        assert_eq!(diff("a\nb", ""), "- a\n- b\n");
    }

    #[test]
    fn what_is_too_long_is_shown_whole() {
        let long = "x\n".repeat(3000);
        assert_eq!(diff(&long, &long).lines().count(), 6000);
    }
}
