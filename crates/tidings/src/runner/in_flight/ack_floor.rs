//! The account of a durable consumer: what of its messages is known to be settled, so that a
//! consumer that is lost is made again behind that.
//!
//! A server says up to where all is settled, when it is asked. Where every delivery came here, since
//! nothing was unsettled, more is known: all but what is still here, or was given back.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use tokio::time::Instant;

use crate::lock::locked;
use crate::transport::{ConsumerSnapshot, Identity, Incoming, Reach, StreamSnapshot};

/// Time for which who knows least lets the others go first.
const LONGEST_RECREATE_DELAY: Duration = Duration::from_secs(3);

/// Account of one route's consumer: which of its messages are known to be settled.
#[derive(Debug, Default)]
pub(crate) struct AckFloor {
    known: Mutex<FloorState>,
    /// `true` if there are messages that come again and are settled: asked with each message.
    carries: AtomicBool,
}

#[derive(Debug, Default)]
struct FloorState {
    stream: Option<Identity>,
    consumer: Option<Identity>,
    /// Up to here all was settled when the server was asked.
    floor: u64,
    /// The highest sequence of what was delivered.
    reached: u64,
    /// `true` if all that was delivered is settled, but for what is here or `owed`.
    is_complete: bool,
    /// Sequences of the messages that were given back, and come again.
    owed: BTreeSet<u64>,
    /// Time at which something was last heard of it.
    heard: Option<Instant>,
    carried: Option<AlreadySettled>,
}

/// Messages that a consumer that was made again delivers anew, though they are settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AlreadySettled {
    /// Up to here all is settled.
    until: u64,
    /// Exceptions from that.
    unsettled: BTreeSet<u64>,
}

/// Position from which a consumer is made again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Resume {
    /// The first message that may be unsettled.
    pub(crate) from: u64,
    /// Messages behind that one that are settled all the same; `None` where that is not known.
    pub(crate) carried: Option<AlreadySettled>,
}

impl AckFloor {
    fn known(&self) -> MutexGuard<'_, FloorState> {
        locked(&self.known)
    }

    /// Messages of this consumer are taken from now on. Says whether it is another one than before.
    pub(crate) fn open(&self, stream: Option<Identity>, snapshot: &ConsumerSnapshot) -> bool {
        let mut known = self.known();
        let is_another = known.stream.is_some() && known.stream != stream
            || known.consumer.as_ref().is_some_and(|known| *known != snapshot.identity);
        known.stream = stream;
        known.ask(snapshot, is_another);
        known.is_complete = snapshot.unsettled == 0;
        known.reached = snapshot.reached;
        if is_another {
            // Whoever made the stream again may want all of its messages handled.
            known.carried = None;
            self.carries.store(false, Ordering::Relaxed);
        }
        is_another
    }

    /// No more messages come from where they came; so far that has reached.
    pub(crate) fn close(&self, reach: Reach) {
        let mut known = self.known();
        known.is_complete &= reach.is_whole;
        known.reached = known.reached.max(reach.sequence);
    }

    /// Takes the server's snapshot of the consumer while messages are taken, of which so many have
    /// come. Says whether all is known now.
    pub(crate) fn ask(&self, snapshot: &ConsumerSnapshot, reach: Reach) -> bool {
        let mut known = self.known();
        let is_another = known.consumer.as_ref().is_some_and(|known| *known != snapshot.identity);
        known.ask(snapshot, is_another);
        let is_complete = snapshot.unsettled == 0 && snapshot.delivered == reach.number;
        if is_another || is_complete {
            known.is_complete = is_complete;
            known.reached = snapshot.reached;
        }
        is_complete
    }

    /// Returns `true` if all that is delivered is known, where so many have come.
    pub(crate) fn is_complete(&self, reach: Reach) -> bool {
        self.known().is_complete && reach.is_whole
    }

    /// A message is given back: it comes again.
    pub(crate) fn mark_unsettled(&self, message: &Incoming) {
        if let Some(receipt) = &message.receipt {
            self.known().owed.insert(receipt.sequence);
        }
    }

    /// A message that had come again is settled.
    pub(crate) fn settle(&self, message: &Incoming) {
        if let Some(receipt) = &message.receipt {
            self.known().owed.remove(&receipt.sequence);
        }
    }

    /// Messages come.
    pub(crate) fn record_delivery(&self) {
        self.known().heard = Some(Instant::now());
    }

    /// Wait before the consumer is made again: whoever has heard of it last knows most.
    pub(crate) fn recreate_delay(&self) -> Duration {
        let heard = self.known().heard;
        heard.map_or(LONGEST_RECREATE_DELAY, |heard| {
            (heard.elapsed() / 10).min(LONGEST_RECREATE_DELAY)
        })
    }

    /// Position from which the consumer of this stream goes on, while these are here and not
    /// settled; `None` where nothing is known of it.
    pub(crate) fn resume(&self, stream: &StreamSnapshot, here: BTreeSet<u64>) -> Option<Resume> {
        let known = self.known();
        if known.stream.as_ref() != Some(&stream.identity) || known.consumer.is_none() {
            return None;
        }
        let before = known.carried.as_ref();
        let mut unsettled = here;
        unsettled.extend(&known.owed);
        let resume = if known.is_complete {
            let reached = known.reached.max(known.floor);
            let until = before.map_or(reached, |carried| carried.until.max(reached));
            let still = before.map(|carried| carried.unsettled.range(reached + 1..));
            unsettled.extend(still.into_iter().flatten());
            let first = unsettled.first().map_or(until, |first| (first - 1).min(until));
            let from = first.max(known.floor) + 1;
            Resume { from, carried: Some(AlreadySettled { until, unsettled }) }
        } else {
            let carried = before.map(|carried| {
                unsettled.extend(&carried.unsettled);
                AlreadySettled { until: carried.until, unsettled }
            });
            Resume { from: known.floor + 1, carried }
        };
        // A stream that has lost its end gives the same sequences once more.
        (resume.from <= stream.last + 1).then_some(resume)
    }

    /// Returns `true` if it is known that the stream is another one than this route has read so far.
    pub(crate) fn is_another_stream(&self, stream: &StreamSnapshot) -> bool {
        self.known().stream.as_ref().is_some_and(|known| *known != stream.identity)
    }

    /// The consumer was made again here, and begins with what may be settled already.
    pub(crate) fn carry(
        &self,
        stream: Option<Identity>,
        made: &ConsumerSnapshot,
        carried: Option<AlreadySettled>,
    ) {
        let mut known = self.known();
        known.stream = stream;
        known.ask(made, true);
        known.is_complete = true;
        known.reached = made.reached;
        self.carries.store(carried.is_some(), Ordering::Relaxed);
        known.carried = carried;
    }

    /// Returns `true` if messages may come again that are settled.
    pub(crate) fn carries(&self) -> bool {
        self.carries.load(Ordering::Relaxed)
    }

    /// Returns `true` if a message comes again that is settled.
    #[inline]
    pub(crate) fn is_settled(&self, message: &Incoming) -> bool {
        self.carries() && self.is_carried(message)
    }

    #[cold]
    fn is_carried(&self, message: &Incoming) -> bool {
        let (Some(receipt), mut known) = (&message.receipt, self.known()) else { return false };
        // One that was delivered before by this consumer was judged then.
        let Some(carried) = known.carried.as_ref().filter(|_| receipt.attempt == 1) else {
            return false;
        };
        if receipt.sequence > carried.until {
            known.carried = None;
            self.carries.store(false, Ordering::Relaxed);
            return false;
        }
        !carried.unsettled.contains(&receipt.sequence)
    }
}

impl FloorState {
    fn ask(&mut self, snapshot: &ConsumerSnapshot, is_another: bool) {
        if is_another {
            self.owed.clear();
        }
        self.consumer = Some(snapshot.identity.clone());
        self.floor = snapshot.floor;
        self.owed.retain(|sequence| *sequence > snapshot.floor);
        self.heard = Some(Instant::now());
    }
}

#[cfg(test)]
mod tests;
