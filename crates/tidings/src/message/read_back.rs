//! Reading a message back before it is sent, as a receiver would.

use std::any::type_name;

use serde::de::DeserializeOwned;

use crate::message::{Decode, ReadBackError};
use crate::payload;

/// Reason why the answer to a request is not sent.
#[derive(Debug, thiserror::Error)]
#[error("the answer, a `{name}`, can't be read back from what would be sent: {source}")]
pub(super) struct UnreadableAnswer {
    name: &'static str,
    source: ReadBackError,
}

/// Reads a message that owns its data back, and compares what identifies it.
///
/// # Errors
/// [`ReadBackError`] if no receiver could read it, or would read another message.
#[cold]
pub fn read_back<M: Decode>(message: &M, payload: &[u8]) -> Result<(), ReadBackError> {
    let read = M::decode_by::<true>(message.declaration(), payload);
    let read = read.map_err(|source| unreadable(payload, source))?;
    if let Ok(sent) = message.subject() {
        match read.subject() {
            Ok(read) if read == sent => {}
            Ok(read) => {
                let (sent, read) = (sent.to_string(), read.to_string());
                return Err(ReadBackError::Subject { sent, read });
            }
            Err(source) => return Err(ReadBackError::NoSubject { source }),
        }
    }
    let (sent, read) = (message.message_id(), read.message_id());
    // An id that is another one each time it is asked for says nothing of what was read.
    if sent != read && sent == message.message_id() {
        return Err(ReadBackError::MessageId { sent, read });
    }
    Ok(())
}

/// Reads the body of an answer back.
#[cold]
pub(super) fn read_back_answer<T: DeserializeOwned>(body: &[u8]) -> Result<(), UnreadableAnswer> {
    payload::read::<T>(body).map(drop).map_err(|source| UnreadableAnswer {
        name: type_name::<T>(),
        source: unreadable(body, source),
    })
}

fn unreadable(payload: &[u8], source: serde_json::Error) -> ReadBackError {
    let path = payload::path_of(payload, &source);
    ReadBackError::Payload { path, source }
}
