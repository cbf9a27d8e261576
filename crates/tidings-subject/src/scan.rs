//! Reading text byte by byte, as `const fn` must.

/// Meaning of one character in a subject.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// Part of a token.
    Plain,
    /// The `.` between tokens.
    Dot,
    /// `*` or `>`.
    Wildcard,
    /// White space, ASCII or not.
    WhiteSpace,
    /// A control character, C0 or C1.
    Control,
}

/// The class of the character that begins at `at`.
///
/// A continuation byte is `Plain`, so that text can be walked by bytes: what is refused is
/// recognised at its first byte.
pub(crate) const fn class(bytes: &[u8], at: usize) -> Class {
    match bytes[at] {
        b'.' => Class::Dot,
        b'*' | b'>' => Class::Wildcard,
        b' ' | b'\t'..=b'\r' => Class::WhiteSpace,
        0..=0x1F | 0x7F => Class::Control,
        0xC2..=0xEF => wide(bytes, at),
        _ => Class::Plain,
    }
}

/// Bytes that are `Plain` whatever follows them: nearly all of nearly every text.
const PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut byte = 0;
    while byte < 0x100 {
        #[expect(clippy::cast_possible_truncation, reason = "it is less than 256")]
        let alone = [byte as u8];
        // Of what is longer than one byte, the first does not say it alone.
        plain[byte] = byte < 0x80 && matches!(class(&alone, 0), Class::Plain);
        byte += 1;
    }
    plain
};

/// Number of bytes from `at` on that are `Plain` at first sight.
pub(crate) const fn plain(bytes: &[u8], mut at: usize) -> usize {
    let start = at;
    while at < bytes.len() && PLAIN[bytes[at] as usize] {
        at += 1;
    }
    at - start
}

/// The class of a character outside ASCII: `char`'s own tests are not const.
const fn wide(bytes: &[u8], at: usize) -> Class {
    let third = if at + 2 < bytes.len() { bytes[at + 2] } else { 0 };
    match (bytes[at], bytes[at + 1], third) {
        // U+0085, U+00A0
        (0xC2, 0x85 | 0xA0, _)
        // U+1680
        | (0xE1, 0x9A, 0x80)
        // U+2000 to U+200A, U+2028, U+2029, U+202F
        | (0xE2, 0x80, 0x80..=0x8A | 0xA8 | 0xA9 | 0xAF)
        // U+205F
        | (0xE2, 0x81, 0x9F)
        // U+3000
        | (0xE3, 0x80, 0x80)
        // U+FEFF, the byte order mark: not seen, so never meant
        | (0xEF, 0xBB, 0xBF) => Class::WhiteSpace,
        // U+0080 to U+009F
        (0xC2, 0x80..=0x9F, _) => Class::Control,
        _ => Class::Plain,
    }
}

/// End of the token that begins at `start`: the next dot, or the end.
pub(crate) const fn token_end(bytes: &[u8], start: usize) -> usize {
    let mut end = start;
    while end < bytes.len() && bytes[end] != b'.' {
        end += 1;
    }
    end
}

/// Returns `true` if the bytes from `start` to `end` are the one byte `wildcard`.
pub(crate) const fn is_wildcard(bytes: &[u8], start: usize, end: usize, wildcard: u8) -> bool {
    end - start == 1 && bytes[start] == wildcard
}

/// Returns `true` if `a[a_start..a_end]` and `b[b_start..b_end]` are the same.
pub(crate) const fn same(
    a: &[u8],
    (a_start, a_end): (usize, usize),
    b: &[u8],
    (b_start, b_end): (usize, usize),
) -> bool {
    if a_end - a_start != b_end - b_start {
        return false;
    }
    let mut i = 0;
    while i < a_end - a_start {
        if a[a_start + i] != b[b_start + i] {
            return false;
        }
        i += 1;
    }
    true
}

/// Returns `true` if `bytes` begins with `prefix`.
pub(crate) const fn starts_with(bytes: &[u8], prefix: &[u8]) -> bool {
    bytes.len() >= prefix.len() && same(bytes, (0, prefix.len()), prefix, (0, prefix.len()))
}

/// Returns `true` if the first token of a subject has a name that belongs to the server: `$…` or
/// `_INBOX`.
pub(crate) const fn is_reserved(bytes: &[u8]) -> bool {
    starts_with(bytes, b"$") || (starts_with(bytes, b"_INBOX") && token_end(bytes, 0) == 6)
}

#[cfg(test)]
mod tests {
    use super::{Class, class};

    #[test]
    fn classes_agree_with_std() {
        for c in '\0'..=char::MAX {
            let mut buffer = [0; 4];
            let text = c.encode_utf8(&mut buffer);
            let expected = match c {
                '.' => Class::Dot,
                '*' | '>' => Class::Wildcard,
                '\u{FEFF}' => Class::WhiteSpace,
                c if c.is_whitespace() => Class::WhiteSpace,
                c if c.is_control() => Class::Control,
                _ => Class::Plain,
            };
            assert!(class(text.as_bytes(), 0) == expected, "{c:?}");
            for at in 1..text.len() {
                assert!(class(text.as_bytes(), at) == Class::Plain, "{c:?} at {at}");
            }
        }
    }
}
