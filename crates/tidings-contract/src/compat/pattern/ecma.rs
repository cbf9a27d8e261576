//! Patterns of ECMA-262 as this crate's regular expressions write them.

use std::fmt::Write as _;

/// White space of ECMA-262, and the ends of lines.
const SPACES: &str = "\\t-\\r \\u{a0}\\u{1680}\\u{2000}-\\u{200a}\\u{2028}\\u{2029}\\u{202f}\\u{205f}\\u{3000}\\u{feff}";

/// Writes ECMA's own escapes and classes as they are written here.
pub(super) fn translate(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut chars = source.chars().peekable();
    let mut in_class = false;
    while let Some(c) = chars.next() {
        match c {
            '\\' => escape(&mut chars, in_class, &mut out),
            '[' if in_class => out.push_str("\\["),
            '[' => {
                if let Some((length, class)) = empty_class(&chars) {
                    // No letter is one of none, and each is one of all but none.
                    out.push_str(class);
                    chars.by_ref().take(length).for_each(drop);
                } else {
                    in_class = true;
                    out.push('[');
                }
            }
            ']' => {
                in_class = false;
                out.push(']');
            }
            // Twice they mean something in a class here.
            '&' | '~' if in_class => out.extend(['\\', c]),
            '.' if !in_class => out.push_str("[^\\n\\r\\u{2028}\\u{2029}]"),
            _ => out.push(c),
        }
    }
    out
}

type Chars<'a> = std::iter::Peekable<std::str::Chars<'a>>;

/// A class without letters, from behind its `[`: so many letters of the source, and what stands for it.
fn empty_class(chars: &Chars<'_>) -> Option<(usize, &'static str)> {
    let mut ahead = chars.clone();
    match ahead.next()? {
        ']' => Some((1, "[^\\s\\S]")),
        '^' if ahead.next() == Some(']') => Some((2, "[\\s\\S]")),
        _ => None,
    }
}

/// Writes what stands behind a backslash.
fn escape(chars: &mut Chars<'_>, in_class: bool, out: &mut String) {
    match chars.next() {
        Some('c') => match chars.peek() {
            Some(letter) if letter.is_ascii_alphabetic() => {
                let _ = write!(out, "\\x{{{:x}}}", *letter as u32 % 32);
                chars.next();
            }
            _ => out.push_str("\\\\c"),
        },
        Some(plain @ ('/' | '<' | '>')) => out.push(plain),
        Some('0') if !chars.peek().is_some_and(char::is_ascii_digit) => out.push_str("\\x00"),
        Some('b') => out.push_str(if in_class { "\\x08" } else { "(?-u:\\b)" }),
        Some('d') => out.push_str(if in_class { "0-9" } else { "[0-9]" }),
        Some('w') => out.push_str(if in_class { "A-Za-z0-9_" } else { "[A-Za-z0-9_]" }),
        Some('s') if in_class => out.push_str(SPACES),
        Some('s') => out.extend(["[", SPACES, "]"]),
        // A class in a class, too.
        Some('S') => out.extend(["[^", SPACES, "]"]),
        Some('D') => out.push_str("[^0-9]"),
        Some('W') => out.push_str("[^A-Za-z0-9_]"),
        Some(other) => out.extend(['\\', other]),
        None => out.push('\\'),
    }
}
