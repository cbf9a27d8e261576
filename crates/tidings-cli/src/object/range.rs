//! Bytes of an object, as an argument.

use std::ops::Range;
use std::str::FromStr;

/// Bytes from one place up to another, which is not one of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bytes(pub(super) Range<u64>);

impl FromStr for Bytes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            "give the first byte and the one behind the last, from 0: `0..1024`, `1024..`, `..1024`"
                .to_owned()
        };
        let (begin, end) = text.split_once("..").ok_or_else(wrong)?;
        let number = |text: &str, none| match text {
            "" => Ok(none),
            text if text.bytes().all(|byte| byte.is_ascii_digit()) => {
                text.parse().map_err(|_| wrong())
            }
            _ => Err(wrong()),
        };
        let (begin, end) = (number(begin, 0)?, number(end, u64::MAX)?);
        if begin > end {
            return Err(format!("it ends before it begins; {}", wrong()));
        }
        Ok(Self(begin..end))
    }
}

#[cfg(test)]
mod tests {
    use super::Bytes;

    #[test]
    fn ranges_are_read() {
        let read = |text: &str| text.parse::<Bytes>().map(|bytes| bytes.0);
        assert_eq!(read("0..16"), Ok(0..16));
        assert_eq!(read("16.."), Ok(16..u64::MAX));
        assert_eq!(read("..16"), Ok(0..16));
        assert_eq!(read(".."), Ok(0..u64::MAX));
        assert_eq!(read("7..7"), Ok(7..7));
        for wrong in ["", "7", "7-9", "a..b", "+1..2", "-1..2", "1..=2", "99999999999999999999.."] {
            assert!(read(wrong).unwrap_err().contains("`0..1024`"), "{wrong}");
        }
        assert!(read("9..7").unwrap_err().contains("ends before it begins"));
    }
}
