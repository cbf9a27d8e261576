//! Message ⇄ headers and bytes: the one place that puts headers on a message and reads them off.

mod decode_error;

pub use decode_error::{DecodeError, Violation};

use bytes::Bytes;
use tidings_subject::{SCHEDULES, check_subject};
use uuid::Uuid;

use crate::header::{self, Headers};
use crate::message::{Declaration, Decode, Message, ReadBackError, versions};
use crate::subject::{Subject, SubjectError};
use crate::transport::{Incoming, Outgoing};
use crate::write_buffer;

/// The parts of a message that say what it is.
pub(crate) struct Encoded {
    pub(crate) subject: Subject,
    pub(crate) payload: Bytes,
    pub(crate) declaration: &'static Declaration,
}

/// Why a message can't be written.
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

/// An id that nobody else has.
fn new_id() -> String {
    let mut id = write_buffer::text();
    id.push_str(Uuid::now_v7().simple().encode_lower(&mut Uuid::encode_buffer()));
    id
}

/// Postpones the message to `at`: until then it waits in its stream (ADR-51).
///
/// It waits on a subject that holds its id, where another copy of it replaces it, and carries the id a
/// second time, since the server takes the first header away on delivery.
/// `None` if the id can't stand in a subject.
pub(crate) fn postpone(outgoing: Outgoing, stream: &str, at: &str) -> Option<Outgoing> {
    let Outgoing { subject: target, mut headers, payload } = outgoing;
    let id = headers.get(header::MESSAGE_ID)?;
    let subject = format!("{SCHEDULES}.{stream}.{id}");
    check_subject(&subject).ok()?;
    let id = id.to_owned();
    headers.push(header::ORIGINAL_ID, id);
    headers.push(header::SCHEDULE, format!("@at {at}"));
    headers.push(header::SCHEDULE_TARGET, target.to_string());
    // What lives for a time lives from its delivery on.
    if let Some(ttl) = headers.remove(header::TTL) {
        headers.push(header::SCHEDULE_TTL, ttl);
    }
    Some(Outgoing { subject: Subject::from(subject), headers, payload })
}

/// Finds which of these declarations an incoming message is.
#[inline]
pub(crate) fn declaration_of(
    declarations: &'static [&'static Declaration],
    incoming: &Incoming,
) -> Result<&'static Declaration, DecodeError> {
    let (subject, tag) = (incoming.subject.as_str(), incoming.headers.get(header::MESSAGE));
    // The usual case.
    if let ([declaration], None) = (declarations, tag)
        && !declaration.tagged
        && declaration.has_subject(subject)
    {
        return Ok(declaration);
    }
    one_of(declarations, incoming, tag)
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

pub(crate) fn decode<M: Decode>(incoming: &Incoming) -> Result<M, DecodeError> {
    let declaration = declaration_of(M::DECLARATIONS, incoming)?;
    M::decode(declaration, &incoming.payload).map_err(|source| DecodeError::Payload {
        name: declaration.name,
        version: declaration.version,
        subject: incoming.subject.to_string(),
        payload: incoming.payload.clone(),
        source,
    })
}
