//! Differences between two texts, as a person reads them.

/// Number of equal lines that are shown around a difference.
const CONTEXT: usize = 2;
/// Largest number of lines that are shown at all.
const LONGEST: usize = 40;
/// The largest table that is worth the work; larger differences are shown as a whole.
const LARGEST_TABLE: usize = 1 << 22;

#[derive(Clone, Copy, PartialEq)]
enum Line<'a> {
    Same(&'a str),
    Removed(&'a str),
    Added(&'a str),
}

/// The lines that are only in `old` (`-`) and only in `new` (`+`), with the lines around them.
pub(crate) fn excerpt(old: &str, new: &str) -> String {
    let lines = compare(&old.lines().collect::<Vec<_>>(), &new.lines().collect::<Vec<_>>());
    let near = |at: usize| {
        let around = at.saturating_sub(CONTEXT)..lines.len().min(at + CONTEXT + 1);
        lines[around].iter().any(|line| !matches!(line, Line::Same(_)))
    };

    let mut shown = Vec::new();
    let mut gap = false;
    for (at, line) in lines.iter().enumerate() {
        if !near(at) {
            gap = true;
            continue;
        }
        if gap && !shown.is_empty() {
            shown.push("  ⋯".to_owned());
        }
        gap = false;
        shown.push(match line {
            Line::Same(text) => format!("  {text}"),
            Line::Removed(text) => format!("- {text}"),
            Line::Added(text) => format!("+ {text}"),
        });
    }
    if shown.len() > LONGEST {
        let more = shown.len() - LONGEST;
        shown.truncate(LONGEST);
        shown.push(format!("  ⋯ and {more} lines more"));
    }
    shown.join("\n")
}

fn compare<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<Line<'a>> {
    let common = |(one, other): &(&&str, &&str)| one == other;
    let head = old.iter().zip(new).take_while(common).count();
    let tail = old[head..].iter().rev().zip(new[head..].iter().rev()).take_while(common).count();
    let (before, rest) = old.split_at(head);
    let (old, after) = rest.split_at(rest.len() - tail);
    let new = &new[head..new.len() - tail];

    let mut lines: Vec<_> = before.iter().map(|line| Line::Same(line)).collect();
    if old.len().saturating_mul(new.len()) > LARGEST_TABLE {
        lines.extend(old.iter().map(|line| Line::Removed(line)));
        lines.extend(new.iter().map(|line| Line::Added(line)));
    } else {
        align(old, new, &mut lines);
    }
    lines.extend(after.iter().map(|line| Line::Same(line)));
    lines
}

/// Keeps the longest common subsequence of both.
fn align<'a>(old: &[&'a str], new: &[&'a str], lines: &mut Vec<Line<'a>>) {
    // longest[i][j]: of what follows from i in `old` and from j in `new`.
    let mut longest = vec![vec![0_u32; new.len() + 1]; old.len() + 1];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            longest[i][j] = if old[i] == new[j] {
                longest[i + 1][j + 1] + 1
            } else {
                longest[i + 1][j].max(longest[i][j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            lines.push(Line::Same(old[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == new.len() || (i < old.len() && longest[i + 1][j] >= longest[i][j + 1]) {
            lines.push(Line::Removed(old[i]));
            i += 1;
        } else {
            lines.push(Line::Added(new[j]));
            j += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::excerpt;

    #[test]
    fn a_difference_is_shown_with_what_stands_around_it() {
        let old = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12";
        let new = "1\n2\n3\nfour\n5\n6\n7\n8\n9\n10\n11\n12\n13";
        assert_eq!(excerpt(old, new), "  2\n  3\n- 4\n+ four\n  5\n  6\n  ⋯\n  11\n  12\n+ 13");
    }

    #[test]
    fn equal_texts_have_no_difference() {
        assert_eq!(excerpt("a\nb", "a\nb"), "");
        assert_eq!(excerpt("", ""), "");
    }

    #[test]
    fn a_long_difference_is_cut() {
        let new = "x\n".repeat(100);
        assert!(excerpt("", &new).ends_with("+ x\n  ⋯ and 60 lines more"));
        let (old, new) = ("a\n".repeat(3000), "b\n".repeat(3000));
        assert!(excerpt(&old, &new).ends_with("- a\n  ⋯ and 5960 lines more"));
    }
}
