//! The name of one question: what stands behind the inbox's prefix in the subject of its answer.

use bytes::BytesMut;

/// What a token of a subject can hold, six bits each.
const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The bits of a place, and how many they are where so few will do. The lowest bit says which; above
/// the place stands the turn.
const PLACE_BITS: u32 = 24;
const FEW_BITS: u32 = 11;

/// A place among those who wait, and how often it had been taken before. The turn tells a late
/// answer to a question that was forgotten from the answer to who has the place now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ticket {
    pub(super) place: u32,
    pub(super) turn: u32,
}

impl Ticket {
    /// How many places there can be.
    pub(super) const PLACES: usize = 1 << PLACE_BITS;
    /// The longest text, in bytes.
    pub(super) const LONGEST: usize = 10;

    /// Writes it as a token: lowest digit first, and as few as will do.
    pub(super) fn write(self, text: &mut BytesMut) {
        let (turn, place) = (u64::from(self.turn), u64::from(self.place) << 1);
        let mut rest = match self.place >> FEW_BITS {
            0 => turn << (FEW_BITS + 1) | place,
            _ => turn << (PLACE_BITS + 1) | place | 1,
        };
        let (mut digits, mut length) = ([0; Self::LONGEST], 0);
        for digit in &mut digits {
            *digit = DIGITS[(rest & 63) as usize];
            length += 1;
            rest >>= 6;
            if rest == 0 {
                break;
            }
        }
        text.extend_from_slice(&digits[..length]);
    }

    /// Reads it back; `None` if it is none.
    pub(super) fn read(token: &str) -> Option<Self> {
        if token.is_empty() || token.len() > Self::LONGEST {
            return None;
        }
        let mut value = 0;
        for digit in token.bytes().rev() {
            value = value << 6 | u64::from(value_of(digit)?);
        }
        let bits = if value & 1 == 0 { FEW_BITS } else { PLACE_BITS };
        let place = u32::try_from(value >> 1 & ((1 << bits) - 1)).ok()?;
        Some(Self { place, turn: u32::try_from(value >> (bits + 1)).ok()? })
    }
}

fn value_of(digit: u8) -> Option<u8> {
    Some(match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'-' => 62,
        b'_' => 63,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_is_a_token() {
        let last = u32::try_from(Ticket::PLACES - 1).unwrap();
        for place in [0, 1, 63, 64, 2047, 2048, 4095, last] {
            for turn in [0, 1, 63, 1 << 20, u32::MAX] {
                let (ticket, mut text) = (Ticket { place, turn }, BytesMut::new());
                ticket.write(&mut text);
                let text = std::str::from_utf8(&text).unwrap();
                assert!(text.len() <= Ticket::LONGEST, "{text}");
                assert_eq!(tidings_subject::check_token(text), Ok(()));
                assert_eq!(Ticket::read(text), Some(ticket), "{text}");
            }
        }
    }

    #[test]
    fn what_is_none_is_not_read() {
        for token in ["", ".", "é", "A A", "AAAAAAAAAAA", "__________", "A*"] {
            assert_eq!(Ticket::read(token), None, "{token}");
        }
    }

    #[test]
    fn each_digit_is_worth_its_place() {
        for (value, digit) in DIGITS.iter().enumerate() {
            assert_eq!(value_of(*digit).map(usize::from), Some(value));
        }
    }
}
