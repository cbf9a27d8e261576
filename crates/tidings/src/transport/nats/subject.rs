//! Subjects, as async-nats has them.

use std::cell::Cell;

use async_nats::ToSubject;

use crate::subject::Subject;
use crate::transport::Fault;

/// A constant subject stays a constant: nothing is allocated for it.
pub(super) fn subject_of(subject: Subject) -> async_nats::Subject {
    match subject.into_inner() {
        std::borrow::Cow::Borrowed(subject) => async_nats::Subject::from_static(subject),
        std::borrow::Cow::Owned(subject) => async_nats::Subject::from(subject),
    }
}

/// A subject that can be written to the connection, where white space would end it. The client is
/// told not to look itself, which takes longer, and each time for what was looked at before.
pub(super) fn checked(subject: &Subject) -> Result<async_nats::Subject, Fault> {
    let text = subject.as_str().as_bytes();
    let (words, rest) = text.as_chunks();
    let is_one = words.iter().all(|word| is_visible(u64::from_ne_bytes(*word)))
        && rest.iter().all(|byte| *byte > b' ');
    if text.is_empty() || !is_one {
        let why = format!("{subject:?} is no subject: it is empty, or holds white space");
        return Err(Fault::client(why));
    }
    Ok(subject_of(subject.clone()))
}

/// Whether none of eight bytes is a space or a control character.
fn is_visible(word: u64) -> bool {
    const ONES: u64 = u64::MAX / 0xFF;
    // What is less than `!` borrows its highest bit; what has it is outside ASCII.
    word.wrapping_sub(ONES * u64::from(b'!')) & !word & (ONES << 7) == 0
}

/// A subject for the client, which asks whoever gives it one for a copy of it. It asks once, and so
/// nothing has to be copied.
pub(super) struct Moved(Cell<Option<async_nats::Subject>>);

impl From<async_nats::Subject> for Moved {
    fn from(subject: async_nats::Subject) -> Self {
        Self(Cell::new(Some(subject)))
    }
}

impl ToSubject for Moved {
    fn to_subject(&self) -> async_nats::Subject {
        // An empty one is refused.
        self.0.take().unwrap_or(async_nats::Subject::from_static(""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_a_subject_is_found_wherever_it_stands() {
        for length in 1..40 {
            let subject = "\u{e9}a.*!~".chars().cycle().take(length).collect::<String>();
            assert_eq!(&*checked(&Subject::from(subject.clone())).unwrap(), subject);
            for (at, _) in subject.char_indices() {
                for white in [' ', '\t', '\r', '\n', '\0'] {
                    let mut broken = subject.clone();
                    broken.insert(at, white);
                    assert!(checked(&Subject::from(broken.clone())).is_err(), "{broken:?}");
                }
            }
        }
        assert!(checked(&Subject::from_static("")).is_err());
    }

    #[test]
    fn each_byte_is_seen_as_it_is() {
        for byte in 0..=u8::MAX {
            for at in 0..8 {
                for others in [b'!', b'~', 0x80, 0xFF] {
                    let mut word = [others; 8];
                    word[at] = byte;
                    assert_eq!(is_visible(u64::from_ne_bytes(word)), byte > b' ', "{word:?}");
                }
            }
        }
    }

    #[test]
    fn a_subject_is_moved_once() {
        let moved = Moved::from(async_nats::Subject::from_static("a"));
        assert_eq!(moved.to_subject().as_str(), "a");
        assert_eq!(moved.to_subject().as_str(), "");
    }
}
