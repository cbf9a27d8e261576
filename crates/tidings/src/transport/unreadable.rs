//! Delivered messages that no client can read.

use crate::transport::{Receipt, Settle, StoredHeaders, StoredMessage};

/// A message that was delivered and that no client can read: it breaks the connection.
#[derive(Debug)]
pub(crate) struct Unreadable {
    pub(crate) message: StoredMessage,
    /// Receipt of the consumer that it was delivered to. How often is not known.
    pub(crate) receipt: Receipt,
    /// Way to settle it, if a durable consumer delivered it.
    pub(crate) settle: Option<Settle>,
}

impl Unreadable {
    /// Reason why no client can read the message.
    pub(crate) fn why(message: &StoredMessage) -> &'static str {
        match message.headers {
            StoredHeaders::Read(_) => "its subject can't be read",
            StoredHeaders::Unreadable(_) => "its headers can't be read",
        }
    }
}
