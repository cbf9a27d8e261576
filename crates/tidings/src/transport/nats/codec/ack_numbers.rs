//! Numbers of a delivery, read off its reply subject (ADR-15).

use std::sync::Arc;

use super::ack_subject::{ACK, is_long};

/// Beginning of the reply subjects of a consumer, and the names in it.
#[derive(Debug)]
pub(crate) struct AckLead {
    pub(crate) lead: String,
    pub(crate) form: Form,
    pub(crate) stream: Arc<str>,
    pub(crate) name: Arc<str>,
}

/// Form of a reply subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// `$JS.ACK.<stream>.<consumer>.<delivered>.<stream seq>.<consumer seq>.<time>.<pending>`
    Short,
    /// Form with a domain and an account before the stream; it may grow at its end.
    Long,
}

/// The numbers of one delivery.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Numbers {
    pub(crate) attempt: u64,
    pub(crate) sequence: u64,
    pub(crate) consumer_sequence: u64,
    pub(crate) nanos: u64,
    pub(crate) pending: u64,
}

impl AckLead {
    /// Reads the beginning of a reply subject, and its numbers.
    pub(crate) fn read(reply: &str) -> Option<(Self, Numbers)> {
        let rest = reply.strip_prefix(ACK)?;
        let form = if is_long(rest) { Form::Long } else { Form::Short };
        let mut tokens = rest.splitn(if form == Form::Long { 5 } else { 3 }, '.');
        if form == Form::Long {
            // The domain and the account.
            tokens.nth(1)?;
        }
        let (stream, name, numbers) = (tokens.next()?, tokens.next()?, tokens.next()?);
        let lead = reply.strip_suffix(numbers)?.to_owned();
        let consumer = Self { lead, form, stream: stream.into(), name: name.into() };
        Some((consumer, Numbers::read(numbers, form)?))
    }
}

impl Numbers {
    #[inline]
    pub(crate) fn read(text: &str, form: Form) -> Option<Self> {
        let mut rest = text.as_bytes();
        let numbers = Self {
            attempt: number(&mut rest)?,
            sequence: number(&mut rest)?,
            consumer_sequence: number(&mut rest)?,
            nanos: long_number(&mut rest)?,
            pending: number(&mut rest)?,
        };
        (form == Form::Long || rest.is_empty()).then_some(numbers)
    }
}

/// Takes one number, and the dot behind it if there is one.
fn number(text: &mut &[u8]) -> Option<u64> {
    rest_of_number(text, 0, 0)
}

/// Takes one that has most likely sixteen digits and more, as nanoseconds since 1970 have.
fn long_number(text: &mut &[u8]) -> Option<u64> {
    let halves = text.first_chunk().zip(text.get(8..).and_then(<[u8]>::first_chunk));
    let Some((high, low)) = halves.and_then(|(high, low)| eight(*high).zip(eight(*low))) else {
        return number(text);
    };
    rest_of_number(text, high * 100_000_000 + low, 16)
}

/// Value of eight digits, taken together; `None` if one of them is no digit.
fn eight(digits: [u8; 8]) -> Option<u64> {
    const HIGH: u64 = 0xF0F0_F0F0_F0F0_F0F0;
    let text = u64::from_le_bytes(digits);
    // '0' to '9' are 0x30 to 0x39: with 6 more, too, they begin with 3.
    let ends = text.wrapping_add(0x0606_0606_0606_0606);
    if (text & HIGH) | ((ends & HIGH) >> 4) != 0x3333_3333_3333_3333 {
        return None;
    }
    // The first digit is in the lowest byte: neighbours are joined to two digits, to four, to eight.
    let two = (text & 0x0F0F_0F0F_0F0F_0F0F).wrapping_mul((10 << 8) + 1) >> 8;
    let four = (two & 0x00FF_00FF_00FF_00FF).wrapping_mul((100 << 16) + 1) >> 16;
    Some((four & 0x0000_FFFF_0000_FFFF).wrapping_mul((10_000 << 32) + 1) >> 32)
}

/// Takes the digits behind those that were taken, which have this value.
fn rest_of_number(text: &mut &[u8], mut value: u64, mut digits: usize) -> Option<u64> {
    while let Some(digit) = text.get(digits).map(|byte| byte.wrapping_sub(b'0'))
        && digit <= 9
    {
        value = value.wrapping_mul(10).wrapping_add(u64::from(digit));
        digits += 1;
    }
    let (number, rest) = text.split_at_checked(digits)?;
    *text = match rest {
        [] => rest,
        [b'.', rest @ ..] => rest,
        _ => return None,
    };
    match digits {
        0 => None,
        // So many always fit.
        1..=19 => Some(value),
        _ => std::str::from_utf8(number).ok()?.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_numbers_are_read_as_short_ones_are() {
        for read in [
            "0",
            "7.",
            "12345678",
            "123456789012345",
            "1234567890123456",
            "1700000000000000001.7",
            "9999999999999999999",
            "18446744073709551615",
            "18446744073709551616",
            "0000000000000000000000001",
            "1234567:90123456",
            "12345678901234/6",
            "/234567890123456",
            "12345678.0123456",
            "",
            ".",
            "123456789012345\u{b2}",
        ] {
            let (mut one, mut other) = (read.as_bytes(), read.as_bytes());
            assert_eq!(long_number(&mut one), number(&mut other), "{read}");
            assert_eq!(one, other, "{read}");
        }
        for digit in 0..=255 {
            for place in 0..8 {
                let mut digits = *b"12345678";
                digits[place] = digit;
                let read = std::str::from_utf8(&digits).ok().filter(|_| digit.is_ascii_digit());
                assert_eq!(eight(digits), read.and_then(|read| read.parse().ok()), "{digits:?}");
            }
        }
    }
}
