//! Lanes: messages of one key one behind the other, those of other keys beside them.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

/// The last in each lane that is not empty.
#[derive(Debug, Default)]
pub(super) struct Lanes(Mutex<Tails>);

#[derive(Debug, Default)]
struct Tails {
    next: u64,
    by_key: HashMap<u64, Tail>,
}

#[derive(Debug)]
struct Tail {
    ticket: u64,
    /// Ends when the one that holds the ticket has left.
    left: oneshot::Receiver<()>,
}

/// A place in a lane.
#[derive(Debug)]
pub(super) struct Turn {
    before: Option<oneshot::Receiver<()>>,
    end: End,
}

/// The end of a turn, to be given back; dropping it lets the next one go as well.
#[derive(Debug)]
pub(super) struct End {
    key: u64,
    ticket: u64,
    left: oneshot::Sender<()>,
}

impl Lanes {
    /// Takes the place behind all that are in the lane.
    pub(super) fn queue(&self, key: u64) -> Turn {
        let mut tails = self.tails();
        let ticket = tails.next;
        tails.next += 1;
        let (sender, left) = oneshot::channel();
        let before = tails.by_key.insert(key, Tail { ticket, left }).map(|tail| tail.left);
        Turn { before, end: End { key, ticket, left: sender } }
    }

    /// Lets the next one go; a lane that is empty is forgotten.
    pub(super) fn leave(&self, end: End) {
        let End { key, ticket, left } = end;
        let mut tails = self.tails();
        if tails.by_key.get(&key).is_some_and(|tail| tail.ticket == ticket) {
            tails.by_key.remove(&key);
        }
        drop(left);
    }

    fn tails(&self) -> MutexGuard<'_, Tails> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn {
    /// Waits until all that came before have left.
    pub(super) async fn begin(self) -> End {
        if let Some(before) = self.before {
            // An error says that the one before was dropped: it has left, too.
            let _ = before.await;
        }
        self.end
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn a_key_is_a_queue_and_an_empty_lane_is_forgotten() {
        let lanes = Lanes::default();
        let (first, second, other) = (lanes.queue(1), lanes.queue(1), lanes.queue(2));
        let end = first.begin().await;
        let mut second = Box::pin(second.begin());
        assert!((&mut second).now_or_never().is_none(), "behind the first");
        lanes.leave(other.begin().await);
        lanes.leave(end);
        lanes.leave(second.await);
        assert!(lanes.tails().by_key.is_empty());
    }

    #[tokio::test]
    async fn one_that_is_dropped_lets_the_next_go() {
        let lanes = Lanes::default();
        let (first, second) = (lanes.queue(1), lanes.queue(1));
        drop(first);
        lanes.leave(second.begin().await);
        assert!(lanes.tails().by_key.is_empty());
    }
}
