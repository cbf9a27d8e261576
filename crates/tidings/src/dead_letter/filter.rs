//! Selection of dead letters.

use std::time::SystemTime;

use tidings_subject::{check_consumer_name, check_filter, check_stream_name, matches};

use super::cause::DeadLetterReason;
use super::error::DeadLetterError;
use super::naming;
use super::stored_letter::DeadLetter;

/// Selection of dead letters. Everything that is asked for must hold; nothing asked for is all.
///
/// A number is the letter with this sequence, which must hold together with all else that is asked
/// for: one that is not of the asked-for stream is not meant.
///
/// ```
/// use tidings::{DeadLetterFilter, DeadLetterReason};
///
/// let filter = DeadLetterFilter::all().consumer("shop-orders").reason(DeadLetterReason::Attempts);
/// let seventh = DeadLetterFilter::from(7);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use = "it only says which letters are meant"]
pub struct DeadLetterFilter {
    pub(super) sequence: Option<u64>,
    stream: Option<String>,
    consumer: Option<String>,
    subject: Option<String>,
    reason: Option<DeadLetterReason>,
    message_id: Option<String>,
    pub(super) since: Option<SystemTime>,
    pub(super) until: Option<SystemTime>,
    pub(super) limit: Option<u64>,
}

impl From<u64> for DeadLetterFilter {
    fn from(sequence: u64) -> Self {
        Self { sequence: Some(sequence), ..Self::default() }
    }
}

impl DeadLetterFilter {
    /// All letters.
    pub fn all() -> Self {
        Self::default()
    }

    /// Letters of messages of this stream.
    pub fn stream(mut self, stream: impl Into<String>) -> Self {
        self.stream = Some(stream.into());
        self
    }

    /// Letters of what this consumer could not handle.
    pub fn consumer(mut self, consumer: impl Into<String>) -> Self {
        self.consumer = Some(consumer.into());
        self
    }

    /// Letters of messages whose subject this filter matches, such as `orders.*.created`.
    pub fn subject(mut self, filter: impl Into<String>) -> Self {
        self.subject = Some(filter.into());
        self
    }

    /// Letters with this reason.
    pub fn reason(mut self, reason: DeadLetterReason) -> Self {
        self.reason = Some(reason);
        self
    }

    /// Letters of the message with this id.
    pub fn message_id(mut self, id: impl Into<String>) -> Self {
        self.message_id = Some(id.into());
        self
    }

    /// Letters that were put aside at this time or later.
    pub fn since(mut self, time: SystemTime) -> Self {
        self.since = Some(time);
        self
    }

    /// Letters that were put aside before this time.
    pub fn until(mut self, time: SystemTime) -> Self {
        self.until = Some(time);
        self
    }

    /// Limits the letters to so many, the oldest first.
    pub fn limit(mut self, limit: u64) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Filter on the letters' subjects, by which the server can choose.
    pub(super) fn letter_subjects(&self, letters: &str) -> Result<String, DeadLetterError> {
        let refused = |part, value: &str, problem: String| DeadLetterError::Filter {
            part,
            value: value.to_owned(),
            problem,
        };
        if let Some(stream) = &self.stream {
            check_stream_name(stream).map_err(|why| refused("stream", stream, why.to_string()))?;
        }
        if let Some(consumer) = &self.consumer {
            check_consumer_name(consumer)
                .map_err(|why| refused("consumer", consumer, why.to_string()))?;
        }
        if let Some(subject) = &self.subject {
            check_filter(subject).map_err(|why| refused("subject", subject, why.to_string()))?;
        }
        Ok(naming::letter_subject(
            letters,
            self.stream.as_deref().unwrap_or("*"),
            self.consumer.as_deref().unwrap_or("*"),
            self.subject.as_deref().unwrap_or(">"),
        ))
    }

    /// Returns `true` if the server can choose by all that is asked for.
    pub(super) fn is_of_subjects(&self) -> bool {
        let Self { sequence, reason, message_id, since, until, limit, .. } = self;
        let of_letter = reason.is_some() || message_id.is_some() || sequence.is_some();
        !of_letter && since.is_none() && until.is_none() && limit.is_none()
    }

    /// Returns `true` if a letter is meant.
    pub(super) fn selects(&self, letter: &DeadLetter) -> bool {
        let asked = |wanted: &Option<String>, is: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| Some(wanted) == is)
        };
        let in_time = self.since.is_none_or(|since| letter.put_aside_at() >= since)
            && self.until.is_none_or(|until| letter.put_aside_at() < until);
        let of_subject = |filter: &String| matches(filter, letter.subject());
        in_time
            && self.sequence.is_none_or(|sequence| sequence == letter.sequence)
            && asked(&self.stream, Some(letter.stream()))
            && asked(&self.consumer, Some(letter.consumer()))
            && self.subject.as_ref().is_none_or(of_subject)
            && asked(&self.message_id, letter.message_id())
            && self.reason.as_ref().is_none_or(|reason| reason == letter.reason())
    }
}
