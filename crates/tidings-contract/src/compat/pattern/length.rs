//! Number of letters of a text in which a pattern is found.

use regex_syntax::hir::{Hir, HirKind, Look};

/// Number of letters of a text in which it is found: at least, and at most where it is found from the first letter
/// to the last.
pub(super) fn of_texts(hir: &Hir) -> (u64, Option<u64>) {
    let (least, most) = letters(hir);
    let is_whole = match hir.kind() {
        HirKind::Concat(parts) => {
            let is = |part: Option<&Hir>, look| {
                part.is_some_and(|part| matches!(part.kind(), HirKind::Look(one) if *one == look))
            };
            is(parts.first(), Look::Start) && is(parts.last(), Look::End)
        }
        _ => false,
    };
    (least, most.filter(|_| is_whole))
}

/// Number of letters that it describes.
fn letters(hir: &Hir) -> (u64, Option<u64>) {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => (0, Some(0)),
        HirKind::Literal(literal) => match std::str::from_utf8(&literal.0) {
            Ok(text) => {
                let count = text.chars().count() as u64;
                (count, Some(count))
            }
            Err(_) => (0, None),
        },
        HirKind::Class(_) => (1, Some(1)),
        HirKind::Repetition(repetition) => {
            let (least, most) = letters(&repetition.sub);
            let most =
                most.zip(repetition.max).map(|(one, times)| one.saturating_mul(times.into()));
            (least.saturating_mul(repetition.min.into()), most)
        }
        HirKind::Capture(capture) => letters(&capture.sub),
        HirKind::Concat(parts) => {
            parts.iter().map(letters).fold((0, Some(0)), |(least, most), (low, high)| {
                let most = most.zip(high).map(|(one, other): (u64, u64)| one.saturating_add(other));
                (least.saturating_add(low), most)
            })
        }
        HirKind::Alternation(parts) => {
            let each = parts.iter().map(letters);
            let either = |(low, high): (u64, Option<u64>), (least, most): (u64, Option<u64>)| {
                (low.min(least), high.zip(most).map(|(one, other)| one.max(other)))
            };
            each.reduce(either).unwrap_or((0, None))
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::compat::pattern::Pattern;

    #[test]
    fn a_pattern_tells_how_long_its_texts_are() {
        for (pattern, lengths) in [
            ("^[A-Z]{3}$", (3, Some(3))),
            ("^(eu|us|asia)-[0-9]{2,4}$", (5, Some(9))),
            ("a+é", (2, None)),
            ("^a", (1, None)),
            ("^a|bcd$", (1, None)),
            ("^a*$", (0, None)),
            ("^$", (0, Some(0))),
            ("(?=a)", (0, None)),
        ] {
            assert_eq!(Pattern::new(pattern).lengths(), lengths, "{pattern}");
        }
    }
}
