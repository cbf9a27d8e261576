//! Messages that are stored all or nothing: what they carry, and why they were not stored.

use uuid::Uuid;

use super::{Fault, Outgoing};
use crate::header;

/// The most bytes that a batch puts on each of its messages.
#[cfg(feature = "memory")]
pub(super) const HEADERS_LEN: usize = 96;

/// A batch's failure, the same for both transports.
#[derive(Debug)]
pub(crate) enum AtomicFault {
    /// The server is of this version, and does not know batches. Nothing was sent.
    TooOld(String),
    /// The message at this place could not be sent or was refused; nothing is stored.
    Message(usize, Fault),
    /// The batch as a whole was refused; after a timeout it is unknown whether it is stored.
    Batch(Fault),
}

/// Copies the messages as those of a new batch (ADR-50).
pub(super) fn in_batch(messages: &[Outgoing]) -> Vec<Outgoing> {
    let id = Uuid::now_v7().simple().to_string();
    let add = |(sequence, message): (usize, &Outgoing)| {
        let mut message = message.clone();
        message.headers.push(header::BATCH_ID, id.clone());
        message.headers.push(header::BATCH_SEQUENCE, sequence.to_string());
        if sequence == messages.len() {
            message.headers.push(header::BATCH_COMMIT, "1");
        }
        message
    };
    (1..).zip(messages).map(add).collect()
}
