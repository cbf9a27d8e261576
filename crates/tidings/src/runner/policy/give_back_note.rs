//! That messages are given back which an instance does not know, kept where all instances see it.
//!
//! A server counts each delivery, also one to an instance of another version that gave the message
//! back. So a consumer carries a note of it: as long as it holds, a message that was delivered more
//! often than it may be tried was not tried as often, and what this process saw of it counts.

use std::time::{Duration, SystemTime};

use tokio::sync::Mutex;

use crate::dead_letter::in_turn;
use crate::link::Link;
use crate::topology;
use crate::transport::{Fault, Receipt};

/// How long a note holds. It is written anew while half of that is left.
const HOLDS: Duration = Duration::from_secs(600);
/// How long one that could not be written is not tried again.
const TRIED: Duration = Duration::from_secs(30);

/// What one route knows of its consumer's note.
#[derive(Debug)]
pub(crate) struct GiveBackNote {
    /// `true` if the consumer may be changed.
    may: bool,
    /// Until when nothing has to be written.
    written: Mutex<Option<SystemTime>>,
}

impl GiveBackNote {
    pub(crate) fn new(may: bool) -> Self {
        Self { may, written: Mutex::new(None) }
    }

    /// Says that a message of this consumer is about to be given back.
    pub(crate) async fn note(&self, link: &Link, letters: Option<&str>, receipt: &Receipt) {
        if !self.may {
            return;
        }
        let mut written = self.written.lock().await;
        let now = link.transport.now();
        if written.is_some_and(|until| until > now) {
            return;
        }
        let Receipt { stream, consumer, .. } = receipt;
        let noting = topology::note_given_back(&link.transport, stream, consumer, now + HOLDS);
        // Another version may add its filters at the same time: the note must not undo that.
        let noted = in_turn(&link.transport, letters, noting).await;
        *written = Some(now + if noted.is_ok() { HOLDS / 2 } else { TRIED });
        if let Err(fault) = noted {
            let (stream, consumer) = (&**stream, &**consumer);
            tracing::warn!(stream, consumer, %fault, "it can't be noted that messages are given back");
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
