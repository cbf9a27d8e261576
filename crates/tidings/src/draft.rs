//! A message with options, before it is sent.

mod expectation;
mod time;

use std::borrow::Cow;
use std::time::Duration;

use crate::cloud_event::CloudEvents;
use crate::header::{self, Headers};
use crate::link::Link;
use crate::message::{Causation, Event, Message, Request, StreamEvent};
use crate::observe::SendError as _;
use crate::publish::{self, Postponement, Prepared, PublishError, Record};
use crate::publish_ack::Acknowledgement as _;
use crate::recurrence::When;
use crate::request::{self, RequestError};
use crate::stream::EventStream as _;
use crate::traces::{Operation, Parent, Sent};

/// A message with options, made by `Bus::message`; ended by [`publish`](Draft::publish) for an
/// event, by [`request`](Draft::request) for a request.
#[derive(Debug)]
#[must_use = "nothing is sent before `.publish()` or `.request()`"]
pub struct Draft<'a, M> {
    link: &'a Link,
    message: &'a M,
    headers: Headers,
    /// The first option that was refused.
    refused: Option<PublishError>,
    timeout: Option<Duration>,
    /// Boxed: few have one.
    when: Option<Box<When>>,
    causation: Option<&'a dyn Causation>,
    cloud_events: Option<Cow<'a, CloudEvents>>,
    /// Parent of its span.
    parent: Parent,
}

impl<'a, M: Message> Draft<'a, M> {
    pub(crate) fn new(link: &'a Link, message: &'a M) -> Self {
        Self {
            link,
            message,
            headers: Headers::new(),
            refused: None,
            timeout: None,
            when: None,
            causation: None,
            cloud_events: link.cloud_events.as_ref().map(Cow::Borrowed),
            parent: Parent::default(),
        }
    }

    /// Adds headers that it inherits, what an event that declares no id comes from, and the parent of its span.
    pub(crate) fn inheriting(
        mut self,
        headers: Headers,
        causation: &'a dyn Causation,
        parent: Parent,
    ) -> Self {
        self.headers = headers;
        self.causation = Some(causation);
        self.parent = parent;
        self
    }

    /// Adds a header. One that can't be sent is refused when the message is.
    ///
    /// `Nats-` and `Tidings-` headers are reserved: the other methods set those that a message
    /// can choose.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let Err(error) = self.headers.append(name, value) {
            self.refused.get_or_insert(error.into());
        }
        self
    }
}

impl<M: Message> Draft<'_, M> {
    /// Sets the id that all which comes of the message has in common: an order's number, that of a call from outside.
    /// Without it that is the message's own id. [`Context::correlation_id`](crate::Context::correlation_id) reads it, and
    /// follow-ups carry it on.
    pub fn correlation_id(mut self, id: impl Into<String>) -> Self {
        let (name, id) = (header::CORRELATION_ID, id.into());
        if !id.is_empty() && header::is_value(&id) {
            self.headers.set(name, id);
        } else {
            let (name, fault) = (name.to_owned(), header::HeaderFault::Value);
            self.refused.get_or_insert(header::HeaderError { name, fault }.into());
        }
        self
    }

    /// Publishes it as a CloudEvent, whatever the bus says of others. Its id is that of the message: the
    /// stream's, where one keeps it.
    pub fn cloud_event(mut self, options: CloudEvents) -> Self {
        self.cloud_events = Some(Cow::Owned(options));
        self
    }

    /// Publishes it as it is, also where the bus publishes CloudEvents.
    pub fn no_cloud_event(mut self) -> Self {
        self.cloud_events = None;
        self
    }
}

impl<E: Event> Draft<'_, E> {
    /// The message as it would be sent.
    pub(crate) fn prepare(self) -> Result<Prepared, PublishError> {
        if let Some(error) = self.refused {
            return Err(error);
        }
        let Self { link, message, headers, when, causation, cloud_events, parent, .. } = self;
        let asked = when.map(|when| Postponement::new(*when, &headers));
        let (asked, cloud_events) = (asked.as_ref(), cloud_events.as_deref());
        let prepared = publish::prepare(link, message, headers, asked, causation, cloud_events)?;
        Ok(Prepared { parent, ..prepared })
    }

    /// Makes a record of the event, with its options, as publishing it would send it. Its id is fixed with this:
    /// published as often as it takes, it is the same message. Nothing is sent.
    ///
    /// A delay counts from now on. What comes again and again is no record.
    ///
    /// # Errors
    /// [`PublishError`] if it can't be published: also where it is larger than the server takes.
    pub fn record(self) -> Result<Record, PublishError> {
        let link = self.link;
        let prepared = self.prepare()?;
        if prepared.recurs() {
            let subject = prepared.outgoing.subject.to_string();
            let problem = "what comes again and again is published by itself, and is no record";
            return Err(PublishError::Delay { subject, problem: problem.to_owned() });
        }
        let Prepared { declaration, mut outgoing, parent, .. } = prepared;
        let problem = "a record holds all of its message";
        publish::refuse_large(link, declaration, &outgoing, problem)?;
        let span = link.traces.send(
            Sent::new(Operation::Create, declaration, &link.transport),
            &parent,
            &outgoing,
        );
        span.inject(&mut outgoing.headers);
        span.end(&Ok::<_, PublishError>(()), |error| error.kind().into());
        let record = Record::sealed(outgoing, declaration.stream.map(|stream| stream.name));
        let (size, limit) = (record.size(), link.transport.max_payload());
        if size > limit {
            return Err(PublishError::TooLarge {
                subject: record.subject().to_owned(),
                size,
                limit,
            });
        }
        Ok(record)
    }

    /// Publishes the event.
    ///
    /// # Errors
    /// [`PublishError`], also for an option that can't hold.
    ///
    /// # Cancel safety
    /// Dropping the future leaves it unknown whether the event was published.
    pub async fn publish(self) -> Result<E::Ack, PublishError> {
        let link = self.link;
        let mut prepared = self.prepare()?;
        if prepared.reschedules && prepared.recurs() {
            return Box::pin(publish::recur::<E>(link, &mut prepared)).await;
        }
        if let Some(ack) = publish::stored_by_earlier_run(link, &mut prepared).await {
            return E::Ack::from_stored(Some(ack)).ok_or(PublishError::Closed);
        }
        publish::send::<E>(link, &mut prepared).await
    }
}

/// Options that only a stream can promise.
impl<E: StreamEvent> Draft<'_, E> {
    /// The id by which the stream knows the message again, instead of the event's own.
    pub fn message_id(mut self, id: impl Into<String>) -> Self {
        let id = id.into();
        if !id.is_empty() && id.bytes().all(|b| b.is_ascii_graphic()) {
            self.headers.set(header::MESSAGE_ID, id);
        } else {
            self.refused.get_or_insert(PublishError::MessageId { id });
        }
        self
    }

    /// Deletes it after this time, in whole seconds (server 2.11, ADR-43); the stream must allow
    /// it with `allow_message_ttl`.
    ///
    /// Where the stream declares a `subject_delete_marker_ttl` it is no shorter than that, since the
    /// server would lengthen it (2.15), unless `max_messages_per_subject` is 1.
    pub fn ttl(mut self, ttl: Duration) -> Self {
        let marker = E::Stream::config().shortest_ttl();
        if ttl.as_secs() < 1 || ttl.subsec_nanos() != 0 {
            self.refused.get_or_insert(PublishError::Ttl { ttl });
        } else if let Some(marker) = marker.filter(|marker| ttl < *marker) {
            let stream = E::Stream::NAME;
            self.refused.get_or_insert(PublishError::TtlBelowMarker { stream, ttl, marker });
        } else {
            self.headers.set(header::TTL, ttl.as_secs().to_string());
        }
        self
    }
}

impl<R: Request> Draft<'_, R> {
    /// Sets the time that the reply is waited for; the bus's default is 5 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Asks, and waits for the reply.
    ///
    /// # Errors
    /// [`RequestError`], also for an option that can't hold.
    ///
    /// # Cancel safety
    /// Dropping the future forgets the reply; the request may have been sent.
    pub async fn request(self) -> Result<R::Reply, RequestError<R::Declared>> {
        let Self { link, message, headers, refused, timeout, cloud_events, parent, .. } = self;
        if let Some(error) = refused {
            return Err(RequestError::Option(error));
        }
        request::request(link, message, headers, timeout, (cloud_events.as_deref(), &parent)).await
    }
}
