//! Coverage of patterns: whether one is found in all texts in which another one is, as far as that shows
//! letter by letter.

use regex_syntax::hir::{Class, Hir, HirKind, Look};

/// Largest number of steps of one comparison.
const MOST_STEPS: usize = 500;
/// Largest number of equal letters that are looked at one by one.
const MOST_LETTERS: u32 = 64;

/// Returns `true` if each text of `other`, from end to end, is one of `pattern`.
pub(super) fn covers(pattern: &Hir, other: &Hir) -> bool {
    let (Some(pattern), Some(other)) = (parts(pattern), parts(other)) else { return false };
    // What may have more before or behind is another question.
    let is_whole =
        |parts: &[Part<'_>]| matches!(parts, [Part::Look(Look::Start), .., Part::Look(Look::End)]);
    is_whole(&pattern) && is_whole(&other) && Steps(MOST_STEPS).covers(&pattern, &other)
}

/// A part of a pattern.
#[derive(Clone)]
enum Part<'a> {
    Look(Look),
    /// Run of letters of these ranges, at least and at most so long.
    Letters {
        of: Vec<(char, char)>,
        least: u32,
        most: Option<u32>,
    },
    Either(Vec<Vec<Part<'a>>>),
    /// Pattern that is compared as a whole.
    Other(&'a Hir),
}

/// Parts in order; `None` where a letter is none.
fn parts(hir: &Hir) -> Option<Vec<Part<'_>>> {
    Some(match hir.kind() {
        HirKind::Empty => Vec::new(),
        HirKind::Look(look) => vec![Part::Look(*look)],
        HirKind::Literal(literal) => {
            let letters = std::str::from_utf8(&literal.0).ok()?.chars();
            letters.map(|c| Part::Letters { of: vec![(c, c)], least: 1, most: Some(1) }).collect()
        }
        HirKind::Class(_) => vec![Part::Letters { of: letters(hir)?, least: 1, most: Some(1) }],
        HirKind::Repetition(repetition) => match letters(&repetition.sub) {
            Some(of) => {
                vec![Part::Letters { of, least: repetition.min, most: repetition.max }]
            }
            None if (repetition.min, repetition.max) == (0, Some(1)) => {
                vec![Part::Either(vec![Vec::new(), parts(&repetition.sub)?])]
            }
            None => vec![Part::Other(hir)],
        },
        HirKind::Capture(capture) => parts(&capture.sub)?,
        HirKind::Concat(all) => all.iter().map(parts).collect::<Option<Vec<_>>>()?.concat(),
        HirKind::Alternation(all) => {
            vec![Part::Either(all.iter().map(parts).collect::<Option<_>>()?)]
        }
    })
}

/// Ranges of what is one letter.
fn letters(hir: &Hir) -> Option<Vec<(char, char)>> {
    match hir.kind() {
        HirKind::Class(Class::Unicode(class)) => {
            Some(class.ranges().iter().map(|range| (range.start(), range.end())).collect())
        }
        HirKind::Literal(literal) => {
            let mut letters = std::str::from_utf8(&literal.0).ok()?.chars();
            let letter = letters.next()?;
            letters.next().is_none().then(|| vec![(letter, letter)])
        }
        HirKind::Capture(capture) => letters(&capture.sub),
        _ => None,
    }
}

/// Steps that are left.
struct Steps(usize);

impl Steps {
    fn covers(&mut self, pattern: &[Part<'_>], other: &[Part<'_>]) -> bool {
        let Some(left) = self.0.checked_sub(1) else { return false };
        self.0 = left;
        match (pattern, other) {
            ([], []) => true,
            // Each of the other's alternatives is to be met, and by any of ours.
            (_, [Part::Either(all), rest @ ..]) => {
                all.iter().all(|one| self.covers(pattern, &[one, rest].concat()))
            }
            ([Part::Either(all), rest @ ..], _) => {
                all.iter().any(|one| self.covers(&[one, rest].concat(), other))
            }
            ([Part::Look(one), ours @ ..], [Part::Look(two), theirs @ ..]) if one == two => {
                self.covers(ours, theirs)
            }
            ([Part::Other(one), ours @ ..], [Part::Other(two), theirs @ ..]) if one == two => {
                self.covers(ours, theirs)
            }
            ([Part::Letters { least: 0, .. }, ours @ ..], _) if self.covers(ours, other) => true,
            (
                [Part::Letters { of, least, most }, ours @ ..],
                [Part::Letters { of: theirs, least: fewest, most: longest }, rest @ ..],
            ) => {
                if !theirs.iter().all(|range| is_within(*range, of)) {
                    return false;
                }
                // All of theirs are among ours; ours may go on in what follows.
                let all = match (most, longest) {
                    (None, _) => Some(None),
                    (Some(most), Some(longest)) => most.checked_sub(*longest).map(Some),
                    (Some(_), None) => None,
                };
                if let Some(most) = all {
                    let least = least.saturating_sub(*fewest);
                    if most.is_some_and(|most| most < least) {
                        return false;
                    }
                    if most == Some(0) {
                        return self.covers(ours, rest);
                    }
                    let left = Part::Letters { of: of.clone(), least, most };
                    return self.covers(&[&[left], ours].concat(), rest);
                }
                // One of theirs by one of ours.
                if *longest != Some(*fewest) || !(2..=MOST_LETTERS).contains(fewest) {
                    return false;
                }
                let some =
                    |count| Part::Letters { of: theirs.clone(), least: count, most: Some(count) };
                self.covers(pattern, &[&[some(1), some(fewest - 1)], rest].concat())
            }
            _ => false,
        }
    }
}

/// Returns `true` if a range lies in one of these, which are apart.
fn is_within((first, last): (char, char), ranges: &[(char, char)]) -> bool {
    ranges.iter().any(|(start, end)| *start <= first && last <= *end)
}

#[cfg(test)]
mod tests {
    use crate::compat::pattern::Pattern;

    #[test]
    fn a_pattern_covers_what_is_one_of_it_letter_by_letter() {
        for (pattern, other, is_so) in [
            ("^-?\\d+$", "^\\d+$", true),
            ("^\\d+$", "^-?\\d+$", false),
            ("^[a-zA-Z]{1,3}$", "^[a-z]{2}$", true),
            ("^[a-zA-Z]{1,3}$", "^[a-z]{2,4}$", false),
            ("^[a-z]+$", "^[a-z][a-z0-9]*$", false),
            ("^[a-z][a-z0-9]*$", "^[a-z]{2}[0-9]?$", true),
            ("^[a-z][A-Za-z]$", "^[a-z]{2}$", true),
            ("^(eu|us|asia)$", "^(us|eu)$", true),
            ("^(eu|us)$", "^(us|eu|asia)$", false),
            ("^a*b?$", "^$", true),
            ("^a*b?c$", "^$", false),
            ("^a{2,3}$", "^a?a{2}$", true),
            ("^a{2,3}$", "^a?a?a{2}$", false),
            ("^a{3}$", "^a?a{2}$", false),
            ("^(ab)+$", "^(ab)+$", true),
            ("^(ab)+$", "^ab$", false),
            ("^[0-9]{4}-[0-9]{2}$", "^20[0-9]{2}-(0[1-9]|1[0-2])$", true),
            ("[a-z]", "^[a-z]$", false),
            ("^[a-z]$", "[a-z]", false),
            ("^a|b$", "^a$", false),
            ("^(?:a|$)$", "^a$", true),
        ] {
            let found = Pattern::new(pattern).covers(&Pattern::new(other));
            assert_eq!(found, is_so, "{other} within {pattern}");
            assert!(Pattern::new(pattern).covers(&Pattern::new(pattern)), "{pattern}");
        }
    }
}
