//! Patterns that look ahead or behind, tried by going back.

use fancy_regex::{Regex, RegexBuilder};
use regex_syntax::hir::Hir;

/// Largest number of steps back at one text.
const MOST_STEPS: usize = 1_000;
/// The largest part of such a pattern, in bytes as it is compiled.
const LARGEST: usize = 1 << 18;

/// A pattern that looks ahead or behind, and does nothing else that is no regular expression.
#[derive(Debug, Clone)]
pub(super) struct Looking {
    regex: Regex,
    /// The pattern without what it looks for.
    rest: String,
    /// Patterns that it looks ahead for.
    ahead: Vec<String>,
}

impl Looking {
    /// Builds it of a pattern in the form of this crate's regular expressions.
    pub(super) fn new(source: &str) -> Option<Self> {
        let (rest, ahead) = parts(source)?;
        let mut builder = RegexBuilder::new(source);
        builder.backtrack_limit(MOST_STEPS).delegate_size_limit(LARGEST);
        let regex = builder.delegate_dfa_size_limit(LARGEST).build().ok()?;
        Some(Self { regex, rest, ahead })
    }

    /// Returns `true` if it is found in a text; `None` if that takes too long to tell.
    pub(super) fn is_in(&self, text: &str) -> Option<bool> {
        self.regex.is_match(text).ok()
    }

    /// Texts in which it may be found: those of the rest, with and without what is looked for.
    pub(super) fn guesses(&self, written: impl Fn(&Hir) -> Vec<String>) -> Vec<String> {
        let texts = |source: &str| {
            let hir = regex_syntax::parse(source).ok();
            hir.as_ref().map(&written).unwrap_or_default()
        };
        let mut guesses = texts(&self.rest);
        let looked_for: String =
            self.ahead.iter().filter_map(|source| texts(source).into_iter().next()).collect();
        let both = guesses
            .iter()
            .flat_map(|text| [format!("{looked_for}{text}"), format!("{text}{looked_for}")]);
        let both: Vec<_> = both.collect();
        guesses.push(looked_for);
        guesses.extend(both);
        guesses
    }
}

/// A pattern without what it looks for, and what it looks ahead for; `None` if it has a group that ECMA does not
/// know, or refers back.
fn parts(source: &str) -> Option<(String, Vec<String>)> {
    let (mut rest, mut ahead) = (String::new(), Vec::new());
    let mut at = 0;
    let mut in_class = false;
    while let Some(tail) = source.get(at..).filter(|tail| !tail.is_empty()) {
        let mut chars = tail.chars();
        let first = chars.next()?;
        let mut length = first.len_utf8();
        match first {
            '\\' => {
                let escaped = chars.next()?;
                if matches!(escaped, 'k' | 'G' | 'K' | '1'..='9') && !in_class {
                    return None;
                }
                length += escaped.len_utf8();
            }
            '[' if !in_class => in_class = true,
            ']' => in_class = false,
            '(' if !in_class => {
                let looks = ["(?=", "(?!", "(?<=", "(?<!"];
                if let Some(start) = looks.iter().find(|start| tail.starts_with(**start)) {
                    let end = closing(tail)?;
                    let inner = tail.get(start.len()..end)?;
                    // What lies within is to be known, too.
                    let (inner, deeper) = parts(inner)?;
                    if *start == "(?=" {
                        ahead.push(inner);
                        ahead.extend(deeper);
                    }
                    at += end + 1;
                    continue;
                }
                let is_known = ["(?:", "(?-u:", "(?<"].iter().any(|start| tail.starts_with(start));
                if tail.starts_with("(?") && !is_known {
                    return None;
                }
            }
            _ => {}
        }
        rest.push_str(tail.get(..length)?);
        at += length;
    }
    Some((rest, ahead))
}

/// Place of the `)` that closes the group with which a text begins.
fn closing(text: &str) -> Option<usize> {
    let (mut depth, mut in_class, mut is_escaped) = (0_usize, false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '[' if !in_class => in_class = true,
            ']' => in_class = false,
            '(' if !in_class => depth += 1,
            ')' if !in_class => {
                depth -= 1;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}
