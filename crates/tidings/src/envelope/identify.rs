//! Identity of a message that came: which of some declarations it is, by its headers and its subject.

use super::DecodeError;
use crate::cloud_event::{self, CloudEvent, CloudEventFault, Opened};
use crate::header;
use crate::message::{Declaration, versions};
use crate::subject::Subject;
use crate::transport::Incoming;

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
pub(super) fn usual(
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
pub(super) fn typed(
    declarations: &'static [&'static Declaration],
    incoming: &Incoming,
    event: &CloudEvent,
) -> Result<&'static Declaration, DecodeError> {
    let tag = incoming.headers.get(header::MESSAGE).unwrap_or_else(|| event.event_type());
    one_of(declarations, incoming, Some(tag))
}

/// Finds which of these declarations a message is that is no CloudEvent.
pub(super) fn plain(
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
