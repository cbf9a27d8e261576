//! Markers: a stream's own message in the place of a subject's last one that has expired (ADR-43).

use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::admission::{self, Admission};
use super::effects::Effects;
use super::log::Message;
use super::stream::{Removal, Stream};
use super::ttl;
use crate::duration;
use crate::header::{self, Headers};
use crate::stream::StreamConfig;
use crate::subject::Subject;
use crate::transport::{ApiError, Outgoing};

/// Wait before a marker that found no room is tried again.
const AGAIN: Duration = Duration::from_secs(2);

impl Stream {
    /// Removes what is too old, and leaves a marker where a subject has nothing else: by `max_age`
    /// first, as a server does.
    #[cold]
    pub(super) fn expire_with_markers(&mut self, now: Instant, effects: &mut Effects) {
        if let Some(max_age) = self.config.max_age {
            for sequence in self.log.older_than(max_age, now) {
                self.expire_or_mark(sequence, now, effects);
            }
        }
        for sequence in self.log.ended(now) {
            self.expire_or_mark(sequence, now, effects);
        }
    }

    fn expire_or_mark(&mut self, sequence: u64, now: Instant, effects: &mut Effects) {
        let Some(message) = self.log.get(sequence) else {
            return;
        };
        if self.log.count_of(message.subject.as_str()) > 1 || is_marker(message) {
            self.remove(sequence, Removal::Deleted, effects);
            return;
        }
        let subject = message.subject.clone();
        // What can't be marked stays, as on a server: where the stream is sealed, or full and
        // discards what is new.
        if self.mark(subject, now, effects).is_err() {
            self.log.keep_until(sequence, now + AGAIN);
        }
    }

    /// Stores a marker, which replaces what there is of its subject.
    fn mark(
        &mut self,
        subject: Subject,
        now: Instant,
        effects: &mut Effects,
    ) -> Result<(), ApiError> {
        let ttl = self.config.subject_delete_marker_ttl.unwrap_or_default();
        let mut headers = Headers::new();
        headers.push(header::MARKER_REASON, "MaxAge");
        headers.push(header::TTL, duration::whole_seconds(ttl));
        headers.push(header::ROLLUP, "sub");
        let marker = Outgoing { subject, headers, payload: Bytes::new() };
        if let Admission::New(entry) = admission::check(self, &marker, now)? {
            self.accept(marker, &entry, now, effects)?;
            self.last_message_id.clear();
        }
        Ok(())
    }
}

/// Returns `true` if it stands for a message that is gone already; what key-value stores purge with
/// does.
fn is_marker(message: &Message) -> bool {
    let says = |name| message.headers.get(name).is_some_and(|value| !value.is_empty());
    says(header::MARKER_REASON) || message.headers.get(header::KV_OPERATION) == Some("PURGE")
}

/// Makes a message live for no less time than the marker of another of its subject.
///
/// A stream that keeps only one message of a subject never has both.
pub(super) fn lengthen(headers: &mut Headers, config: &StreamConfig) {
    let Some(marker) = config.subject_delete_marker_ttl else {
        return;
    };
    if config.max_messages_per_subject != Some(1)
        && let Some(Some(ttl)) = headers.get(header::TTL).and_then(ttl::ttl)
        && ttl.as_secs() < marker.as_secs()
    {
        headers.set(header::TTL, marker.as_secs().to_string());
    }
}
