//! Acks of many messages at once: which of those that were handled an ack may cover.
//!
//! To a server such an ack says that each message of a lower sequence is done too, whoever has it.
//! So it is only sent while all that is delivered and not settled is here: the numbers of the
//! deliveries that come leave nothing out, and what was unsettled before has come again.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use crate::context::HandledMessage;
use crate::jitter::FAR;
use crate::transport::{ConsumerState, Settle};

/// Time for which nothing may be delivered to others before they are taken to be gone.
const STILL: Duration = Duration::from_secs(2);

/// Time for which nothing may be delivered to others where they have settled all that they had: one
/// that reads without end asks for more sooner than that.
const GLANCE: Duration = Duration::from_millis(100);

/// Window of a consumer's messages that are here, and that an ack may cover.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is so or not, whatever the others are")]
pub(crate) struct AckWindow {
    /// Maximum number of messages that are handled before they are acknowledged.
    every: usize,
    /// Maximum time that a delivery may stay unsettled.
    ack_wait: Duration,
    /// Messages that came and are not acknowledged, in the order in which they came and are
    /// handled.
    here: VecDeque<Delivered>,
    /// The way back for one of the consumer's messages, made into that of the others.
    template: Option<Settle>,
    /// Number of messages in `here` that are handled: the first ones.
    handled: usize,
    /// `true` if their sequences are in order too.
    in_order: bool,
    /// The number of the last delivery that came.
    last: u64,
    /// Number of unsettled messages that are elsewhere, and come again.
    missing: u64,
    /// Instant until which they are waited for.
    until: Option<Instant>,
    /// `true` if a delivery went elsewhere, or not all came again: what is unsettled is to be looked
    /// at anew.
    broken: bool,
    /// `true` if another instance is to read in this one's place.
    yields: bool,
    /// `true` if a message has come of which it is not known yet whether it is for this consumer: an ack
    /// of a later one would cover it.
    holds: bool,
    /// Result of the last look, and since when it is the same.
    looked: Option<((u64, u64), Instant)>,
}

#[derive(Debug)]
struct Delivered {
    sequence: u64,
    /// The number of its delivery.
    delivery: u64,
}

impl AckWindow {
    pub(crate) fn new(every: usize, ack_wait: Duration) -> Self {
        Self {
            every,
            ack_wait,
            here: VecDeque::new(),
            template: None,
            handled: 0,
            in_order: true,
            last: 0,
            missing: 0,
            until: None,
            broken: false,
            yields: false,
            holds: false,
            looked: None,
        }
    }

    /// Returns `true` if messages may be taken, as the consumer stands: not while another instance takes
    /// them. Asked while nothing is on its way here.
    pub(crate) fn may_open(&mut self, state: &ConsumerState, now: Instant) -> bool {
        if state.waiting > 0 {
            self.looked = None;
            return false;
        }
        let here = self.here.len() as u64;
        if state.ack_pending < here {
            // It was settled elsewhere, or removed.
            self.here.drain(..self.handled);
            self.handled = 0;
        }
        let others = state.ack_pending.saturating_sub(self.here.len() as u64);
        let found = (state.delivered, state.ack_pending);
        // A consumer that has delivered nothing since we read it, or ever, has no other reader.
        let still = match others {
            0 if state.delivered == self.last => Duration::ZERO,
            0 => GLANCE,
            _ => STILL.min(self.ack_wait),
        };
        let (_, since) = self.looked.filter(|(same, _)| *same == found).unwrap_or((found, now));
        if now.saturating_duration_since(since) < still {
            self.looked = Some((found, since));
            return false;
        }
        self.looked = None;
        self.last = state.delivered;
        (self.missing, self.holds) = (others, false);
        self.until = (others > 0).then(|| now + self.ack_wait.saturating_mul(2).min(FAR) + STILL);
        self.broken = false;
        true
    }

    /// The consumer is another one: what is handled is settled there or comes again, and whose
    /// deliveries are here is a new count.
    pub(crate) fn reset(&mut self) {
        *self = Self::new(self.every, self.ack_wait);
    }

    /// A message came.
    pub(crate) fn add(&mut self, message: &HandledMessage) {
        let (Some(receipt), Some(settle)) = (&message.receipt, &message.settle) else { return };
        self.holds = false;
        let delivery = settle.delivery();
        self.broken = self.broken || delivery != self.last + 1;
        self.last = self.last.max(delivery);
        let sequence = receipt.sequence;
        if receipt.attempt > 1 && !self.remove(sequence) && self.missing > 0 {
            self.missing -= 1;
            self.until = self.until.filter(|_| self.missing > 0);
        }
        self.in_order =
            self.here.back().is_none_or(|last| self.in_order && last.sequence < sequence);
        self.here.push_back(Delivered { sequence, delivery });
        if self.template.is_none() {
            self.template = Some(settle.clone());
        }
    }

    /// A message is handled; gives the ack that is due. It is the first that was not, unless one before
    /// it is given up and has no letter yet.
    pub(crate) fn handled(&mut self, message: &HandledMessage) -> Option<Settle> {
        let sequence = message.receipt.as_ref().map(|receipt| receipt.sequence)?;
        let index =
            self.here.iter().skip(self.handled).position(|here| here.sequence == sequence)?;
        if index > 0 {
            let here = self.here.remove(self.handled + index)?;
            self.here.insert(self.handled, here);
            self.in_order = false;
        }
        self.handled += 1;
        if self.handled >= self.every { self.due() } else { None }
    }

    /// Adds a message that can't be read: it came nowhere, and is done.
    pub(crate) fn add_unreadable(&mut self, sequence: u64) {
        self.remove(sequence);
        self.here.insert(self.handled, Delivered { sequence, delivery: self.last });
        self.handled += 1;
        self.in_order = false;
    }

    /// A message is given back. It is unsettled then, and an ack of a later one that is here would
    /// cover it.
    pub(crate) fn give_back(&mut self, sequence: u64) {
        self.remove(sequence);
        self.broken = self.broken || self.here.iter().any(|here| here.sequence > sequence);
    }

    /// A message is not here, or not as it was.
    fn remove(&mut self, sequence: u64) -> bool {
        let Some(index) = self.here.iter().position(|here| here.sequence == sequence) else {
            return false;
        };
        self.here.remove(index);
        self.handled -= usize::from(index < self.handled);
        true
    }

    /// The ack of all that is handled, if it may be sent; then it is. Where sequences are not in
    /// order, it is the ack of what lies before all that is not handled.
    pub(crate) fn due(&mut self) -> Option<Settle> {
        let is_whole = !self.broken && !self.holds && self.missing == 0;
        if !is_whole || self.handled == 0 {
            return None;
        }
        let (covered, sequence, delivery) = if self.in_order {
            let last = self.here.get(self.handled - 1)?;
            (self.handled, last.sequence, last.delivery)
        } else {
            self.covered_part()?
        };
        // What was put aside alone has no way back.
        let settle = self.template.as_ref()?.covering(sequence, delivery);
        self.here.drain(..covered);
        self.handled -= covered;
        self.in_order = self.in_order || self.here.iter().is_sorted_by_key(|here| here.sequence);
        Some(settle)
    }

    /// Puts first what is handled and may be acknowledged: says how many those are, the highest
    /// sequence, and its delivery.
    #[cold]
    fn covered_part(&mut self) -> Option<(usize, u64, u64)> {
        let unhandled = self.here.iter().skip(self.handled).map(|here| here.sequence).min();
        let Some(unhandled) = unhandled else {
            let highest = self.here.iter().map(|here| here.sequence).max()?;
            return Some((self.handled, highest, self.last));
        };
        let handled: Vec<Delivered> = self.here.drain(..self.handled).collect();
        let (before, behind): (Vec<_>, Vec<_>) =
            handled.into_iter().partition(|here| here.sequence < unhandled);
        let last = before.iter().max_by_key(|here| here.sequence);
        let covered_part = last.map(|last| (before.len(), last.sequence, last.delivery));
        before.into_iter().chain(behind).rev().for_each(|here| self.here.push_front(here));
        covered_part
    }

    /// Handles of the messages that are handled and can't be acknowledged yet: the server is to be
    /// told that they are here.
    pub(crate) fn kept(&self) -> impl Iterator<Item = Settle> {
        let is_kept = self.broken || self.missing > 0 || !self.in_order;
        let handled = self.here.iter().take(if is_kept { self.handled } else { 0 });
        let template = self.template.as_ref();
        handled.filter_map(move |here| Some(template?.covering(here.sequence, here.delivery)))
    }

    /// Sets that a message is being judged that has come and is not here, or that none is any more.
    pub(crate) fn set_on_hold(&mut self, holds: bool) {
        self.holds = holds;
    }

    /// Makes room for another instance, which is to read in place of this one: a message came that is not
    /// known here.
    pub(crate) fn yield_to_other(&mut self) {
        self.yields = true;
    }

    /// Returns `true` if that was said since the last call.
    pub(crate) fn take_yield(&mut self) -> bool {
        std::mem::take(&mut self.yields)
    }

    /// Instant until which messages that are elsewhere are waited for.
    pub(crate) fn until(&self) -> Option<Instant> {
        self.until
    }

    /// Returns `true` if what is unsettled is to be looked at anew, before more is taken.
    pub(crate) fn is_broken(&mut self, now: impl FnOnce() -> Instant) -> bool {
        if self.until.is_some_and(|until| until <= now()) {
            (self.broken, self.until) = (true, None);
        }
        self.broken
    }
}
