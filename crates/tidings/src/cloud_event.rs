//! CloudEvents 1.0: a message in the envelope that other ecosystems read and write.
//!
//! Structured mode is that of the released NATS binding (1.0.2): the payload is the envelope, in JSON.
//! Binary mode is that of the 1.0.3 draft: the payload is the data, and each attribute a header.

mod attributes;
mod binary;
mod error;
mod media_type;
mod members;
mod mode;
mod opened;
mod options;
mod structured;
mod uri;

pub use attributes::CloudEvent;
pub use error::{CloudEventFault, CloudEventsError};
pub use mode::CloudEventMode;
pub(crate) use opened::Opened;
pub use options::CloudEvents;

use bytes::Bytes;

use crate::header::{self, Headers};
use media_type::Envelope;

/// Opens a message whose headers say that it is a CloudEvent; `None` if they say nothing of it.
#[cold]
pub(crate) fn open(headers: &Headers, payload: &Bytes) -> Option<Result<Opened, CloudEventFault>> {
    let content_type = headers.get(header::CONTENT_TYPE);
    match content_type.and_then(media_type::envelope) {
        Some(Envelope::Json) => Some(structured::read(payload)),
        Some(Envelope::Batch) => Some(Err(CloudEventFault::Batch)),
        Some(Envelope::Other) => {
            let found = content_type.unwrap_or_default().to_owned();
            Some(Err(CloudEventFault::Format { found }))
        }
        None => headers
            .get(header::CE_SPECVERSION)
            .map(|_| binary::read(headers).map(|event| Opened { event, data: payload.clone() })),
    }
}

/// Opens a payload that is a CloudEvent's envelope and whose headers don't say so: the released binding
/// has none.
#[cold]
pub(crate) fn open_unmarked(payload: &Bytes) -> Option<Opened> {
    const MARK: &[u8] = b"\"specversion\"";
    let may_be = payload.windows(MARK.len()).any(|window| window == MARK);
    may_be.then(|| structured::read(payload).ok())?
}

/// The attributes of a message that is a CloudEvent.
pub(crate) fn event_of(headers: &Headers, payload: &Bytes) -> Option<CloudEvent> {
    let opened = match open(headers, payload) {
        Some(opened) => opened.ok(),
        None => open_unmarked(payload),
    };
    opened.map(|opened| opened.event)
}

/// The data of a message, which is its payload unless its headers say that it is a CloudEvent.
pub(crate) fn data_of(headers: &Headers, payload: &Bytes) -> Bytes {
    match open(headers, payload) {
        Some(Ok(opened)) => opened.data,
        Some(Err(_)) | None => payload.clone(),
    }
}

#[cfg(test)]
mod tests;
