//! Events that are stored all or not at all, and what can be said of them.

use std::time::Duration;

use tokio::time::Instant;

use super::error::AtomicError;
use crate::confirm::{StreamCheck, check_stream, is_own};
use crate::header;
use crate::link::Link;
use crate::publish::Prepared;
use crate::publish::PublishError;
use crate::publish_ack::{AtomicAck, PublishAck};
use crate::stream::StreamDeclaration;
use crate::transport::{Fault, Outage};

/// Batch of one stream, and when it was begun.
pub(super) struct Batch<'a> {
    pub(super) link: &'a Link,
    pub(super) stream: &'static StreamDeclaration,
    pub(super) parts: &'a [Prepared],
    pub(super) begun: Instant,
}

impl Batch<'_> {
    pub(super) fn deadline(&self) -> Instant {
        self.begun + self.link.timeouts.publish
    }

    /// Maximum time that is waited for one answer.
    pub(super) fn ack_timeout(&self) -> Duration {
        let left = self.deadline().saturating_duration_since(Instant::now());
        self.link.timeouts.ack.min(left)
    }

    pub(super) fn id(&self, place: usize) -> &str {
        self.parts[place].outgoing.headers.get(header::MESSAGE_ID).unwrap_or_default()
    }

    /// No stream, one with other subjects, or one that is electing a leader: only the server knows.
    pub(super) async fn check_stream(&self) -> StreamCheck {
        let subjects = self.parts.iter().map(|part| part.outgoing.subject.as_str());
        let by = Instant::now() + self.ack_timeout() / 2;
        check_stream(self.link, self.stream.name, subjects, by).await
    }

    /// Returns `true` if what the stream has of the batch, from its first message on, is from this
    /// call.
    pub(super) async fn is_own(&self, first: &PublishAck) -> bool {
        let by = Instant::now() + self.ack_timeout();
        match self.parts {
            [part, ..] => is_own(self.link, first, &part.outgoing, self.begun, by).await,
            [] => false,
        }
    }

    pub(super) fn of_fault(&self, place: usize, fault: Fault) -> AtomicError {
        let subject = self.parts[place].outgoing.subject.as_str();
        self.of_event(place, PublishError::of_stream(fault, subject, self.stream.name))
    }

    pub(super) fn of_event(&self, place: usize, error: PublishError) -> AtomicError {
        match error {
            PublishError::Unconfirmed { .. } => self.unconfirmed(),
            PublishError::Conflict { stream, description, .. } => {
                AtomicError::Conflict { stream, description }
            }
            PublishError::WrongStream { stream, answered, .. } => {
                AtomicError::WrongStream { stream, answered }
            }
            source => AtomicError::Event { place, source },
        }
    }

    pub(super) fn outage(&self) -> Option<Box<Outage>> {
        self.link.transport.outage().map(Box::new)
    }

    pub(super) fn unconfirmed(&self) -> AtomicError {
        AtomicError::Unconfirmed {
            stream: self.stream.name,
            events: self.parts.len(),
            waited: self.begun.elapsed(),
            source: self.outage(),
        }
    }

    pub(super) fn ack(&self, stream: String, first_sequence: u64, duplicate: bool) -> AtomicAck {
        let last_sequence = first_sequence + self.parts.len() as u64 - 1;
        AtomicAck { stream, first_sequence, last_sequence, duplicate }
    }
}
