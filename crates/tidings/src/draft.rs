//! A message with options, before it is sent.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use crate::cloud_event::CloudEvents;
use crate::header::{self, Headers};
use crate::link::Link;
use crate::message::{Causation, Event, Message, Request, StreamEvent};
use crate::observe::SendError as _;
use crate::publish::{self, Postponement, Prepared, PublishError, Record};
use crate::publish_ack::Acknowledgement as _;
use crate::recurrence::{Recurrence, RecurrenceError, When};
use crate::request::{self, RequestError};
use crate::schedules::{ScheduleHandle, Schedules};
use crate::stream::{EventStream as _, StreamConfig};
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

    /// Store it only in the stream of this name.
    pub fn expected_stream(mut self, name: &str) -> Self {
        self.expect(header::EXPECTED_STREAM, name.to_owned());
        self
    }

    /// Store it only if the stream's last message has this sequence; 0 for an empty stream.
    pub fn expected_last_sequence(mut self, sequence: u64) -> Self {
        self.expect(header::EXPECTED_LAST_SEQUENCE, sequence.to_string());
        self
    }

    /// Store it only if the stream's last message has this id.
    pub fn expected_last_message_id(mut self, id: &str) -> Self {
        self.expect(header::EXPECTED_LAST_MESSAGE_ID, id.to_owned());
        self
    }

    /// Store it only if the last message of the same subject has this sequence; 0 for none.
    pub fn expected_last_subject_sequence(mut self, sequence: u64) -> Self {
        self.expect(header::EXPECTED_LAST_SUBJECT_SEQUENCE, sequence.to_string());
        self
    }

    /// Delete it after this time, in whole seconds (server 2.11, ADR-43); the stream must allow
    /// it with `allow_message_ttl`.
    ///
    /// Where the stream declares a `subject_delete_marker_ttl` it is no shorter than that, since the
    /// server would lengthen it (2.15), unless `max_messages_per_subject` is 1.
    pub fn ttl(mut self, ttl: Duration) -> Self {
        let marker = marker_ttl(&E::Stream::config());
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

    /// Delivers it only after this time (server 2.12, ADR-51); the stream must allow it with
    /// `allow_message_schedules`. Until then it waits in the stream, also while no server runs.
    /// [`schedule`](Self::schedule) gives what cancels and moves it.
    ///
    /// Published again with the same id and another delay while it waits, it waits for the new time
    /// instead, and the ack is no duplicate's; once it has come it is a duplicate.
    /// [`PublishError::NotRescheduled`] says where neither is sure. Without a delay it is a duplicate
    /// while the stream knows its id, and after that a second event. An id that a handler's context
    /// derived is kept with the delay of its first run. Core subscriptions do not see it, and a
    /// [`ttl`](Draft::ttl) begins with the delivery.
    ///
    /// It comes once, and late rather than never, within these limits (nats-server 2.15):
    ///
    /// - What waits is a message of its stream: `max_messages` and `max_bytes` evict it like any other,
    ///   a purge removes it, and it counts for both. A `max_age` that ends it is refused, unless the stream
    ///   declares `allow_message_ttl`, which exempts it, and so is `retention = "interest"`, which drops it.
    ///   That is judged by what is declared, and not by what the server's stream has otherwise.
    /// - The stream knows the id of what has come by the duplicate window alone, which begins with the
    ///   publishing: a delay that is longer outlives it, and a server that was restarted has
    ///   forgotten it, as what comes has no `Nats-Msg-Id`. Published again then, it comes again. A
    ///   handler gets the same [`message_id`](crate::Context::message_id) each time.
    /// - It is due by this program's clock and comes by the server's. A server that was away delivers
    ///   what is overdue once it is back.
    /// - A mirror, or a stream that sources this one, keeps a copy of what waited and never delivers it.
    pub fn delay(mut self, delay: Duration) -> Self {
        self.when = Some(Box::new(When::After(delay)));
        self
    }

    /// Delivers it only at this time, as [`delay`](Self::delay) does. One that has passed is an error.
    pub fn at(mut self, at: SystemTime) -> Self {
        self.when = Some(Box::new(When::At(at)));
        self
    }

    /// Delivers it again and again (server 2.14, ADR-51), until its schedule is cancelled: `"@every 5m"`, a
    /// pattern of cron such as `"0 30 8 * * mon-fri"`, or a [`Recurrence`], which may have a time zone. The
    /// stream must allow it with `allow_message_schedules`.
    ///
    /// There is one schedule for each key: the id given with [`message_id`](Self::message_id), else the
    /// event's own, else its subject. The same published again changes nothing, so that each instance of a
    /// program may say it as it starts, and the ack is a duplicate's; another takes its place.
    ///
    /// What comes has no [`message_id`](crate::Context::message_id): it would be the same each time. The
    /// payload is the same, too. A stream with a `max_age` must declare `allow_message_ttl`, which exempts
    /// the schedule. What a server missed while it was away it delivers once. The limits of `delay` hold
    /// beside: core subscriptions do not see it, and an eviction or a purge ends it.
    ///
    /// ```
    /// # use tidings::prelude::*;
    /// use tidings::Recurrence;
    ///
    /// #[derive(EventStream)]
    /// #[stream(name = "REPORTS", subjects("reports.>"), allow_message_schedules)]
    /// struct Reports;
    ///
    /// #[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
    /// #[event(subject = "reports.{kind}.due", stream = Reports)]
    /// struct ReportDue { kind: String }
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let bus = Bus::in_memory();
    /// # bus.provision::<Reports>().await?;
    /// let sales = ReportDue { kind: "sales".into() };
    /// let mornings = Recurrence::cron("0 30 8 * * mon-fri")?.in_time_zone("Europe/Berlin")?;
    /// let reminder = bus.message(&sales).every(mornings).schedule().await?;
    ///
    /// let mut due = bus.consume::<ReportDue>("reporter").await?;
    /// due.next().await.ok_or("the bus is closed")??.ack().await?;
    /// reminder.cancel().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn every<R>(mut self, recurrence: R) -> Self
    where
        R: TryInto<Recurrence>,
        R::Error: Into<RecurrenceError>,
    {
        match recurrence.try_into() {
            Ok(recurrence) => self.when = Some(Box::new(When::Every(recurrence))),
            Err(error) => {
                self.refused.get_or_insert(PublishError::Recurrence(error.into()));
            }
        }
        self
    }

    /// Publishes it for a time that [`delay`](Self::delay), [`at`](Self::at) or [`every`](Self::every) says,
    /// and gives what moves and cancels it.
    ///
    /// # Errors
    /// [`PublishError`], also where no time is said.
    ///
    /// # Cancel safety
    /// Dropping the future leaves it unknown whether the event was scheduled.
    pub async fn schedule(self) -> Result<ScheduleHandle, PublishError> {
        let (link, is_timed) = (self.link, self.when.is_some());
        let mut prepared = self.prepare()?;
        let subject = prepared.outgoing.subject.clone();
        if !is_timed {
            let problem = "it says no time; give it one with `.delay(…)`, `.at(…)` or `.every(…)`";
            let (subject, problem) = (subject.to_string(), problem.to_owned());
            return Err(PublishError::Delay { subject, problem });
        }
        if prepared.reschedules && prepared.recurs() {
            Box::pin(publish::recur::<E>(link, &mut prepared)).await?;
        } else if publish::stored_by_earlier_run(link, &mut prepared).await.is_none() {
            publish::send::<E>(link, &mut prepared).await?;
        }
        Ok(Schedules::<E>::new(link.clone()).handle_of(&subject))
    }

    fn expect(&mut self, name: &'static str, value: String) {
        // A value that no header can hold is no name or id of anything stored.
        if header::is_value(&value) {
            self.headers.set(name, value);
        } else {
            self.refused.get_or_insert(
                header::HeaderError { name: name.to_owned(), fault: header::HeaderFault::Value }
                    .into(),
            );
        }
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

/// Time for which a stream keeps the markers of what it deleted, where the server lengthens a
/// shorter time to live of a message to that.
fn marker_ttl(config: &StreamConfig) -> Option<Duration> {
    let is_lengthened = config.max_messages_per_subject != Some(1);
    config.subject_delete_marker_ttl.filter(|_| is_lengthened)
}
