//! Key of a record: which message it is, and for whom.

use std::time::UNIX_EPOCH;

use sha2::{Digest as _, Sha256};
use tidings::{Context, Origin};

use super::InboxError;

/// Number of bytes of a message's id that are kept as they are: an index takes no text of any length.
const READABLE: usize = 128;

/// Options of what makes two deliveries the same.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct KeyOptions {
    pub(super) by_message_id: bool,
    pub(super) redriven_again: bool,
}

/// A message, and the consumer that it is delivered to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Key<'a> {
    pub(super) consumer: &'a str,
    pub(super) stream: &'a str,
    pub(super) message: String,
}

impl<'a> Key<'a> {
    pub(super) fn of(cx: &'a Context, options: KeyOptions) -> Result<Self, InboxError> {
        let (Some(origin), Some(consumer)) = (cx.origin(), cx.consumer()) else {
            return Err(InboxError::NoStream { subject: cx.subject().to_owned() });
        };
        let mut message = if options.by_message_id {
            let id = cx.message_id().ok_or_else(|| InboxError::NoMessageId {
                stream: origin.stream.to_owned(),
                sequence: origin.sequence,
            })?;
            of_id(id)
        } else {
            of_origin(origin)
        };
        if options.redriven_again && cx.redriven() > 0 {
            message = format!("{message}+{}", cx.redriven());
        }
        Ok(Self { consumer, stream: origin.stream, message })
    }
}

/// `<sequence>@<stored at, in nanoseconds since 1970>`
fn of_origin(origin: Origin<'_>) -> String {
    let since = origin.stored_at.duration_since(UNIX_EPOCH);
    let before = |_| UNIX_EPOCH.duration_since(origin.stored_at).unwrap_or_default();
    let nanos: u128 = since.unwrap_or_else(before).as_nanos();
    format!("{}@{nanos}", origin.sequence)
}

/// `#<id>`, or `##<digest>` of a long one.
fn of_id(id: &str) -> String {
    if id.len() <= READABLE {
        return format!("#{id}");
    }
    let digest = Sha256::digest(id.as_bytes());
    digest.iter().fold("##".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}
