//! Relations of filters to subjects and to each other.
//!
//! A filter that is no filter by [`check_filter`](crate::check_filter) gives an answer, but no
//! meaningful one.

use crate::scan::{is_wildcard, same, token_end};

/// Returns `true` if `filter` matches `subject`.
pub const fn matches(filter: &str, subject: &str) -> bool {
    // A concrete subject matches exactly itself, so it is matched where it is covered.
    contains(filter, subject)
}

/// Returns `true` if a single one of `filters` matches every subject that `filter` matches.
pub const fn covers(filters: &[&str], filter: &str) -> bool {
    let mut i = 0;
    while i < filters.len() {
        if contains(filters[i], filter) {
            return true;
        }
        i += 1;
    }
    false
}

/// Returns `true` if there is a subject that both filters match.
pub const fn overlaps(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let (mut a_start, mut b_start) = (0, 0);
    while a_start < a.len() && b_start < b.len() {
        let (a_end, b_end) = (token_end(a, a_start), token_end(b, b_start));
        if is_wildcard(a, a_start, a_end, b'>') || is_wildcard(b, b_start, b_end, b'>') {
            return true;
        }
        let open = is_wildcard(a, a_start, a_end, b'*') || is_wildcard(b, b_start, b_end, b'*');
        if !open && !same(a, (a_start, a_end), b, (b_start, b_end)) {
            return false;
        }
        (a_start, b_start) = (a_end + 1, b_end + 1);
    }
    a_start >= a.len() && b_start >= b.len()
}

/// Returns `true` if `outer` matches every subject that `inner` matches.
const fn contains(outer: &str, inner: &str) -> bool {
    let (outer, inner) = (outer.as_bytes(), inner.as_bytes());
    let start = alike(outer, inner);
    // `>` after what both begin with, as most streams' filters have it.
    if start + 1 == outer.len() && outer[start] == b'>' {
        return start < inner.len();
    }
    let (mut o_start, mut i_start) = (start, start);
    while o_start < outer.len() && i_start < inner.len() {
        let (o_end, i_end) = (token_end(outer, o_start), token_end(inner, i_start));
        if is_wildcard(outer, o_start, o_end, b'>') {
            return true;
        }
        if is_wildcard(inner, i_start, i_end, b'>') {
            return false;
        }
        let open = is_wildcard(outer, o_start, o_end, b'*');
        if !open && !same(outer, (o_start, o_end), inner, (i_start, i_end)) {
            return false;
        }
        (o_start, i_start) = (o_end + 1, i_end + 1);
    }
    o_start >= outer.len() && i_start >= inner.len()
}

/// Start of the first token in which they differ, or of the last that both have: those before are the same.
///
/// In one pass, as filters are compared when they are compiled, byte by byte.
const fn alike(a: &[u8], b: &[u8]) -> usize {
    let (mut i, mut start) = (0, 0);
    while i < a.len() && i < b.len() && a[i] == b[i] {
        i += 1;
        if a[i - 1] == b'.' {
            start = i;
        }
    }
    start
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{check_filter, check_subject};

    /// Texts of one to `len` tokens of this alphabet.
    fn texts(alphabet: &[&str], len: usize) -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        let mut last = vec![String::new()];
        for _ in 0..len {
            last = last
                .iter()
                .flat_map(|text| {
                    alphabet.iter().map(move |token| {
                        if text.is_empty() {
                            (*token).to_owned()
                        } else {
                            format!("{text}.{token}")
                        }
                    })
                })
                .collect();
            all.extend(last.iter().cloned());
        }
        all
    }

    /// The definition of matching, written as plainly as can be.
    fn matches_by_definition(filter: &[&str], subject: &[&str]) -> bool {
        match (filter, subject) {
            ([], []) | ([">"], [_, ..]) => true,
            (["*", filter @ ..], [_, subject @ ..]) => matches_by_definition(filter, subject),
            ([a, filter @ ..], [b, subject @ ..]) => {
                a == b && matches_by_definition(filter, subject)
            }
            _ => false,
        }
    }

    #[test]
    fn brute_force() {
        let filters: Vec<String> = texts(&["a", "b", "*", ">"], 4)
            .into_iter()
            .filter(|filter| check_filter(filter).is_ok())
            .collect();
        // `c` is a token that no filter names; one token more than the longest filter lets `>`
        // reach beyond it.
        let subjects = texts(&["a", "b", "c"], 5);
        assert!(subjects.iter().all(|subject| check_subject(subject).is_ok()));
        let split: Vec<Vec<&str>> = subjects.iter().map(|s| s.split('.').collect()).collect();

        let matched: Vec<Vec<bool>> = filters
            .iter()
            .map(|filter| {
                let tokens: Vec<&str> = filter.split('.').collect();
                split.iter().map(|subject| matches_by_definition(&tokens, subject)).collect()
            })
            .collect();

        for (filter, row) in filters.iter().zip(&matched) {
            for (subject, matched) in subjects.iter().zip(row) {
                assert_eq!(matches(filter, subject), *matched, "{filter} {subject}");
            }
        }
        for (a, a_row) in filters.iter().zip(&matched) {
            for (b, b_row) in filters.iter().zip(&matched) {
                let pairs = || a_row.iter().zip(b_row);
                assert_eq!(overlaps(a, b), pairs().any(|(x, y)| *x && *y), "{a} {b}");
                assert_eq!(covers(&[a], b), pairs().all(|(x, y)| *x || !*y), "{a} {b}");
            }
        }
    }

    #[test]
    fn covering_takes_a_single_filter() {
        assert!(!covers(&[], "a"));
        assert!(covers(&["b", "a.*"], "a.b"));
        // Together they match all of `a.>`, but neither does alone.
        assert!(!covers(&["a.*", "a.*.>"], "a.>"));
    }

    #[test]
    fn tokens_are_whole() {
        assert!(!matches("a.b", "a.bc"));
        assert!(!matches("a.bc", "a.b"));
        assert!(!matches("a", "a.b"));
        assert!(!matches("a.>", "a"));
        assert!(!matches("*", "a.b"));
    }
}
