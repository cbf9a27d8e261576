//! Patterns of a schema (ECMA-262), as far as they are regular expressions.

mod cover;
mod ecma;
mod language;
mod length;
mod look;

use std::cell::OnceCell;

use regex::Regex;
use regex_syntax::hir::{Class, Hir, HirKind};

use ecma::translate;
use look::Looking;

/// A pattern. It is found anywhere in a text, unless it says where.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pattern {
    pub(crate) source: String,
    /// Made when it is first asked for: most patterns are only compared by their text.
    regex: OnceCell<Option<Tried>>,
    hir: OnceCell<Option<Hir>>,
    lengths: OnceCell<(u64, Option<u64>)>,
}

/// A pattern as it is tried.
#[derive(Debug, Clone)]
enum Tried {
    Plain(Regex),
    /// A pattern that looks ahead or behind.
    Looking(Looking),
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
        Self { source: source.to_owned(), ..Self::default() }
    }

    /// A pattern that is not tried.
    pub(crate) fn untried(source: &str) -> Self {
        let (regex, hir) = (OnceCell::from(None), OnceCell::from(None));
        Self { source: source.to_owned(), regex, hir, ..Self::default() }
    }

    fn tried(&self) -> Option<&Tried> {
        let build = || {
            let source = translate(&self.source);
            let plain = regex::RegexBuilder::new(&source).size_limit(LARGEST).build().ok();
            plain.map(Tried::Plain).or_else(|| Looking::new(&source).map(Tried::Looking))
        };
        self.regex.get_or_init(build).as_ref()
    }

    fn hir(&self) -> Option<&Hir> {
        self.hir.get_or_init(|| regex_syntax::parse(&translate(&self.source)).ok()).as_ref()
    }

    /// Returns `true` if it is found in a text; `None` if the pattern is none that can be tried here, such as one
    /// that refers back.
    pub(crate) fn is_in(&self, text: &str) -> Option<bool> {
        match self.tried()? {
            Tried::Plain(regex) => Some(regex.is_match(text)),
            Tried::Looking(looking) => looking.is_in(text),
        }
    }

    /// Returns `true` if it is found in each text in which another one is, as far as that is plain.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        if self.source == other.source {
            return true;
        }
        let (Some(one), Some(other)) = (self.hir(), other.hir()) else { return false };
        one == other || cover::covers(one, other)
    }

    /// Number of letters that a text has at least in which it is found, and at most where it says so from end to end.
    pub(crate) fn lengths(&self) -> (u64, Option<u64>) {
        *self.lengths.get_or_init(|| self.hir().map_or((0, None), length::of_texts))
    }

    /// Texts in which the pattern is found, where these are at most so many and it says so from end to end.
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
        let mut examples = match (self.hir(), self.tried()) {
            (Some(hir), _) => written(hir),
            (None, Some(Tried::Looking(looking))) => looking.guesses(written),
            (None, _) => Vec::new(),
        };
        examples.retain(|text| self.is_in(text) == Some(true));
        examples.dedup();
        examples
    }
}

/// A few texts that the pattern describes, as far as they are easily found.
fn written(hir: &Hir) -> Vec<String> {
    let text = |choice| {
        let mut text = String::new();
        write_example(hir, choice, &mut text).then_some(text)
    };
    [0, 1, 7].into_iter().filter_map(text).collect()
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
            ("^(?=x$)x$", "x", Some(true)),
            ("^(?=x$)x$", "y", Some(false)),
            ("^(?!x-)", "x-a", Some(false)),
            ("(?<=a)b$", "ab", Some(true)),
            ("^(?<one>a)(?!b)", "ab", Some(false)),
            ("^(?!a)$", "\n", Some(false)),
            // What refers back is another matter, and what ECMA does not know means nothing.
            ("^(a)(?=b)\\1", "a", None),
            ("^(?>a)(?=b)", "ab", None),
            ("^((?=a)a*)*b", &"a".repeat(64), None),
            ("\\bé", "aé", Some(true)),
            ("^[\\b]$", "\u{8}", Some(true)),
            ("^[^]$", "\n", Some(true)),
            ("a|[]", "b", Some(false)),
            ("^[a&&b]$", "&", Some(true)),
            ("^\\0\\<$", "\0<", Some(true)),
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
        for pattern in [
            "^[A-Z]{3}-[0-9]{2,}$",
            "(a|b)+c",
            "x$",
            "^$",
            "^(eu|us)$",
            "^(?=x$)x$",
            "^(?!x)[a-z]+$",
            "^(?=.*[A-Z])(?=.*[0-9]).{8,}$",
        ] {
            let examples = Pattern::new(pattern).examples();
            assert!(!examples.is_empty(), "{pattern}");
        }
    }
}
