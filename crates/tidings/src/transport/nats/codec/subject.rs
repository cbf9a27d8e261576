//! Subjects, as async-nats has them.

use std::cell::Cell;

use async_nats::ToSubject;

use crate::subject::Subject;
use crate::text::Text;
use crate::transport::Fault;
use crate::transport::nats::codec::ascii::all_from;

/// A constant subject stays a constant: nothing is allocated for it.
pub(crate) fn subject_of(subject: Subject) -> async_nats::Subject {
    match subject.into_text() {
        Text::Static(subject) => async_nats::Subject::from_static(subject),
        // The bytes are text already: this only checks it.
        Text::Shared(subject) => async_nats::Subject::try_from(subject.as_bytes().clone())
            .unwrap_or_else(|_| async_nats::Subject::from(&*subject)),
    }
}

/// A subject that can be written to the connection, where white space would end it. The client is
/// told not to look itself, which takes longer, and each time for what was looked at before.
pub(crate) fn checked(subject: &Subject) -> Result<async_nats::Subject, Fault> {
    let text = subject.as_str();
    if text.is_empty() || !all_from(b'!', text) {
        let why = format!("{subject:?} is no subject: it is empty, or holds white space");
        return Err(Fault::client(why));
    }
    Ok(subject_of(subject.clone()))
}

/// A subject for the client, which asks whoever gives it one for a copy of it. It asks once, and so
/// nothing has to be copied.
pub(crate) struct Moved(Cell<Option<async_nats::Subject>>);

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

/// A subject that arrived.
#[inline]
pub(crate) fn from_nats(subject: async_nats::Subject) -> Subject {
    Subject::from(subject.into_string())
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
    fn a_subject_is_moved_once() {
        let moved = Moved::from(async_nats::Subject::from_static("a"));
        assert_eq!(moved.to_subject().as_str(), "a");
        assert_eq!(moved.to_subject().as_str(), "");
    }
}
