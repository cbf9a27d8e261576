//! Batches of events of one stream, stored all or not at all.

use std::collections::HashMap;

use crate::draft::Draft;
use crate::header;
use crate::link::Link;
use crate::message::StreamEvent;
use crate::publish::{AtomicError, Prepared, PublishError, check_in_all, publish_atomically};
use crate::publish_ack::AtomicAck;

/// Number of messages that a server takes in one batch, where it is told nothing else.
const LIMIT: usize = 1000;

/// Events that their stream stores all together or not at all, made by `Bus::atomic` (server
/// 2.12.1, ADR-50).
///
/// They may be of any types that one stream keeps, at most 1,000; the stream must allow it with
/// `allow_atomic_publish`. They are stored one behind the other, in the order in which they were
/// added, with nothing between them. A batch of one event is as good as publishing that event, and
/// needs no such stream.
///
/// A subscription without a stream hears each event as it is sent, also of a batch that is refused or
/// sent again: only a stream keeps all or nothing. When an answer is lost, or an event may be stored
/// already, the stream is asked for the ids; programs without Tidings hear such a question as a message
/// without a payload, with the header `Tidings-Question`.
///
/// Nothing is sent before [`publish`](AtomicBatch::publish), and a batch that is dropped leaves
/// nothing. The ids of its messages are fixed when they are added: published again, also after
/// [`AtomicError::Unconfirmed`], the batch is still the same, and a stream that has it says
/// [`duplicate`](AtomicAck::duplicate). In a handler add what `Context::message` makes: a second
/// run for the same message then makes the same batch.
///
/// ```
/// use tidings::prelude::*;
///
/// #[derive(EventStream)]
/// #[stream(name = "ACCOUNTS", subjects("accounts.>"), allow_atomic_publish)]
/// struct Accounts;
///
/// #[derive(Serialize, Deserialize, JsonSchema, Event)]
/// #[event(subject = "accounts.debited", stream = Accounts)]
/// struct Debited { account: u32, cents: u64 }
///
/// #[derive(Serialize, Deserialize, JsonSchema, Event)]
/// #[event(subject = "accounts.credited", stream = Accounts)]
/// struct Credited { account: u32, cents: u64 }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let bus = Bus::in_memory();
/// bus.provision::<Accounts>().await?;
/// let mut transfer = bus.atomic();
/// transfer.add(&Debited { account: 1, cents: 500 })?;
/// transfer.add(&Credited { account: 2, cents: 500 })?;
/// let ack = transfer.publish().await?;
/// assert_eq!((ack.first_sequence, ack.last_sequence), (1, 2));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "nothing is sent before `.publish()`"]
pub struct AtomicBatch {
    link: Link,
    parts: Vec<Prepared>,
    /// Position of each message id.
    places: HashMap<String, usize>,
}

impl AtomicBatch {
    pub(crate) fn new(link: Link) -> Self {
        Self { link, parts: Vec::new(), places: HashMap::new() }
    }

    /// Adds an event behind the others.
    ///
    /// # Errors
    /// [`AtomicError`] if the event can't be published, or not together with the others; the batch
    /// is then what it was.
    pub fn add<E: StreamEvent>(&mut self, event: &E) -> Result<&mut Self, AtomicError> {
        let prepared = Draft::new(&self.link, event).prepare();
        self.append(prepared)
    }

    /// Adds an event with options, as `Bus::message` or `Context::message` makes it. Its
    /// expectations hold or fail for the whole batch:
    ///
    /// - [`expected_last_sequence`](Draft::expected_last_sequence) is for the first event only;
    /// - [`expected_last_subject_sequence`](Draft::expected_last_subject_sequence) is for the first
    ///   event of a subject only;
    /// - [`expected_last_message_id`](Draft::expected_last_message_id) is for no event of a batch, and neither is
    ///   [`every`](Draft::every).
    ///
    /// # Errors
    /// [`AtomicError`] if the event can't be published, or not together with the others, or has an
    /// option that can't hold; the batch is then what it was.
    pub fn add_message<E: StreamEvent>(
        &mut self,
        message: Draft<'_, E>,
    ) -> Result<&mut Self, AtomicError> {
        self.append(message.prepare())
    }

    /// Number of events in the batch.
    pub fn len(&self) -> usize {
        self.parts.len()
    }

    /// Returns `true` if the batch holds no event.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Publishes all of them, and waits until the stream has stored all of them.
    ///
    /// What was under way when a server was lost is published again, as often as there is time for,
    /// and stored once.
    ///
    /// # Errors
    /// [`AtomicError`]. But for [`AtomicError::Unconfirmed`], after which it is unknown whether all
    /// or nothing is stored, nothing is.
    ///
    /// # Cancel safety
    /// Dropping the future leaves it unknown whether all or nothing is stored. A server holds what
    /// was begun and not ended for 10 s, and holds no more than 50 batches for a stream.
    pub async fn publish(&self) -> Result<AtomicAck, AtomicError> {
        let large = check_in_all(&self.link, &self.parts).await;
        let large = large.map_err(|(place, source)| AtomicError::Event { place, source })?;
        publish_atomically(&self.link, large.as_deref().unwrap_or(&self.parts)).await
    }

    fn append(
        &mut self,
        prepared: Result<Prepared, PublishError>,
    ) -> Result<&mut Self, AtomicError> {
        let place = self.parts.len();
        let prepared = prepared.map_err(|source| AtomicError::Event { place, source })?;
        let id = prepared.outgoing.headers.get(header::MESSAGE_ID).map(str::to_owned);
        self.check(&prepared, id.as_deref())?;
        if let Some(id) = id {
            self.places.insert(id, place);
        }
        self.parts.push(prepared);
        Ok(self)
    }

    /// Checks whether a message can stand behind the others.
    fn check(&self, prepared: &Prepared, id: Option<&str>) -> Result<(), AtomicError> {
        let Prepared { declaration, outgoing, .. } = prepared;
        let subject = || outgoing.subject.to_string();
        let name = |prepared: &Prepared| prepared.declaration.stream.map_or("", |s| s.name);
        let stream = name(prepared);
        if self.parts.len() == LIMIT {
            return Err(AtomicError::TooMany { stream, limit: LIMIT });
        }
        if let Some(first) = self.parts.first().filter(|first| name(first) != stream) {
            let (subject, batch) = (subject(), name(first));
            return Err(AtomicError::OtherStream { subject, stream, batch });
        }
        if let Some((id, &first)) = id.and_then(|id| self.places.get_key_value(id)) {
            let (name, id, place) = (declaration.name, id.clone(), self.parts.len());
            return Err(AtomicError::SameId { name, id, first, place });
        }
        let has = |name| outgoing.headers.get(name).is_some();
        let refused = if prepared.recurs() {
            Some(("every", "what comes again and again is published by itself"))
        } else if has(header::EXPECTED_LAST_MESSAGE_ID) {
            Some(("expected_last_message_id", "no event of a batch can have it"))
        } else if has(header::EXPECTED_LAST_SEQUENCE) && !self.parts.is_empty() {
            Some(("expected_last_sequence", "only the first event of a batch can have it"))
        } else if has(header::EXPECTED_LAST_SUBJECT_SEQUENCE)
            && self.parts.iter().any(|part| part.outgoing.subject == outgoing.subject)
        {
            let problem = "only the first event of a subject can have it in a batch";
            Some(("expected_last_subject_sequence", problem))
        } else {
            None
        };
        refused.map_or(Ok(()), |(option, problem)| {
            Err(AtomicError::Option { subject: subject(), option, problem })
        })
    }
}
