//! Patterns of a schema (ECMA-262), as far as they are regular expressions.

mod cover;
mod language;

use std::cell::OnceCell;
use std::fmt::Write as _;

use regex::Regex;
use regex_syntax::hir::{Class, Hir, HirKind};

/// A pattern. It is found anywhere in a text, unless it says where.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    pub(crate) source: String,
    /// Made when it is first asked for: most patterns are only compared by their text.
    regex: OnceCell<Option<Regex>>,
    hir: OnceCell<Option<Hir>>,
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

/// The largest compiled pattern, in bytes.
const LARGEST: usize = 1 << 20;

impl Pattern {
    pub(crate) fn new(source: &str) -> Self {
        Self { source: source.to_owned(), regex: OnceCell::new(), hir: OnceCell::new() }
    }

    /// A pattern that is not tried.
    pub(crate) fn untried(source: &str) -> Self {
        Self { source: source.to_owned(), regex: OnceCell::from(None), hir: OnceCell::from(None) }
    }

    fn regex(&self) -> Option<&Regex> {
        let build =
            || regex::RegexBuilder::new(&translate(&self.source)).size_limit(LARGEST).build().ok();
        self.regex.get_or_init(build).as_ref()
    }

    fn hir(&self) -> Option<&Hir> {
        self.hir.get_or_init(|| regex_syntax::parse(&translate(&self.source)).ok()).as_ref()
    }

    /// Returns `true` if it is found in a text; `None` if the pattern is none that can be tried
    /// here, such as one that looks ahead.
    pub(crate) fn is_in(&self, text: &str) -> Option<bool> {
        self.regex().map(|regex| regex.is_match(text))
    }

    /// Returns `true` if it is found in each text in which another one is, as far as that is plain.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        if self.source == other.source {
            return true;
        }
        let (Some(one), Some(other)) = (self.hir(), other.hir()) else { return false };
        one == other || cover::covers(one, other)
    }

    /// All texts in which it is found, where these are at most so many and it says so from end to end.
    pub(crate) fn texts(&self, most: usize) -> Option<Vec<String>> {
        language::texts(self.hir()?, most)
    }

    /// Returns `true` if it is found in every text.
    pub(crate) fn is_in_all(&self) -> bool {
        let Some(hir) = self.hir() else { return false };
        hir.properties().minimum_len() == Some(0) && hir.properties().look_set().is_empty()
    }

    /// Returns `true` if no text has both, since each begins with other letters.
    pub(crate) fn is_apart(&self, other: &Self) -> bool {
        let (Some(one), Some(other)) = (self.beginning(), other.beginning()) else { return false };
        !one.starts_with(&other) && !other.starts_with(&one)
    }

    /// The letters with which every text begins in which it is found.
    fn beginning(&self) -> Option<String> {
        let HirKind::Concat(parts) = self.hir()?.kind() else { return None };
        let mut parts = parts.iter();
        let HirKind::Look(regex_syntax::hir::Look::Start) = parts.next()?.kind() else {
            return None;
        };
        let HirKind::Literal(literal) = parts.next()?.kind() else { return None };
        String::from_utf8(literal.0.to_vec()).ok()
    }

    /// A few texts in which it is found.
    pub(crate) fn examples(&self) -> Vec<String> {
        let Some(hir) = self.hir() else { return Vec::new() };
        let mut examples: Vec<String> = [0, 1, 7]
            .into_iter()
            .filter_map(|choice| {
                let mut text = String::new();
                write_example(hir, choice, &mut text).then_some(text)
            })
            .filter(|text| self.is_in(text) == Some(true))
            .collect();
        examples.dedup();
        examples
    }
}

/// White space of ECMA-262, and the ends of lines.
const SPACES: &str = "\\t-\\r \\u{a0}\\u{1680}\\u{2000}-\\u{200a}\\u{2028}\\u{2029}\\u{202f}\\u{205f}\\u{3000}\\u{feff}";

/// ECMA's own escapes as this crate's regular expressions write them.
fn translate(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut chars = source.chars().peekable();
    let mut in_class = false;
    while let Some(c) = chars.next() {
        if c != '\\' {
            match c {
                '[' if in_class => out.push('\\'),
                '[' => in_class = true,
                ']' => in_class = false,
                '.' if !in_class => {
                    out.push_str("[^\\n\\r\\u{2028}\\u{2029}]");
                    continue;
                }
                _ => {}
            }
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('c') => match chars.peek() {
                Some(letter) if letter.is_ascii_alphabetic() => {
                    let _ = write!(out, "\\x{{{:x}}}", *letter as u32 % 32);
                    chars.next();
                }
                _ => out.push_str("\\\\c"),
            },
            Some('/') => out.push('/'),
            Some('d') => out.push_str(if in_class { "0-9" } else { "[0-9]" }),
            Some('w') => out.push_str(if in_class { "A-Za-z0-9_" } else { "[A-Za-z0-9_]" }),
            Some('s') if in_class => out.push_str(SPACES),
            Some('s') => out.extend(["[", SPACES, "]"]),
            // A class in a class, too.
            Some('S') => out.extend(["[^", SPACES, "]"]),
            Some('D') => out.push_str("[^0-9]"),
            Some('W') => out.push_str("[^A-Za-z0-9_]"),
            Some(other) => {
                out.push('\\');
                out.push(other);
            }
            None => out.push('\\'),
        }
    }
    out
}

/// Writes a text that the pattern describes; `false` if it is not easily found.
fn write_example(hir: &Hir, choice: u32, text: &mut String) -> bool {
    const LONGEST: u32 = 64;
    if text.len() > 4096 {
        return false;
    }
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => true,
        HirKind::Literal(literal) => match std::str::from_utf8(&literal.0) {
            Ok(literal) => {
                text.push_str(literal);
                true
            }
            Err(_) => false,
        },
        HirKind::Class(Class::Unicode(class)) => {
            let ranges = class.ranges();
            let at = choice as usize % ranges.len().max(1);
            ranges.get(at).is_some_and(|range| {
                text.push(if choice == 1 { range.end() } else { range.start() });
                true
            })
        }
        HirKind::Class(Class::Bytes(class)) => class.ranges().first().is_some_and(|range| {
            text.push(char::from(range.start()));
            true
        }),
        HirKind::Repetition(repetition) => {
            let more = repetition.min.saturating_add(choice);
            let times = repetition.max.map_or(more, |max| more.min(max)).min(LONGEST);
            times >= repetition.min
                && (0..times).all(|_| write_example(&repetition.sub, choice, text))
        }
        HirKind::Capture(capture) => write_example(&capture.sub, choice, text),
        HirKind::Concat(parts) => parts.iter().all(|part| write_example(part, choice, text)),
        HirKind::Alternation(parts) => parts
            .get(choice as usize % parts.len().max(1))
            .is_some_and(|part| write_example(part, choice, text)),
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn a_pattern_is_tried_as_ecma_means_it() {
        for (pattern, text, found) in [
            ("^\\cC$", "\u{3}", Some(true)),
            ("[a-z]*", "", Some(true)),
            ("^\\d+$", "٣", Some(false)),
            ("^a\\/b$", "a/b", Some(true)),
            ("[[]", "[", Some(true)),
            ("^(?=x$)x$", "x", None),
            ("^.$", "\r", Some(false)),
            ("^.$", "\u{85}", Some(true)),
            ("^[.]$", "a", Some(false)),
            ("^\\s$", "\u{feff}", Some(true)),
            ("^\\s$", "\u{85}", Some(false)),
            ("^[\\s\\S]$", "\u{85}", Some(true)),
            ("^[^\\s\\S]$", "a", Some(false)),
            ("^[\\D]$", "٣", Some(true)),
            ("^\\S$", "\u{a0}", Some(false)),
        ] {
            assert_eq!(Pattern::new(pattern).is_in(text), found, "{pattern}");
        }
        assert!(Pattern::new("[a-z]*").is_in_all());
        assert!(!Pattern::new("^[a-z]*").is_in_all());
        assert!(!Pattern::new("a").is_in_all());
    }

    #[test]
    fn patterns_are_apart_by_their_beginnings() {
        let apart = |one: &str, other: &str| Pattern::new(one).is_apart(&Pattern::new(other));
        assert!(apart("^S_", "^I_[0-9]+"));
        assert!(!apart("^S_", "^S_a"));
        assert!(!apart("^S_", "I_"));
        assert!(!apart("^[SI]_", "^T_"));
    }

    #[test]
    fn examples_match() {
        for pattern in ["^[A-Z]{3}-[0-9]{2,}$", "(a|b)+c", "x$", "^$", "^(eu|us)$"] {
            let examples = Pattern::new(pattern).examples();
            assert!(!examples.is_empty(), "{pattern}");
        }
    }
}
