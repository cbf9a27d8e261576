//! A letter that was read: what was put aside, why, and where it comes from.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use data_encoding::BASE64;

use super::cause::DeadLetterReason;
use super::{naming, text};
use crate::cloud_event::{self, CloudEvent};
use crate::envelope::{self, DecodeError};
use crate::header::{self, Headers};
use crate::message::Decode;
use crate::subject::Subject;
use crate::transport::{
    ApiError, Fault, Incoming, IncomingHeaders, StoredHeaders, StoredMessage, Transport,
    WarrantVerifier, Which,
};

/// A message that was put aside, and why.
///
/// What a letter does not say, because it was too large to, is `None`.
///
#[doc = include_str!("contract.md")]
#[derive(Debug, Clone)]
pub struct DeadLetter {
    pub(super) sequence: u64,
    put_aside_at: SystemTime,
    subject: Subject,
    stream: String,
    consumer: String,
    original_sequence: Option<u64>,
    stored_at: Option<SystemTime>,
    reason: DeadLetterReason,
    error: String,
    attempts: Option<u64>,
    first_failed_at: Option<SystemTime>,
    last_failed_at: Option<SystemTime>,
    headers: IncomingHeaders,
    raw_headers: Option<Bytes>,
    payload: Bytes,
    original: OriginalLocation,
}

/// Place of the original's headers and payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OriginalLocation {
    /// The letter itself has the original.
    Letter,
    /// The stream that kept the original still has them.
    Stream,
    /// Nowhere any more.
    Lost,
}

/// Reads any message as a letter, and what it says.
#[cfg(any(test, fuzzing))]
pub(crate) fn open_any(stored: StoredMessage) {
    if let Some(letter) = DeadLetter::open("shop-dead-letters", stored) {
        assert!(!letter.stream().is_empty() && !letter.consumer().is_empty());
        let _ = (letter.error(), letter.message_id(), letter.redriven(), letter.attempts());
        let _ = format!("{letter:?}");
    }
}

impl DeadLetter {
    /// Reads a letter; `None` if the message is none.
    pub(super) fn open(letters: &str, stored: StoredMessage) -> Option<Self> {
        let (stream, consumer, subject) = naming::parts(letters, stored.subject.as_str())?;
        let (stream, consumer, subject) =
            (stream.to_owned(), consumer.to_owned(), subject.to_owned());
        let (written, block) = match stored.headers {
            StoredHeaders::Read(headers) => (headers, None),
            StoredHeaders::Unreadable(block) => (Headers::new(), Some(block)),
        };
        let raw_headers = match written.get(header::DL_RAW_HEADERS) {
            Some(raw) => BASE64.decode(raw.as_bytes()).ok().map(Bytes::from),
            None => block,
        };
        let headers = match &raw_headers {
            Some(block) => Headers::from_wire(block).unwrap_or_default(),
            None => originals(&written),
        };
        let refers = written.get(header::DL_REFERS).is_some();
        let of_id = written.get(header::MESSAGE_ID).and_then(naming::of_letter_id);
        let number = |name| written.get(name)?.parse::<u64>().ok();
        let time = |name| text::read_time(written.get(name)?);
        let text = |name| written.get(name).map(text::decode);
        let reason = written.get(header::DL_REASON).unwrap_or_default();
        // The letter's own subject shows it in another way where it can't be part of one, and is cut
        // where it is too long. Whatever else it says there is not believed.
        let original = text(header::DL_SUBJECT).filter(|said| {
            text::splittable(said) == subject
                || naming::fitting(letters, &stream, &consumer, said) == stored.subject.as_str()
        });
        let subject = Subject::from(original.unwrap_or(subject));
        Some(Self {
            sequence: stored.sequence,
            put_aside_at: stored.stored_at,
            subject,
            stream,
            consumer,
            original_sequence: number(header::DL_SEQUENCE).or(of_id.map(|(sequence, _)| sequence)),
            stored_at: time(header::DL_STORED_AT)
                .or(of_id.map(|(_, nanos)| SystemTime::UNIX_EPOCH + Duration::from_nanos(nanos))),
            // Every word is a reason: one that is not known is `Other`.
            reason: reason.parse().unwrap_or(DeadLetterReason::Other(String::new())),
            error: text(header::DL_ERROR).unwrap_or_default(),
            attempts: number(header::DL_ATTEMPTS),
            first_failed_at: time(header::DL_FIRST_FAILED_AT),
            last_failed_at: time(header::DL_LAST_FAILED_AT),
            headers: headers.into(),
            raw_headers,
            payload: stored.payload,
            original: if refers { OriginalLocation::Lost } else { OriginalLocation::Letter },
        })
    }

    /// Fetches the original of a letter that refers to it, if it is still where it was.
    pub(super) async fn complete(&mut self, transport: &Transport) -> Result<(), Fault> {
        let (OriginalLocation::Lost, Some(sequence)) = (self.original, self.original_sequence)
        else {
            return Ok(());
        };
        let found = match transport.stored(&self.stream, Which::At(sequence)).await {
            Err(Fault::Api(error)) if error.code == ApiError::STREAM_NOT_FOUND => None,
            found => found?,
        };
        // A stream that was made again has another message of this sequence.
        let Some(found) = found.filter(|found| {
            found.subject == self.subject && Some(found.stored_at) == self.stored_at
        }) else {
            return Ok(());
        };
        match found.headers {
            StoredHeaders::Read(headers) => self.headers = headers.into(),
            StoredHeaders::Unreadable(block) => {
                self.headers = Headers::from_wire(&block).unwrap_or_default().into();
                self.raw_headers = Some(block);
            }
        }
        self.payload = found.payload;
        self.original = OriginalLocation::Stream;
        Ok(())
    }

    /// Finds out whether a redrive has signed what the original's headers say of one.
    pub(super) async fn confirm(&mut self, verifier: &WarrantVerifier) {
        if !self.headers.claims() {
            return;
        }
        let vouched = verifier.verifies(self.subject.as_str(), &self.headers, &self.payload).await;
        if vouched {
            let headers = Headers::clone(&self.headers);
            self.headers = IncomingHeaders::Warranted(Box::new(headers));
        }
    }

    /// The original's own identity before it was put back first, if a redrive has signed that.
    pub(super) fn origin(&self) -> Option<String> {
        let (stream, sequence, nanos) = self.headers.origin()?;
        Some(format!("{stream}.{sequence}.{nanos}"))
    }

    /// Returns `true` if the original was too large for a letter: the letter then refers to the message in
    /// [`stream`](Self::stream) with [`original_sequence`](Self::original_sequence), and headers and
    /// payload are read from there.
    pub fn refers(&self) -> bool {
        self.original != OriginalLocation::Letter
    }

    /// Returns `true` if the original is lost: the letter refers to it, and its stream keeps it no
    /// more. There are then neither headers nor a payload.
    pub fn is_gone(&self) -> bool {
        self.original == OriginalLocation::Lost
    }

    /// Returns `true` if it refers to an original that is where it was.
    pub(super) fn is_there(&self) -> bool {
        self.original == OriginalLocation::Stream
    }

    /// Sequence of the letter in the dead-letter stream: what it is redriven and purged by.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Time at which the message was put aside.
    pub fn put_aside_at(&self) -> SystemTime {
        self.put_aside_at
    }

    /// Reason why the message was put aside.
    pub fn reason(&self) -> &DeadLetterReason {
        &self.reason
    }

    /// The last error with its sources; empty if there is none.
    pub fn error(&self) -> &str {
        &self.error
    }

    /// Number of attempts at it: its deliveries to the consumer, up to as many as the retry policy
    /// allows. One that a dying process took with it counts, and so does one that a shutdown gave
    /// back; a [`Failure::defer`](crate::Failure::defer) is none. Where only the server knows of it
    /// ([`DeadLetterReason::Deliveries`], from a consumer that nobody reads), it is how often the
    /// server delivered it.
    pub fn attempts(&self) -> Option<u64> {
        self.attempts
    }

    /// Time at which it failed first, if anybody saw it.
    pub fn first_failed_at(&self) -> Option<SystemTime> {
        self.first_failed_at
    }

    /// Time at which it failed last, if anybody saw it.
    pub fn last_failed_at(&self) -> Option<SystemTime> {
        self.last_failed_at
    }

    /// The subject on which the original was published.
    pub fn subject(&self) -> &str {
        self.subject.as_str()
    }

    /// The stream that kept the original.
    pub fn stream(&self) -> &str {
        &self.stream
    }

    /// The consumer that could not handle the original.
    pub fn consumer(&self) -> &str {
        &self.consumer
    }

    /// Sequence of the original in the stream that kept it.
    pub fn original_sequence(&self) -> Option<u64> {
        self.original_sequence
    }

    /// Time at which the stream that kept it stored it.
    pub fn stored_at(&self) -> Option<SystemTime> {
        self.stored_at
    }

    /// The original's headers, `Nats-` ones included.
    pub fn headers(&self) -> &Headers {
        &self.headers
    }

    /// The original's whole header block, where it is one that can't be read or written again.
    pub fn raw_headers(&self) -> Option<&Bytes> {
        self.raw_headers.as_ref()
    }

    /// The original's payload.
    pub fn payload(&self) -> &Bytes {
        &self.payload
    }

    /// Has the payload that an object holds.
    pub(super) fn set_payload(&mut self, payload: Bytes) {
        self.payload = payload;
    }

    /// The attributes of the CloudEvent that the original is, if it is one.
    pub fn cloud_event(&self) -> Option<CloudEvent> {
        cloud_event::event_of(&self.headers, &self.payload)
    }

    /// The original's id.
    pub fn message_id(&self) -> Option<&str> {
        self.headers.message_id()
    }

    /// Number of times that it was put back before, as a redrive has signed.
    pub fn redriven(&self) -> u64 {
        self.headers.redriven()
    }

    /// Decodes the original as a message of this type.
    ///
    /// # Errors
    /// [`DecodeError`] if it is another message, or its payload can't be read.
    pub fn decode<M: Decode>(&self) -> Result<M, DecodeError> {
        envelope::decode(&Incoming {
            subject: self.subject.clone(),
            reply: None,
            headers: self.headers.clone(),
            payload: self.payload.clone(),
            receipt: None,
            settle: None,
        })
    }
}

/// The original's headers among those of its letter.
fn originals(written: &Headers) -> Headers {
    let mut headers = Headers::new();
    for (name, value) in written.iter() {
        if let Some(original) = header::original_name(name) {
            headers.push(original.to_owned(), value.to_owned());
        } else if !header::acts_on_letters(name) {
            headers.push(name.to_owned(), value.to_owned());
        }
    }
    headers
}
