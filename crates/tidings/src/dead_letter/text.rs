//! Texts and times as a header can hold them.

use std::borrow::Cow;
use std::time::SystemTime;

use percent_encoding::{
    AsciiSet, CONTROLS, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode,
};

use crate::transport::is_splittable;

/// Characters that a header can't hold, and the one that marks them.
const ENCODED: &AsciiSet = &CONTROLS.add(b'%');

/// The longest error text that is stored, in bytes as it is written.
pub(super) const MOST_ERROR: usize = 2048;

/// Writes a text so that a header can hold it, in at most so many bytes; the rest is left out.
pub(super) fn encode(text: &str, most: usize) -> String {
    let mut encoded = String::new();
    let mut utf8 = [0; 4];
    for char in text.trim().chars() {
        let piece = utf8_percent_encode(char.encode_utf8(&mut utf8), ENCODED);
        let len: usize = piece.clone().map(str::len).sum();
        if encoded.len() + len > most {
            break;
        }
        encoded.extend(piece);
    }
    // A header's value neither begins nor ends with a space.
    encoded.truncate(encoded.trim_end().len());
    encoded
}

/// A subject as part of another one, which clients can tell from what follows it.
pub(super) fn splittable(subject: &str) -> Cow<'_, str> {
    if is_splittable(subject) {
        return Cow::Borrowed(subject);
    }
    let mut utf8 = [0; 4];
    let mut written = String::new();
    for char in subject.chars() {
        if char.is_whitespace() {
            written.extend(utf8_percent_encode(char.encode_utf8(&mut utf8), NON_ALPHANUMERIC));
        } else {
            written.push(char);
        }
    }
    Cow::Owned(written)
}

pub(super) fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

pub(super) fn read_time(text: &str) -> Option<SystemTime> {
    crate::timestamp::read(text)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::header;

    #[test]
    fn what_is_written_is_read_back() {
        for text in ["", "plain", "100% wrong", "two\nlines\tand a tab", "größer: 価格", "a%41"]
        {
            let encoded = encode(text, MOST_ERROR);
            assert!(header::is_value(&encoded), "{encoded:?}");
            assert_eq!(decode(&encoded), text);
        }
        assert_eq!(encode(" a b ", MOST_ERROR), "a b");
    }

    #[test]
    fn what_is_too_long_is_cut_between_characters() {
        assert_eq!(encode("aé", 6), "a");
        assert_eq!(encode("aé", 7), "a%C3%A9");
        assert_eq!(encode("a b", 2), "a");
        assert_eq!(encode("abc", 0), "");
    }

    #[test]
    fn times_keep_their_nanoseconds() {
        let at = SystemTime::UNIX_EPOCH + Duration::new(1_700_000_000, 123_456_789);
        assert_eq!(crate::timestamp::write(at).as_deref(), Some("2023-11-14T22:13:20.123456789Z"));
        assert_eq!(read_time("2023-11-14T22:13:20.123456789Z"), Some(at));
        assert_eq!(read_time("soon"), None);
    }
}
