//! A handler's context: facts of its message, and what it can do besides returning.

mod handled_message;
#[cfg(feature = "tower")]
mod layer_value;
mod lineage;
mod origin;

#[cfg(feature = "tower")]
use std::any::Any;
use std::sync::Arc;
use std::time::SystemTime;

use data_encoding::BASE64URL_NOPAD;
pub(crate) use handled_message::{HandledMessage, RouteContext};
pub use origin::Origin;

use crate::cloud_event::{self, CloudEvent};
use crate::delivery::SettleError;
use crate::draft::Draft;
use crate::header::Headers;
use crate::message::{Causation, Event, Message, MessageIdBuilder, Request, digest};
use crate::publish::PublishError;
use crate::request::RequestError;
use crate::subject::{ParseSubjectError, Subject};
use crate::transport::{Incoming, Settlement, SettlementReason};

/// Context of a handler: facts of its message, and what publishes and asks on its behalf.
///
/// What is published or asked through it carries the `traceparent` and `tracestate` of the message
/// being handled, its [`correlation_id`](Self::correlation_id), and as [`causation_id`](Self::causation_id) its id.
///
/// An event that declares no id of its own gets one made from the stream message being handled, the
/// consumer, and a digest of the event's name, subject and payload; equal ones of one run are
/// counted. So a handler that runs twice for the same message stores each event once, in whatever
/// order it publishes them, and one that differs is another event. These count as different or equal:
///
/// - A field that each run fills anew (a time, a random id) makes another event each time. Declare
///   `#[event(id)]` on the fields that identify it, or give it a
///   [`message_id`](Draft::message_id).
/// - The order of an object's keys makes no difference, that of a list does: keep no `HashSet` in it.
/// - Options make no difference: headers, a `ttl` or a `delay` are those of the run that came first.
///
/// Within the target stream's duplicate window (NATS's default is 2 minutes) the stream knows the
/// id. A later run, also after a redrive, looks among the messages of the same subject for it, and
/// gives the ack of the one it finds, as a [`duplicate`](crate::PublishAck::duplicate). It finds none
/// that the stream keeps no more (a work queue's that was acknowledged, one that was limited away),
/// and none behind 1,000 others on the same subject
/// or where the stream does not tell within the ack timeout: that event is stored again, and the
/// last two cases are logged as warnings. Where that matters choose a `duplicate_window` as long as
/// the [`Retry`](crate::Retry) lasts. A consumer that was deleted and made again has no earlier runs.
///
/// Beside a batch there is no such id: see [`Batch`](crate::Batch).
///
/// A cheap clone.
#[derive(Debug, Clone)]
pub struct Context {
    handled: Arc<HandledMessage>,
}

impl Context {
    pub(crate) fn new(handled: &Arc<HandledMessage>) -> Self {
        Self { handled: Arc::clone(handled) }
    }

    /// Context of messages that are handled together: it belongs to none of them, and so it can
    /// make no id that a second run repeats.
    pub(crate) fn of_batch(route: &Arc<RouteContext>, subject: Subject) -> Self {
        let incoming = Incoming { subject, ..Incoming::default() };
        Self::new(&Arc::new(HandledMessage::new(route, incoming)))
    }

    /// Returns `true` if what answers the message is read back before it is sent.
    pub(crate) fn reads_back(&self) -> bool {
        self.handled.link().reads_back()
    }

    /// The concrete subject the message came on; beside a batch that of its first event.
    pub fn subject(&self) -> &str {
        self.handled.subject.as_str()
    }

    /// The typed tokens of its subject.
    ///
    /// # Errors
    /// [`ParseSubjectError`] if the subject is not one of `M`.
    pub fn tokens<M: Message>(&self) -> Result<M::Tokens, ParseSubjectError> {
        M::parse_subject(self.subject())
    }

    /// The message's headers.
    pub fn headers(&self) -> &Headers {
        &self.handled.headers
    }

    /// The attributes of the CloudEvent that the message came as, if it was one; read anew by each call.
    pub fn cloud_event(&self) -> Option<CloudEvent> {
        cloud_event::event_of(&self.handled.headers, &self.handled.payload())
    }

    /// The message's id (`Nats-Msg-Id`); every stream event has one. It stays the same when the
    /// message is put aside and put back.
    pub fn message_id(&self) -> Option<&str> {
        self.handled.headers.message_id()
    }

    /// Number of times that the message was put back after it had been put aside, as a redrive has
    /// signed; 0 for most.
    pub fn redriven(&self) -> u64 {
        self.handled.headers.redriven()
    }

    /// Number of this delivery of the message, from 1; always 1 without a stream.
    pub fn attempt(&self) -> u64 {
        self.handled.receipt.as_ref().map_or(1, |receipt| receipt.attempt)
    }

    /// The stream that keeps the message.
    pub fn stream(&self) -> Option<&str> {
        self.handled.receipt.as_ref().map(|receipt| &*receipt.stream)
    }

    /// The durable consumer that delivered the message.
    pub fn consumer(&self) -> Option<&str> {
        self.handled.receipt.as_ref().map(|receipt| &*receipt.consumer)
    }

    /// The message's sequence in its stream.
    pub fn sequence(&self) -> Option<u64> {
        self.handled.receipt.as_ref().map(|receipt| receipt.sequence)
    }

    /// Time at which the stream stored the message.
    pub fn stored_at(&self) -> Option<SystemTime> {
        self.handled.receipt.as_ref().map(|receipt| receipt.stored_at)
    }

    /// The value of this type that a layer has put beside the message with
    /// [`HandlerRequest::insert`](crate::HandlerRequest::insert): whose message it is, a connection, a span.
    /// A handler that needs the same for every message has it as a field.
    #[cfg(feature = "tower")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tower")))]
    pub fn get<T: Any + Clone>(&self) -> Option<T> {
        self.handled.value()
    }

    /// Puts a value beside the message.
    #[cfg(feature = "tower")]
    pub(crate) fn insert<T: Any + Send + Sync>(&self, value: T) {
        self.handled.insert(value);
    }

    /// Returns `true` if the bus has made a span of OpenTelemetry for the handler.
    #[cfg(feature = "tower")]
    pub(crate) fn has_span(&self) -> bool {
        self.handled.span.is_on()
    }

    /// Says that work on the message goes on, so that it does not come again meanwhile. Without a
    /// stream there is nothing to say.
    ///
    /// # Errors
    /// [`SettleError`]: the message may come again while this handler works on it.
    ///
    /// # Cancel safety
    /// Dropping the future leaves it unknown whether it was said.
    pub async fn progress(&self) -> Result<(), SettleError> {
        match &self.handled.settle {
            Some(settle) => {
                let in_flight = Settlement::of(SettlementReason::InFlight);
                settle.send(in_flight).await.map_err(SettleError::from)
            }
            None => Ok(()),
        }
    }

    /// Ends when the registry begins to shut down: a long handler may then stop early with an
    /// error, and its message comes again elsewhere.
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped.
    pub async fn shutting_down(&self) {
        self.handled.stop().cancelled().await;
    }

    /// Publishes an event; one that a stream keeps is stored when this returns.
    ///
    /// # Errors
    /// [`PublishError`]
    ///
    /// # Cancel safety
    /// Dropping the future leaves it unknown whether the event was published.
    pub async fn publish<E: Event>(&self, event: &E) -> Result<E::Ack, PublishError> {
        self.message(event).publish().await
    }

    /// Asks, and waits for the reply.
    ///
    /// # Errors
    /// [`RequestError`]
    ///
    /// # Cancel safety
    /// Dropping the future forgets the reply; the request may have been sent.
    pub async fn request<R: Request>(
        &self,
        request: &R,
    ) -> Result<R::Reply, RequestError<R::Declared>> {
        self.message(request).request().await
    }

    /// A message with options; it begins with the ids and the trace headers that follow-ups of the message being handled carry on.
    pub fn message<'a, M: Message>(&'a self, message: &'a M) -> Draft<'a, M> {
        let link = self.handled.link();
        Draft::new(link, message).inheriting(self.handed_on(), self, self.handled.span.parent())
    }
}

impl Causation for Context {
    fn derive_id(&self, name: &str, subject: &str, json: &[u8]) -> Option<String> {
        let receipt = self.handled.receipt.as_ref()?;
        let digest = digest(name, subject, json);
        let count = self.handled.count(digest);
        // A message that was put back keeps its first origin, and so its derived ids.
        let Origin { stream, sequence, stored_at } = self.origin()?;
        let stored_at = stored_at.duration_since(SystemTime::UNIX_EPOCH);
        let stored_at = stored_at.unwrap_or_default().as_nanos();
        let mut id = MessageIdBuilder::new(name);
        id.part(stream);
        id.part(&*receipt.consumer);
        id.part(&sequence);
        id.part(&stored_at);
        id.part(&BASE64URL_NOPAD.encode_display(&digest));
        id.part(&count);
        Some(id.finish())
    }

    fn run_before_since(&self) -> Option<SystemTime> {
        let receipt = self.handled.receipt.as_ref()?;
        let put_back = self.put_back().map(|origin| origin.stored_at);
        put_back.or_else(|| (receipt.attempt > 1).then_some(receipt.stored_at))
    }
}
