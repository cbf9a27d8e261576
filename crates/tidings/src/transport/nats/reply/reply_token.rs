//! The name of one question: the last token of the subject of its answer.
//!
//! Whoever is asked learns it, and may learn from it no other one: the slot is a small number that
//! anybody can guess, and so there are 48 random bits beside it that nobody can.

use std::fmt;

use crate::transport::nats::reply::secret::Secret;

/// The digits of a token, six bits each.
const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Two digits at a time.
static PAIRS: [[u8; 2]; 4096] = pairs();

const fn pairs() -> [[u8; 2]; 4096] {
    let mut pairs = [[0; 2]; 4096];
    let mut value = 0;
    while value < pairs.len() {
        pairs[value] = [DIGITS[value & 63], DIGITS[value >> 6]];
        value += 1;
    }
    pairs
}

/// Number of bytes of the text that say the slot.
const SLOT_LENGTH: usize = 4;

/// A slot among those who wait, and what only this question's answer has beside it. It also tells a
/// late answer to a question that was forgotten from the answer to who has the slot now.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct ReplyToken {
    pub(crate) slot: u32,
    pub(crate) generation: Generation,
}

/// 48 random bits, as they are written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Generation([u8; ReplyToken::LENGTH - SLOT_LENGTH]);

impl Generation {
    /// Generation of a slot that nobody has ever taken: no text that is read is like it.
    pub(crate) const NONE: Self = Self([0; ReplyToken::LENGTH - SLOT_LENGTH]);

    pub(crate) fn new(secret: Secret) -> Self {
        let (mut text, mut rest) = ([0; ReplyToken::LENGTH - SLOT_LENGTH], secret.bits());
        for pair in text.as_chunks_mut().0 {
            *pair = PAIRS[(rest & 4095) as usize];
            rest >>= 12;
        }
        Self(text)
    }
}

impl ReplyToken {
    /// Maximum number of slots.
    pub(crate) const SLOTS: usize = 1 << (6 * SLOT_LENGTH);
    /// The length of the text, in bytes.
    pub(crate) const LENGTH: usize = 12;

    /// The token.
    pub(crate) fn text(self) -> [u8; Self::LENGTH] {
        let mut text = [0; Self::LENGTH];
        let (slot, generation) = text.split_at_mut(SLOT_LENGTH);
        let [low, high] = [self.slot & 4095, self.slot >> 12 & 4095];
        slot[..2].copy_from_slice(&PAIRS[low as usize]);
        slot[2..].copy_from_slice(&PAIRS[high as usize]);
        generation.copy_from_slice(&self.generation.0);
        text
    }

    /// Reads a token back; `None` if the text is none.
    pub(crate) fn read(token: &str) -> Option<Self> {
        let (slot, generation) = token.as_bytes().split_first_chunk::<SLOT_LENGTH>()?;
        let generation = Generation(generation.try_into().ok()?);
        let [a, b, c, d] = slot.map(|digit| VALUES[usize::from(digit)]);
        // One that is none is more than all digits have.
        if (a | b | c | d) > 63 {
            return None;
        }
        let [a, b, c, d] = [a, b, c, d].map(u32::from);
        Some(Self { slot: a | b << 6 | c << 12 | d << 18, generation })
    }
}

impl fmt::Debug for ReplyToken {
    /// The slot alone: what is logged is read by others.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ReplyToken").field(&self.slot).finish()
    }
}

impl fmt::Debug for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Generation")
    }
}

/// Value of each byte as a digit; `NO_DIGIT` if it is none.
static VALUES: [u8; 256] = values();

const NO_DIGIT: u8 = 0xff;

const fn values() -> [u8; 256] {
    let mut values = [NO_DIGIT; 256];
    let mut value = 0;
    while value < DIGITS.len() {
        #[expect(clippy::cast_possible_truncation, reason = "there are 64")]
        let worth = value as u8;
        values[DIGITS[value] as usize] = worth;
        value += 1;
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::nats::reply::secret::Secrets;

    #[test]
    fn what_is_written_is_read_and_is_a_token() {
        let mut secrets = Secrets::default();
        let last = u32::try_from(ReplyToken::SLOTS - 1).unwrap();
        for slot in [0, 1, 63, 64, 2047, 2048, 4095, 4096, last] {
            for _ in 0..100 {
                let token =
                    ReplyToken { slot, generation: Generation::new(secrets.next().unwrap()) };
                let text = token.text();
                let text = std::str::from_utf8(&text).unwrap();
                assert_eq!(tidings_subject::check_token(text), Ok(()));
                assert_eq!(ReplyToken::read(text), Some(token), "{text}");
            }
        }
    }

    #[test]
    fn what_is_none_is_not_read() {
        for token in ["", ".", "é", "AAAAAAAAAAA", "AAAAAAAAAAAAA", "A*AAAAAAAAAA"] {
            assert_eq!(ReplyToken::read(token), None, "{token}");
        }
    }

    #[test]
    fn no_text_is_that_of_a_place_that_nobody_has_taken() {
        let token = std::str::from_utf8(&[b'A'; ReplyToken::LENGTH]).unwrap().to_owned();
        assert!(ReplyToken::read(&token).unwrap().generation != Generation::NONE);
    }

    /// A token that is known says nothing of the next one: each bit is another one in half of all pairs.
    #[test]
    fn the_next_one_cannot_be_told() {
        let mut secrets = Secrets::default();
        let mut bits = || secrets.next().unwrap().bits() & ((1 << 48) - 1);
        let (mut last, mut changed) = (bits(), [0; 48]);
        for _ in 0..4000 {
            let next = bits();
            for (bit, changed) in changed.iter_mut().enumerate() {
                *changed += (last ^ next) >> bit & 1;
            }
            last = next;
        }
        // Twelve times the standard deviation of so many throws.
        assert!(changed.iter().all(|changed| (1620..2380).contains(changed)), "{changed:?}");
    }

    #[test]
    fn each_digit_is_worth_its_place() {
        for (value, digit) in DIGITS.iter().enumerate() {
            assert_eq!(usize::from(VALUES[usize::from(*digit)]), value);
        }
    }
}
