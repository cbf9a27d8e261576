//! Note on a consumer that messages are given back which an instance does not know, kept where all
//! instances see it.
//!
//! A server counts each delivery, also one to an instance of another version that gave the message
//! back. So a consumer carries a note of it: as long as it holds, a message that was delivered more
//! often than it may be tried was not tried as often, and what this process saw of it counts.

use std::time::{Duration, SystemTime};

use tokio::sync::Mutex;

use crate::dead_letter::with_lease;
use crate::link::Link;
use crate::topology;
use crate::transport::{Fault, Receipt};

/// Time for which a note holds. It is written anew while half of that is left.
const HOLDS: Duration = Duration::from_secs(600);
/// Time for which one that could not be written is not tried again.
const TRIED: Duration = Duration::from_secs(30);

/// State of one route's note on its consumer.
#[derive(Debug)]
pub(crate) struct GiveBackNote {
    /// `true` if the consumer may be changed.
    may: bool,
    last: Mutex<Option<Attempted>>,
}

/// The last attempt to write a note.
#[derive(Debug, Clone, Copy)]
struct Attempted {
    /// Time until which none has to be written.
    until: SystemTime,
    /// `true` if the consumer has it.
    is_written: bool,
}

impl GiveBackNote {
    pub(crate) fn new(may: bool) -> Self {
        Self { may, last: Mutex::new(None) }
    }

    /// Says that a message of this consumer is about to be given back.
    pub(crate) async fn note(&self, link: &Link, letters: Option<&str>, receipt: &Receipt) {
        if !self.may {
            return;
        }
        let mut last = self.last.lock().await;
        let now = link.transport.now();
        if last.is_some_and(|last| last.until > now) {
            return;
        }
        let Receipt { stream, consumer, .. } = receipt;
        let noting = topology::note_given_back(&link.transport, stream, consumer, now + HOLDS);
        // Another version may add its filters at the same time: the note must not undo that.
        let noted = with_lease(&link.transport, letters, noting).await;
        let is_written = noted.is_ok();
        let until = now + if is_written { HOLDS / 2 } else { TRIED };
        *last = Some(Attempted { until, is_written });
        if let Err(fault) = noted {
            let (stream, consumer) = (&**stream, &**consumer);
            tracing::warn!(stream, consumer, %fault, "it can't be noted that messages are given back");
        }
    }

    /// Compares what is known of the note with what the consumer has: whoever changed it by hand, or
    /// made it again, may have left the note out, and then it is written anew.
    pub(crate) async fn compare(&self, found: Option<SystemTime>) {
        let mut last = self.last.lock().await;
        if last.is_some_and(|last| last.is_written && found.is_none_or(|found| found < last.until))
        {
            *last = None;
        }
    }

    /// Returns `true` if this message may have been given back by an instance that did not know it.
    pub(crate) async fn may_be(link: &Link, receipt: &Receipt) -> bool {
        let Receipt { stream, consumer, stored_at, .. } = receipt;
        let until = topology::given_back_until(&link.transport, stream, consumer).await;
        let until = until.unwrap_or_else(|fault: Fault| {
            let (stream, consumer) = (&**stream, &**consumer);
            tracing::warn!(stream, consumer, %fault, "a consumer can't be looked at");
            None
        });
        until.is_some_and(|until| until >= *stored_at)
    }
}
