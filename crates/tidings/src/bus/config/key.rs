//! Keys that are none, and the ones that were most likely meant.

/// Maximum number of letters that differ in a key that is taken for a slip.
const SLIPS: usize = 3;

/// Text of the error for a key that is none of these.
pub(super) fn unknown(key: &str, known: &[&str]) -> String {
    match nearest(key, known) {
        Some(meant) => format!("unknown key `{key}`: did you mean `{meant}`?"),
        None => format!("unknown key `{key}`: there are `{}`", known.join("`, `")),
    }
}

/// The key that differs least, if it differs little.
pub(crate) fn nearest<'a>(key: &str, known: &[&'a str]) -> Option<&'a str> {
    let near = known.iter().map(|known| (distance(key, known), *known));
    let (slips, meant) = near.min_by_key(|(slips, _)| *slips)?;
    (slips <= SLIPS.min(key.len() / 2)).then_some(meant)
}

/// Number of letters to put in, leave out or change (Levenshtein's distance).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.chars().enumerate() {
        let mut before = i;
        row[0] = i + 1;
        for (j, right) in b.iter().enumerate() {
            let changed = before + usize::from(left != *right);
            before = row[j + 1];
            row[j + 1] = changed.min(before + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_key_is_one_that_differs_little() {
        let known = ["servers", "token", "tls_first"];
        for (key, meant) in [
            ("server", Some("servers")),
            ("Token", Some("token")),
            ("tlsfirst", Some("tls_first")),
            ("x", None),
            ("", None),
            ("whatever", None),
        ] {
            assert_eq!(nearest(key, &known), meant, "{key}");
        }
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
    }
}
