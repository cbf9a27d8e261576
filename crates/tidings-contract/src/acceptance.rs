//! Breaks that are meant, and the reason for each.

use serde::{Deserialize, Serialize};

use crate::{Direction, Fingerprint};

/// Break that somebody meant, with the reason: an entry of `catalog.lock.json`.
///
/// It covers one change and no other: the same message, rule, place and direction, with the same
/// content before and after it. What describes a schema and binds nobody (`title`, `description`,
/// `examples`) is no part of that content.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Acceptance {
    /// The message, such as `orders.created.v1`, or what else of a catalog: `service billing`,
    /// `consumer ORDERS/mail`, `stream ORDERS`, `store SCANS-large`.
    pub message: String,
    /// The rule's name, such as `required-added`.
    pub rule: String,
    /// JSON pointer into the message's file. Where it is of no message, the place by names, wherever that stands in its
    /// file: `/services/billing/handles/orders.created.v1`, `/consumers/ORDERS/mail/filters`, `/streams/ORDERS/subjects`.
    pub pointer: String,
    /// Direction in which it fails.
    pub direction: Direction,
    /// Fingerprint of the value before.
    pub old: Fingerprint,
    /// Fingerprint of the value since.
    pub new: Fingerprint,
    /// The reason.
    pub reason: String,
}

impl Acceptance {
    /// Returns `true` if it is of a service, a consumer, a stream or a store.
    #[cfg(feature = "compat")]
    pub(crate) fn is_beside_messages(&self) -> bool {
        // The tag of a message has no space in it.
        self.message.contains(' ')
    }
}
