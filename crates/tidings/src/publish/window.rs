//! Messages on the way to their stream, in the order they were sent, and no more than a bound.
//!
//! Acks come in that order too, nearly always. So what is waited for is one of them that is some way
//! behind the oldest: it comes once for many, and by then those before it are here. One that others
//! overtake is put aside, and so is one that has to be sent again; those are waited for side by side.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::link::Link;
use crate::publish_ack::PublishAck;
use crate::transport::{Fault, PendingAck};

/// Maximum number of messages that are on the way, unconfirmed, at a time.
const WINDOW: usize = 1024;

/// Number of acks that are waited for at a time, where so many messages are on the way. The others
/// keep the stream busy meanwhile.
const STEP: usize = WINDOW / 4;

/// A message that was sent, and not confirmed yet.
pub(super) trait InWindow: Send {
    /// Outcome of publishing the message.
    type Outcome;

    /// Name of the stream that is to store the message.
    fn stream(&self) -> &str;

    /// The ack of the first copy.
    fn ack(&mut self) -> &mut PendingAck;

    /// Instant until which that ack is waited for, before the message is sent again.
    fn ack_deadline(&self, link: &Link) -> Instant;

    /// Ends the message with the stream's own ack.
    fn stored(self, ack: PublishAck) -> Self::Outcome;

    /// Insists on a confirmation. `fault` is what came instead of the first ack; `None` where nothing has.
    fn confirm(
        self,
        link: &Link,
        fault: Option<Fault>,
    ) -> impl Future<Output = Self::Outcome> + Send;
}

/// The place of a message, and what becomes of it in its own time.
type Apart<'a, O> = Pin<Box<dyn Future<Output = (usize, O)> + Send + 'a>>;

pub(super) struct Window<'a, M: InWindow> {
    link: &'a Link,
    /// The oldest first, each with its place.
    waiting: VecDeque<(usize, M)>,
    aside: FuturesUnordered<Apart<'a, M::Outcome>>,
    /// Goes off at the time that the oldest has, or one that was older.
    alarm: Option<Pin<Box<Sleep>>>,
}

impl<'a, M: InWindow + 'a> Window<'a, M> {
    pub(super) fn new(link: &'a Link) -> Self {
        Self { link, waiting: VecDeque::new(), aside: FuturesUnordered::new(), alarm: None }
    }

    pub(super) fn add(&mut self, place: usize, message: M) {
        self.waiting.push_back((place, message));
    }

    /// Waits until there is room for one more.
    pub(super) async fn room(&mut self, mut settle: impl FnMut(usize, M::Outcome)) {
        while self.waiting.len() + self.aside.len() >= WINDOW {
            self.advance(&mut settle).await;
        }
    }

    /// Waits for all of them.
    pub(super) async fn end(mut self, mut settle: impl FnMut(usize, M::Outcome)) {
        while !self.waiting.is_empty() || !self.aside.is_empty() {
            self.advance(&mut settle).await;
        }
    }

    /// Waits for one at least, and settles all that are known by then.
    async fn advance(&mut self, settle: &mut impl FnMut(usize, M::Outcome)) {
        poll_fn(|cx| {
            let mut progress = self.take_acks(cx, settle);
            while let Poll::Ready(Some((place, outcome))) = self.aside.poll_next_unpin(cx) {
                settle(place, outcome);
                progress = true;
            }
            if progress { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    /// Settles what is confirmed, from the oldest on; says whether there was any.
    fn take_acks(
        &mut self,
        cx: &mut Context<'_>,
        settle: &mut impl FnMut(usize, M::Outcome),
    ) -> bool {
        let mut progress = false;
        while let Some((_, oldest)) = self.waiting.front_mut() {
            match oldest.ack().take() {
                Some(Ok(ack)) if ack.stream != oldest.stream() => {
                    self.put_aside(Some(Fault::WrongStream(ack.stream)));
                }
                Some(Ok(ack)) => {
                    if let Some((place, message)) = self.waiting.pop_front() {
                        settle(place, message.stored(ack));
                    }
                    progress = true;
                }
                Some(Err(fault)) => self.put_aside(Some(fault)),
                // There is something to do already.
                None if progress => break,
                None if self.is_late(cx) => self.put_aside(Some(Fault::Timeout)),
                None if self.is_overtaken(cx) => self.put_aside(None),
                None => break,
            }
        }
        progress
    }

    /// Returns `true` if the oldest has waited for its ack as long as it may.
    fn is_late(&mut self, cx: &mut Context<'_>) -> bool {
        let Some((_, oldest)) = self.waiting.front() else { return false };
        let ack_deadline = oldest.ack_deadline(self.link);
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(sleep_until(ack_deadline)));
        while alarm.as_mut().poll(cx).is_ready() {
            if alarm.deadline() >= ack_deadline {
                return true;
            }
            // It was set for one that is confirmed by now.
            alarm.as_mut().reset(ack_deadline);
        }
        false
    }

    /// Returns `true` if one that was sent after the oldest is answered; wakes when it is. Two of
    /// them are waited for: one may be lost.
    fn is_overtaken(&mut self, cx: &mut Context<'_>) -> bool {
        let last = self.waiting.len().saturating_sub(1);
        let mut is_here = |place: usize| self.waiting[place.min(last)].1.ack().look(cx);
        let [first, second] = [is_here(STEP), is_here(2 * STEP)];
        // Alone, it is the oldest itself: it is taken at the next look.
        first || second
    }

    /// Goes on with the oldest apart, whatever became of its ack so far.
    fn put_aside(&mut self, fault: Option<Fault>) {
        let Some((place, message)) = self.waiting.pop_front() else { return };
        let link = self.link;
        self.aside.push(Box::pin(async move { (place, message.confirm(link, fault).await) }));
    }
}
