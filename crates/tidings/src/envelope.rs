//! Message ⇄ headers and bytes: the one place that puts headers on a message and reads them off.

mod claim;
mod decode_error;

pub(crate) use claim::Claim;
pub use claim::LargeEventError;
pub use decode_error::{DecodeError, Violation};

use std::time::SystemTime;

use bytes::Bytes;
use tidings_subject::{SCHEDULES, check_subject};
use uuid::Uuid;

use crate::cloud_event::{self, CloudEvent, CloudEventFault, CloudEvents, Opened};
use crate::header::{self, Headers};
use crate::message::{Declaration, Decode, Message, ReadBackError, versions};
use crate::recurrence::Recurrence;
use crate::subject::{SCHEDULES_END, Subject, SubjectError};
use crate::transport::{Incoming, Outgoing, RawMessage};
use crate::write_buffer;

/// The parts of a message that say what it is.
pub(crate) struct Encoded {
    pub(crate) subject: Subject,
    pub(crate) payload: Bytes,
    pub(crate) declaration: &'static Declaration,
}

/// Reason why a message can't be written.
#[derive(Debug)]
pub(crate) enum EncodeFault {
    Subject(SubjectError),
    Payload { name: &'static str, source: serde_json::Error },
    Unreadable { name: &'static str, source: Box<ReadBackError> },
}

/// Writes a message, and reads it as a receiver would if `reads_back`.
pub(crate) fn encode<M: Message>(message: &M, reads_back: bool) -> Result<Encoded, EncodeFault> {
    let declaration = message.declaration();
    let subject = message.subject().map_err(EncodeFault::Subject)?;
    let payload = write_buffer::payload(|room| message.encode(room))
        .map_err(|source| EncodeFault::Payload { name: declaration.name, source })?;
    if reads_back {
        message.read_back(&payload).map_err(|source| EncodeFault::Unreadable {
            name: declaration.name,
            source: Box::new(source),
        })?;
    }
    Ok(Encoded { subject, payload, declaration })
}

/// Puts on what every message of this declaration carries: its tag, where the subject does not
/// say what it is, and its id, where a stream keeps it.
pub(crate) fn seal(
    encoded: Encoded,
    mut headers: Headers,
    id: impl FnOnce() -> Option<String>,
) -> Outgoing {
    let Encoded { subject, payload, declaration } = encoded;
    if declaration.tagged {
        headers.push(header::MESSAGE, declaration.tag);
    }
    let has_id = !headers.is_empty() && headers.get(header::MESSAGE_ID).is_some();
    if declaration.stream.is_some() && !has_id {
        // Ordered in time and made without a system call; every retry repeats it.
        let id = id().unwrap_or_else(new_id);
        headers.push(header::MESSAGE_ID, write_buffer::written(id));
    }
    Outgoing { subject, headers, payload }
}

/// Makes a sealed message a CloudEvent.
#[cold]
pub(crate) fn wrap<M: Message>(
    outgoing: &mut Outgoing,
    message: &M,
    options: &CloudEvents,
    now: SystemTime,
) {
    let own_id = message.message_id();
    let id = match outgoing.headers.get(header::MESSAGE_ID).or(own_id.as_deref()) {
        Some(id) => id.to_owned(),
        None => new_id(),
    };
    options.wrap(outgoing, message.declaration(), &id, own_id.as_deref(), now);
}

/// An id that nobody else has.
pub(crate) fn new_id() -> String {
    let mut id = write_buffer::text();
    id.push_str(Uuid::now_v7().simple().encode_lower(&mut Uuid::encode_buffer()));
    id
}

/// Postpones the message to `at`: until then it waits in its stream (ADR-51).
///
/// It waits on a subject that holds its id, where another copy of it replaces it, and carries the id a
/// second time, since the server takes the first header away on delivery.
/// `None` if the id can't stand in a subject.
pub(crate) fn postpone(mut outgoing: Outgoing, stream: &str, at: &str) -> Option<Outgoing> {
    let id = outgoing.headers.get(header::MESSAGE_ID)?.to_owned();
    let subject = schedule_subject(stream, &id)?;
    outgoing.headers.push(header::ORIGINAL_ID, id);
    outgoing.headers.push(header::SCHEDULE, format!("@at {at}"));
    Some(waiting(outgoing, subject))
}

/// Has the message published again and again (ADR-51): it waits under this key. What is published has no
/// id: it would be the same each time.
/// `None` if the key can't stand in a subject.
pub(crate) fn repeat(
    mut outgoing: Outgoing,
    stream: &str,
    key: &str,
    every: &Recurrence,
) -> Option<Outgoing> {
    let subject = schedule_subject(stream, key)?;
    outgoing.headers.push(header::SCHEDULE, every.to_string());
    if let Some(zone) = every.time_zone() {
        outgoing.headers.push(header::SCHEDULE_TIME_ZONE, zone.to_owned());
    }
    Some(waiting(outgoing, subject))
}

fn waiting(outgoing: Outgoing, subject: Subject) -> Outgoing {
    let Outgoing { subject: target, mut headers, payload } = outgoing;
    headers.push(header::SCHEDULE_TARGET, target.to_string());
    // What lives for a time lives from its delivery on.
    if let Some(ttl) = headers.remove(header::TTL) {
        headers.push(header::SCHEDULE_TTL, ttl);
    }
    Outgoing { subject, headers, payload }
}

/// The subject on which a stream's message waits that has this key; `None` if the key can't stand in a
/// subject, or is the one under which schedules end.
pub(crate) fn schedule_subject(stream: &str, key: &str) -> Option<Subject> {
    let subject = format!("{SCHEDULES}.{stream}.{key}");
    let is_free = key.split('.').next() != Some(SCHEDULES_END);
    (is_free && check_subject(&subject).is_ok()).then(|| Subject::from(subject))
}

/// The subject of what ends a stream's schedules, and of nothing else.
pub(crate) fn ended_subject(stream: &str) -> Subject {
    Subject::from(format!("{SCHEDULES}.{stream}.{SCHEDULES_END}"))
}

/// Finds which of these declarations an incoming message is. A CloudEvent that can't be read is what its
/// subject says.
#[inline]
pub(crate) fn declaration_of(
    declarations: &'static [&'static Declaration],
    incoming: &Incoming,
) -> Result<&'static Declaration, DecodeError> {
    match usual(declarations, incoming) {
        Some(declaration) => Ok(declaration),
        None => look_up(declarations, incoming),
    }
}

/// The only declaration there is, of a message whose headers say nothing of what it is: the usual case.
#[allow(clippy::inline_always, reason = "a call for each message would cost as much as the look")]
#[inline(always)]
fn usual(
    declarations: &'static [&'static Declaration],
    incoming: &Incoming,
) -> Option<&'static Declaration> {
    match declarations {
        [declaration] if !declaration.tagged && !incoming.headers.identify() => {
            declaration.has_subject(incoming.subject.as_str()).then_some(*declaration)
        }
        _ => None,
    }
}

fn look_up(
    declarations: &'static [&'static Declaration],
    incoming: &Incoming,
) -> Result<&'static Declaration, DecodeError> {
    match opened(incoming) {
        Some(Ok(opened)) => typed(declarations, incoming, &opened.event),
        Some(Err(_)) | None => plain(declarations, incoming),
    }
}

/// A message whose headers say that it is a CloudEvent.
pub(crate) fn opened(incoming: &Incoming) -> Option<Result<Opened, CloudEventFault>> {
    if incoming.headers.identify() {
        cloud_event::open(&incoming.headers, &incoming.payload)
    } else {
        None
    }
}

/// Finds which of these declarations a CloudEvent is: its header says so, else its type.
#[cold]
fn typed(
    declarations: &'static [&'static Declaration],
    incoming: &Incoming,
    event: &CloudEvent,
) -> Result<&'static Declaration, DecodeError> {
    let tag = incoming.headers.get(header::MESSAGE).unwrap_or_else(|| event.event_type());
    one_of(declarations, incoming, Some(tag))
}

/// Finds which of these declarations a message is that is no CloudEvent.
fn plain(
    declarations: &'static [&'static Declaration],
    incoming: &Incoming,
) -> Result<&'static Declaration, DecodeError> {
    one_of(declarations, incoming, incoming.headers.get(header::MESSAGE))
}

fn one_of(
    declarations: &'static [&'static Declaration],
    incoming: &Incoming,
    tag: Option<&str>,
) -> Result<&'static Declaration, DecodeError> {
    let subject = incoming.subject.as_str();
    // A consumer that others share delivers their subjects too.
    let versions = || versions(declarations).filter(|d| d.has_subject(subject));
    let found = match tag {
        Some(tag) => versions().find(|d| d.tag == tag),
        // A newer version says so; what nobody tagged is what never is, if there is such a one.
        None => versions().find(|d| !d.tagged).or_else(|| versions().next()),
    };
    match found {
        Some(declaration) => Ok(declaration),
        None => Err(another(declarations, incoming, tag)),
    }
}

#[cold]
fn another(
    declarations: &'static [&'static Declaration],
    incoming: &Incoming,
    tag: Option<&str>,
) -> DecodeError {
    DecodeError::OtherMessage {
        subject: incoming.subject.to_string(),
        expected: versions(declarations).map(|d| d.tag).collect::<Vec<_>>().join(", "),
        found: tag.unwrap_or_default().to_owned(),
        payload: incoming.payload.clone(),
    }
}

/// Refuses a message whose subject none of these filters matches.
pub(crate) fn within(filters: &[Subject], incoming: &Incoming) -> Result<(), DecodeError> {
    let subject = incoming.subject.as_str();
    if filters.iter().any(|filter| tidings_subject::matches(filter.as_str(), subject)) {
        return Ok(());
    }
    Err(DecodeError::OtherMessage {
        subject: subject.to_owned(),
        expected: filters.iter().map(Subject::as_str).collect::<Vec<_>>().join(", "),
        found: String::new(),
        payload: incoming.payload.clone(),
    })
}

/// Reads a message.
#[inline]
pub(crate) fn decode<M: Decode>(incoming: &Incoming) -> Result<M, DecodeError> {
    decode_with(incoming, None)
}

impl RawMessage {
    /// Decodes the payload as a message of this type.
    ///
    /// # Errors
    /// [`DecodeError`] if it is another message, or its payload can't be read.
    pub fn decode<M: Decode>(&self) -> Result<M, DecodeError> {
        decode(&Incoming {
            subject: self.subject.clone(),
            headers: self.headers.clone().into(),
            payload: self.payload.clone(),
            ..Incoming::default()
        })
    }
}

/// Reads a message, and writes a CloudEvent's attributes into `event`, if they are asked for.
#[inline]
pub(crate) fn decode_with<M: Decode>(
    incoming: &Incoming,
    mut event: Option<&mut Option<Box<CloudEvent>>>,
) -> Result<M, DecodeError> {
    let mut data = None;
    let declaration = match usual(M::DECLARATIONS, incoming) {
        Some(declaration) => declaration,
        None => open(M::DECLARATIONS, incoming, &mut data, event.as_deref_mut())?,
    };
    match M::decode(declaration, data.as_ref().unwrap_or(&incoming.payload)) {
        Ok(message) => Ok(message),
        Err(source) if data.is_none() => decode_unmarked(declaration, incoming, event, source),
        Err(source) => Err(unreadable(declaration, incoming, source)),
    }
}

/// Finds which of these declarations a message is; of a CloudEvent, also its data and attributes.
fn open(
    declarations: &'static [&'static Declaration],
    incoming: &Incoming,
    data: &mut Option<Bytes>,
    event: Option<&mut Option<Box<CloudEvent>>>,
) -> Result<&'static Declaration, DecodeError> {
    match opened(incoming) {
        None => plain(declarations, incoming),
        Some(Ok(opened)) => {
            let declaration = typed(declarations, incoming, &opened.event)?;
            *data = Some(opened.data);
            if let Some(event) = event {
                *event = Some(Box::new(opened.event));
            }
            Ok(declaration)
        }
        Some(Err(source)) => Err(unread(incoming).unwrap_or_else(|| DecodeError::CloudEvent {
            subject: incoming.subject.to_string(),
            payload: incoming.payload.clone(),
            source,
        })),
    }
}

/// Reads a message whose payload is not of its type: it may be a CloudEvent whose headers don't say so.
#[cold]
fn decode_unmarked<M: Decode>(
    declaration: &'static Declaration,
    incoming: &Incoming,
    event: Option<&mut Option<Box<CloudEvent>>>,
    source: serde_json::Error,
) -> Result<M, DecodeError> {
    let Some(opened) = cloud_event::open_unmarked(&incoming.payload) else {
        return Err(unreadable(declaration, incoming, source));
    };
    let declaration = typed(M::DECLARATIONS, incoming, &opened.event)?;
    // A reader of its own: that of most messages stands in one place, and is inlined there.
    let data = if opened.data.is_empty() { b"null" } else { &*opened.data };
    let message = M::decode_by::<true>(declaration, data)
        .map_err(|source| unreadable(declaration, incoming, source))?;
    if let Some(event) = event {
        *event = Some(Box::new(opened.event));
    }
    Ok(message)
}

#[cold]
fn unreadable(
    declaration: &'static Declaration,
    incoming: &Incoming,
    source: serde_json::Error,
) -> DecodeError {
    if let Some(unread) = unread(incoming) {
        return unread;
    }
    DecodeError::Payload {
        name: declaration.name,
        version: declaration.version,
        subject: incoming.subject.to_string(),
        payload: incoming.payload.clone(),
        source,
    }
}

/// The error of a message whose payload is an object that was not read.
#[cold]
fn unread(incoming: &Incoming) -> Option<DecodeError> {
    if !incoming.payload.is_empty() {
        return None;
    }
    let source = match Claim::of(&incoming.headers)? {
        Ok(Claim { store, object, .. }) => LargeEventError::Unread { store, object },
        Err(error) => error,
    };
    Some(DecodeError::large(incoming, source))
}
