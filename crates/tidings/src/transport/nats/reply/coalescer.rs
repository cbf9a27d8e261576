//! Questions of many who were answered together. The client writes what it is given as soon as it is
//! given something, and so a few of them at a time; held for a moment they are written in one piece.

use std::future::poll_fn;
use std::mem;
use std::pin::pin;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::task::Poll;

use tokio::sync::Notify;
use tokio::task::{unconstrained, yield_now};

use crate::lock::locked;

/// Minimum number of those who go on together, where what they ask is held.
pub(crate) const MANY: usize = 8;

/// Number of turns that those have who go on, before what they have asked is given to the client.
const TURNS: usize = 4;

/// State in which nothing is held: all that is looked at by who asks alone.
const CLOSED: u8 = 0;
/// State in which what is asked is held.
const OPEN: u8 = 1;
/// The client has no room for what was held: whoever comes now has to wait.
const STUCK: u8 = 2;

/// Letters that are held for a moment, to be given to the client together.
#[derive(Debug)]
pub(crate) struct Coalescer<L> {
    /// State of what is held, changed only by who has the questions.
    state: AtomicU8,
    questions: Mutex<Vec<L>>,
    opened: Notify,
    closed: Notify,
}

/// Outcome for a question that was put.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Put<L> {
    /// Held: it is given to the client, after those before it.
    Held,
    /// Free, with nothing held: it goes to the client, and those before it went.
    PassedOn(L),
    /// Refused: there is no room now.
    Full,
}

impl<L> Coalescer<L> {
    pub(crate) fn new() -> Self {
        Self {
            state: AtomicU8::new(CLOSED),
            questions: Mutex::new(Vec::new()),
            opened: Notify::new(),
            closed: Notify::new(),
        }
    }

    fn questions(&self) -> MutexGuard<'_, Vec<L>> {
        locked(&self.questions)
    }

    /// Returns `true` if nothing is held: there is nothing to do but to go on to the client.
    pub(crate) fn is_closed(&self) -> bool {
        self.state.load(Ordering::Acquire) == CLOSED
    }

    /// Holds what is asked from now on, until those who were woken before have had their turn.
    pub(crate) fn open(&self) {
        let questions = self.questions();
        if self.is_closed() {
            self.state.store(OPEN, Ordering::Release);
            self.opened.notify_one();
        }
        drop(questions);
    }

    /// Holds a question, where questions are held.
    pub(crate) fn put(&self, question: L) -> Put<L> {
        let mut questions = self.questions();
        match self.state.load(Ordering::Acquire) {
            CLOSED => Put::PassedOn(question),
            OPEN => {
                questions.push(question);
                Put::Held
            }
            _ => Put::Full,
        }
    }

    /// Waits until nothing is held.
    pub(crate) async fn closed(&self) {
        loop {
            let closed = self.closed.notified();
            let mut closed = pin!(closed);
            // From now on it hears of it.
            closed.as_mut().enable();
            if self.is_closed() {
                return;
            }
            closed.await;
        }
    }

    /// Gives the client what is held, in order, until this is dropped.
    pub(crate) async fn empty<F: Future>(&self, mut give: impl FnMut(L) -> F) {
        let mut taken = Vec::new();
        let _over = Over(self);
        loop {
            self.opened.notified().await;
            loop {
                // Those who were woken go first, and what has come for others meanwhile.
                for _ in 0..TURNS {
                    yield_now().await;
                }
                mem::swap(&mut *self.questions(), &mut taken);
                for question in taken.drain(..) {
                    // A turn has room for fewer of them than may be here.
                    let mut given = pin!(unconstrained(give(question)));
                    if poll_fn(|cx| Poll::Ready(given.as_mut().poll(cx))).await.is_pending() {
                        self.stuck();
                        given.await;
                    }
                }
                // What has come meanwhile goes together too.
                if self.close() {
                    break;
                }
            }
            self.closed.notify_waiters();
        }
    }

    /// Closes, unless there is something that is held.
    fn close(&self) -> bool {
        let questions = self.questions();
        let is_empty = questions.is_empty();
        if is_empty {
            self.state.store(CLOSED, Ordering::Release);
        }
        drop(questions);
        is_empty
    }

    fn stuck(&self) {
        let questions = self.questions();
        self.state.store(STUCK, Ordering::Release);
        drop(questions);
    }
}

/// Guard that drops what is held once nobody gives it to the client.
struct Over<'a, L>(&'a Coalescer<L>);

impl<L> Drop for Over<'_, L> {
    fn drop(&mut self) {
        let mut questions = self.0.questions();
        questions.clear();
        self.0.state.store(CLOSED, Ordering::Release);
        drop(questions);
        self.0.closed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::mpsc;
    use tokio::time::{Duration, timeout};

    use super::*;

    /// A coalescer that is emptied into a channel with so much room.
    fn coalescer(room: usize) -> (Arc<Coalescer<u32>>, mpsc::Sender<u32>, mpsc::Receiver<u32>) {
        let (coalescer, (sender, receiver)) = (Arc::new(Coalescer::new()), mpsc::channel(room));
        let (emptied, client) = (Arc::clone(&coalescer), sender.clone());
        tokio::spawn(async move {
            let give = |question| {
                let given = client.send(question);
                async move { given.await.unwrap() }
            };
            emptied.empty(give).await;
        });
        (coalescer, sender, receiver)
    }

    #[tokio::test]
    async fn what_is_asked_together_is_given_together() {
        let (coalescer, _, mut client) = coalescer(100);
        assert_eq!(coalescer.put(0), Put::PassedOn(0));
        coalescer.open();
        for question in 1..=10 {
            assert_eq!(coalescer.put(question), Put::Held);
            assert!(client.try_recv().is_err());
        }
        for question in 1..=10 {
            assert_eq!(client.recv().await, Some(question));
        }
        // Nobody asks any more: it is closed, and can be opened again.
        coalescer.closed().await;
        assert_eq!(coalescer.put(11), Put::PassedOn(11));
        coalescer.open();
        coalescer.open();
        assert_eq!(coalescer.put(12), Put::Held);
        assert_eq!(client.recv().await, Some(12));
        coalescer.closed().await;
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_comes_while_there_is_no_room_waits() {
        let (coalescer, _, mut client) = coalescer(2);
        coalescer.open();
        for question in 1..=5 {
            assert_eq!(coalescer.put(question), Put::Held);
        }
        assert!(timeout(Duration::from_secs(1), coalescer.closed()).await.is_err());
        assert_eq!(coalescer.put(6), Put::Full);
        coalescer.open();
        assert_eq!(coalescer.put(6), Put::Full);
        // All that was held goes before whoever has waited.
        let waited = async {
            coalescer.closed().await;
            coalescer.put(6)
        };
        let given = async {
            for question in 1..=5 {
                assert_eq!(client.recv().await, Some(question));
            }
        };
        assert_eq!(tokio::join!(waited, given).0, Put::PassedOn(6));
    }

    #[tokio::test]
    async fn none_is_lost_or_overtaken() {
        let (coalescer, sender, mut client) = coalescer(7);
        let received = tokio::spawn(async move {
            for question in 0..10_000 {
                assert_eq!(client.recv().await, Some(question));
                // Now and then it is slow.
                for _ in 0..question / 100 % 7 {
                    yield_now().await;
                }
            }
        });
        let mut ways = [0; 3];
        for question in 0..10_000 {
            if question % 40 == 0 {
                coalescer.open();
            }
            if question % 9 == 0 {
                yield_now().await;
            }
            let way = loop {
                match coalescer.put(question) {
                    Put::Held => break 0,
                    Put::PassedOn(question) => {
                        sender.send(question).await.unwrap();
                        break 1;
                    }
                    Put::Full => {
                        ways[2] += 1;
                        coalescer.closed().await;
                    }
                }
            };
            ways[way] += 1;
        }
        received.await.unwrap();
        assert!(ways.iter().all(|times| *times > 0), "{ways:?}");
    }

    #[tokio::test]
    async fn without_anybody_to_empty_it_nothing_is_held() {
        let coalescer = Coalescer::new();
        coalescer.open();
        assert_eq!(coalescer.put(1), Put::Held);
        let emptied = coalescer.empty(|_| std::future::pending::<()>());
        assert!(timeout(Duration::from_millis(1), emptied).await.is_err());
        assert_eq!(coalescer.put(2), Put::PassedOn(2));
    }
}
