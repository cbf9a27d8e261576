//! The message itself.

use bytes::Bytes;
use tidings_subject::check_subject;
use uuid::Uuid;

use super::error::RecordError;
use crate::header::{self, Headers};
use crate::subject::Subject;
use crate::transport::{Outgoing, RawMessage};

/// A message as data: its subject, its headers and its bytes, and the stream that is to keep it.
///
/// [`Draft::record`](crate::Draft::record) makes one of an event, as publishing it would send it, its id
/// included. It can be kept, in a database or as JSON, and published as often as it takes with
/// [`Bus::publish_record`](crate::Bus::publish_record): a stream stores it once within its duplicate window.
///
/// ```
/// use tidings::Record;
/// use tidings::prelude::*;
///
/// # #[derive(Serialize, Deserialize, JsonSchema, Event)]
/// # #[event(subject = "orders.created", stream = Orders)]
/// # struct OrderCreated { order: u64 }
/// # #[derive(EventStream)]
/// # #[stream(name = "ORDERS", subjects("orders.>"))]
/// # struct Orders;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let bus = Bus::in_memory();
/// # bus.provision::<Orders>().await?;
/// let kept = serde_json::to_string(&bus.message(&OrderCreated { order: 7 }).record()?)?;
///
/// let record: Record = serde_json::from_str(&kept)?;
/// assert_eq!((record.subject(), record.stream()), ("orders.created", Some("ORDERS")));
/// let first = bus.publish_record(&record).await?.ok_or("a stream keeps it")?;
/// let again = bus.publish_record(&record).await?.ok_or("a stream keeps it")?;
/// assert!(!first.duplicate && again.duplicate);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    subject: Subject,
    stream: Option<String>,
    headers: Headers,
    payload: Bytes,
}

impl Record {
    /// A record of its parts, which no stream is to keep: it is sent to whoever listens.
    /// [`in_stream`](Self::in_stream) says which one keeps it.
    ///
    /// # Errors
    /// [`RecordError`] if the subject is none that can be published on, or a header can't be sent.
    pub fn new(
        subject: impl Into<String>,
        headers: Headers,
        payload: impl Into<Bytes>,
    ) -> Result<Self, RecordError> {
        let subject = subject.into();
        if let Err(problem) = check_subject(&subject) {
            return Err(RecordError::Subject { subject, problem: problem.to_string() });
        }
        if let Some((name, _)) = headers.iter().find(|pair| !header::is_sendable(*pair)) {
            return Err(RecordError::Header { name: name.to_owned() });
        }
        Ok(Self { subject: subject.into(), stream: None, headers, payload: payload.into() })
    }

    /// Says which stream keeps it: publishing it means that this one has stored it. One that has no id
    /// gets a new one.
    ///
    /// # Errors
    /// [`RecordError`] if no stream can have this name.
    pub fn in_stream(mut self, stream: impl Into<String>) -> Result<Self, RecordError> {
        let stream = stream.into();
        let is_name = !stream.is_empty()
            && !stream.contains(['.', '*', '>', '/', '\\'])
            && !stream.contains(|c: char| c.is_whitespace() || c.is_control());
        if !is_name {
            return Err(RecordError::Stream { stream });
        }
        if self.message_id().is_none() {
            self.headers.push(header::MESSAGE_ID, Uuid::now_v7().simple().to_string());
        }
        self.stream = Some(stream);
        Ok(self)
    }

    /// A message that was encoded here.
    pub(crate) fn sealed(outgoing: Outgoing, stream: Option<&str>) -> Self {
        let Outgoing { subject, headers, payload } = outgoing;
        Self { subject, stream: stream.map(str::to_owned), headers, payload }
    }

    /// The subject on which the record is published.
    pub fn subject(&self) -> &str {
        self.subject.as_str()
    }

    /// The stream that keeps it; `None` for a message that no stream keeps.
    pub fn stream(&self) -> Option<&str> {
        self.stream.as_deref()
    }

    /// The headers, all of them, with those of NATS and Tidings.
    pub fn headers(&self) -> &Headers {
        &self.headers
    }

    /// The payload.
    pub fn payload(&self) -> &Bytes {
        &self.payload
    }

    /// The `Nats-Msg-Id`, by which its stream knows it again.
    pub fn message_id(&self) -> Option<&str> {
        self.headers.get(header::MESSAGE_ID)
    }

    /// Returns `true` if its stream is to store it only as it expects the stream to be; that may hold as it is
    /// made, and no more as it is published.
    pub fn has_expectation(&self) -> bool {
        [
            header::EXPECTED_LAST_SEQUENCE,
            header::EXPECTED_LAST_MESSAGE_ID,
            header::EXPECTED_LAST_SUBJECT_SEQUENCE,
        ]
        .iter()
        .any(|name| self.headers.get(name).is_some())
    }

    /// Size of payload and headers as a server counts them, in bytes.
    pub fn size(&self) -> usize {
        self.payload.len() + self.headers.wire_len()
    }

    pub(super) fn into_outgoing(self) -> (Outgoing, Option<String>) {
        let Self { subject, stream, headers, payload } = self;
        (Outgoing { subject, headers, payload }, stream)
    }
}

impl TryFrom<RawMessage> for Record {
    type Error = RecordError;

    /// A message that was read without its type, as it is.
    fn try_from(message: RawMessage) -> Result<Self, RecordError> {
        if message.unreadable_headers.is_some() {
            return Err(RecordError::Header { name: String::new() });
        }
        Self::new(message.subject.as_str(), message.headers, message.payload)
    }
}
