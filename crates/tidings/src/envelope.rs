//! Message ⇄ headers and bytes: the one place that puts headers on a message and reads them off.

mod claim;
mod decode_error;
mod identify;
mod schedule;

pub(crate) use claim::Claim;
pub use claim::LargeEventError;
pub use decode_error::{DecodeError, Violation};
pub(crate) use identify::{declaration_of, opened, within};
pub(crate) use schedule::{ended_subject, postpone, repeat, schedule_subject};

use std::time::SystemTime;

use bytes::Bytes;
use uuid::Uuid;

use crate::cloud_event::{self, CloudEvent, CloudEvents};
use crate::header::{self, Headers};
use crate::message::{Declaration, Decode, Message, ReadBackError};
use crate::subject::{Subject, SubjectError};
use crate::transport::{Incoming, Outgoing, RawMessage};
use crate::write_buffer;
use identify::{plain, typed, usual};

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
