//! A route's messages that are here: shared by the intake, which handles them, and the teller,
//! which tells the server of them.

pub(super) mod ack_floor;
pub(super) mod backlog;
pub(super) mod cumulative_ack;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::sync::Notify;
use tokio::task::unconstrained;
use tokio::time::Instant;

use self::backlog::{Backlog, Taken};
use self::cumulative_ack::Cover;
use crate::context::Matter;
use crate::runner::schedule::message_feed::{Feed, Flow};
use crate::transport::{Fault, Pull, Reach, Settle, Settlement};

/// What is here of one route's messages.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    held: Mutex<Held>,
    /// Wakes the teller, which sleeps while nothing is here.
    stirred: Notify,
    /// Wakes the audit, which looks seldom while nothing comes.
    roused: Notify,
    /// Whether what waits here is given back, since what is handled takes too long.
    crowded: AtomicBool,
}

#[derive(Debug, Default)]
pub(crate) struct Held {
    /// What waits.
    pub(crate) backlog: Backlog,
    /// What tasks of their own handle: the places that are free, and the works at the others.
    works: Vec<Option<Work>>,
    free: Vec<usize>,
    /// What the intake handles itself.
    hand: Option<InHand>,
    /// What an ack may cover, on a route that acknowledges many messages at once.
    pub(crate) cover: Option<Cover>,
    /// When the server was last told of what is handled and can't be acknowledged yet.
    kept: Option<Instant>,
    /// Where more may have come that the intake has not taken.
    flow: Option<Arc<Flow>>,
    /// Wakes the intake, while something waits.
    intake: Option<Waker>,
    /// Whether the teller is awake.
    awake: bool,
    /// Whether the audit looks seldom.
    dozes: bool,
    /// Whether one of them is to be woken by what comes.
    calm: bool,
}

/// A stream's message that a task handles.
#[derive(Debug)]
struct Work {
    message: Arc<Matter>,
    begun: Instant,
    told: Instant,
}

/// Stands in the ledger for a message that a task handles, until it is dropped.
#[derive(Debug)]
pub(crate) struct Entry {
    ledger: Arc<Ledger>,
    place: usize,
}

impl Drop for Entry {
    fn drop(&mut self) {
        let mut held = self.ledger.held();
        held.works[self.place] = None;
        held.free.push(self.place);
    }
}

/// A stream's message that the intake handles itself, with no look at the clock.
#[derive(Debug)]
struct InHand {
    message: Arc<Matter>,
    /// When the teller saw it first, and when it told of it last.
    seen: Option<[Instant; 2]>,
}

impl Ledger {
    /// With `cover` messages are handled in their order, and acknowledged together.
    pub(crate) fn new(cover: Option<Cover>) -> Self {
        let mut held = Held::default();
        held.backlog.keep_order(cover.is_some());
        held.cover = cover;
        (held.dozes, held.calm) = (true, true);
        Self { held: Mutex::new(held), ..Self::default() }
    }

    /// Does something with what an ack may cover, if acks cover more than their message.
    pub(crate) fn cover<T: Default>(&self, work: impl FnOnce(&mut Cover) -> T) -> T {
        self.held().cover.as_mut().map(work).unwrap_or_default()
    }

    pub(crate) fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A message waits from now on.
    pub(crate) fn push(&self, mut taken: Taken) {
        taken.entry = None;
        let mut held = self.held();
        let tells = taken.incoming.settle.is_some();
        held.backlog.push(taken);
        self.stir(&mut held, tells);
    }

    /// What came too early waits until then.
    pub(crate) fn defer(&self, mut taken: Taken, until: Instant) {
        taken.entry = None;
        let mut held = self.held();
        let tells = taken.incoming.settle.is_some();
        held.backlog.defer(taken, until);
        self.stir(&mut held, tells);
    }

    /// The intake begins to handle this message itself.
    pub(crate) fn take_in_hand(&self, message: Arc<Matter>) {
        let mut held = self.held();
        held.hand = Some(InHand { message, seen: None });
        self.stir(&mut held, true);
    }

    /// It has ended, or goes on in a task. Says also whether it took so long that others may have
    /// been taken over meanwhile.
    pub(crate) fn put_down(&self) -> bool {
        self.held().hand.take().is_some_and(|hand| hand.seen.is_some())
    }

    /// A task begins to handle this message; `None` where there is nothing to tell of it.
    pub(crate) fn enter(self: &Arc<Self>, taken: &Taken, now: Instant) -> Option<Entry> {
        taken.incoming.settle.as_ref()?;
        let message = Arc::clone(&taken.incoming);
        let work = Some(Work { message, begun: now, told: taken.told.unwrap_or(now) });
        let mut held = self.held();
        let place = if let Some(place) = held.free.pop() {
            held.works[place] = work;
            place
        } else {
            held.works.push(work);
            held.works.len() - 1
        };
        self.stir(&mut held, true);
        Some(Entry { ledger: Arc::clone(self), place })
    }

    /// From where the intake takes messages, until [`Ledger::detach`].
    pub(crate) fn attach(&self, feed: &Feed) {
        self.held().flow = feed.flow();
    }

    pub(crate) fn detach(&self) {
        self.held().flow = None;
    }

    fn stir(&self, held: &mut Held, tells: bool) {
        if tells && held.calm {
            self.rouse(held);
        }
    }

    #[cold]
    fn rouse(&self, held: &mut Held) {
        held.calm = false;
        if !std::mem::replace(&mut held.awake, true) {
            self.stirred.notify_one();
        }
        if std::mem::take(&mut held.dozes) {
            self.roused.notify_one();
        }
    }

    /// Resolves when something has come after the audit [dozed](Self::doze).
    pub(crate) async fn roused(&self) {
        self.roused.notified().await;
    }

    /// What comes next rouses the audit.
    pub(crate) fn doze(&self) {
        let mut held = self.held();
        (held.dozes, held.calm) = (true, true);
    }

    /// How far the consumer's deliveries have come; `None` while none are taken.
    pub(crate) fn reach(&self) -> Option<Reach> {
        self.with_pull(|pull| pull.reach())?
    }

    /// All that was delivered up to this number is settled: what comes behind it is all that is not,
    /// unless more has come meanwhile.
    pub(crate) fn begin_behind(&self, number: u64) {
        self.with_pull(|pull| {
            if pull.reach().is_some_and(|reach| reach.number == number) {
                pull.begin_behind(number);
            }
        });
    }

    fn with_pull<T>(&self, work: impl FnOnce(&mut Pull) -> T) -> Option<T> {
        let flow = self.held().flow.clone()?;
        let mut pull = flow.lock().unwrap_or_else(PoisonError::into_inner);
        pull.as_mut().map(work)
    }

    /// The sequences of what is here and not settled.
    pub(crate) fn unsettled(&self) -> BTreeSet<u64> {
        let held = self.held();
        let works = held.works.iter().flatten().map(|work| &work.message);
        let hand = held.hand.iter().map(|hand| &hand.message);
        let waiting = held.backlog.all().map(|taken| &taken.incoming);
        let receipts =
            works.chain(hand).chain(waiting).filter_map(|message| message.receipt.as_ref());
        receipts.map(|receipt| receipt.sequence).collect()
    }

    /// Whether nothing is to be fetched ahead: what waited here was, or is to be, given back.
    #[inline]
    pub(crate) fn is_crowded(&self) -> bool {
        self.crowded.load(Relaxed)
    }

    /// Looks at how long messages have waited, and takes out those that are to be given back.
    ///
    /// Waiting is bounded as handling is. First the route is told to fetch nothing more: what is
    /// given back is not to come here again. A `strict` route only gives back what waits behind a
    /// handler that is not told of any more: it lets messages wait for other reasons too.
    pub(crate) fn take_late(
        &self,
        now: Instant,
        limit: Duration,
        least: Duration,
        strict: bool,
        keep: impl Fn(&Taken) -> bool,
    ) -> Vec<Taken> {
        let mut held = self.held();
        let (hung, late) = (now.checked_sub(limit), now.checked_sub(limit.max(least)));
        let hangs = hung.is_some_and(|hung| held.is_hung(hung));
        let is_late = late.is_some_and(|late| held.backlog.is_late(late)) && (hangs || !strict);
        if !self.is_crowded() {
            if is_late {
                self.crowd(&mut held, true);
            }
            return Vec::new();
        }
        if !hangs && !is_late {
            self.crowd(&mut held, false);
            return Vec::new();
        }
        // What came after it was known that nothing begins need not wait as long.
        held.backlog.take_late(if hangs { now } else { late.unwrap_or(now) }, keep)
    }

    fn crowd(&self, held: &mut Held, crowded: bool) {
        self.crowded.store(crowded, Relaxed);
        if let Some(intake) = held.intake.take() {
            intake.wake();
        }
    }

    /// Resolves when there is something to tell of.
    pub(crate) async fn stirred(&self) {
        self.stirred.notified().await;
    }

    /// Whether nothing is here: then the teller sleeps until it is woken.
    pub(crate) fn sleeps(&self) -> bool {
        let mut held = self.held();
        let keeps = held.cover.as_ref().is_some_and(|cover| cover.kept().next().is_some());
        held.awake = keeps || held.hand.is_some() || !held.backlog.is_empty() || held.is_at_work();
        held.calm = !held.awake || held.dozes;
        if !held.awake && self.is_crowded() {
            self.crowd(&mut held, false);
        }
        !held.awake
    }

    /// Tells the server of what it was not told of since `before`, as long as it has not been
    /// handled for longer than `limit`. Gives what finds no room on its way: the rest is told once
    /// there is some.
    ///
    /// What is told of is still here: once a message is given back, the server must not hear that
    /// it is in good hands.
    pub(crate) fn tell(
        &self,
        before: Instant,
        now: Instant,
        limit: Duration,
    ) -> Result<Option<Settle>, Fault> {
        let mut held = self.held();
        let Held { hand, works, backlog, cover, kept, .. } = &mut *held;
        if let Some(cover) = cover
            && kept.is_none_or(|kept| kept <= before)
        {
            *kept = Some(now);
            for settle in cover.kept() {
                // What finds no room is told the next time.
                unconstrained(settle.send(Settlement::Progress)).now_or_never().transpose()?;
            }
        }
        let may_be_told = |begun: Instant| {
            !limit.is_zero() && begun.checked_add(limit).is_none_or(|end| now <= end)
        };
        let hand = hand.iter_mut().filter_map(|InHand { message, seen }| {
            let [begun, told] = seen.get_or_insert([now, now]);
            message.settle.as_ref().filter(|_| may_be_told(*begun)).map(|settle| (settle, told))
        });
        let works = works.iter_mut().flatten();
        let works = works.filter_map(|Work { message, begun, told }| {
            message.settle.as_ref().filter(|_| may_be_told(*begun)).map(|settle| (settle, told))
        });
        let waiting = backlog.untold(before).filter_map(|taken| {
            let Taken { incoming, told, .. } = taken;
            incoming.settle.as_ref().map(|settle| (settle, told.get_or_insert(before)))
        });
        for (settle, told) in hand.chain(works).chain(waiting).filter(|(_, told)| **told <= before)
        {
            *told = now;
            match unconstrained(settle.send(Settlement::Progress)).now_or_never() {
                Some(sent) => sent?,
                None => return Ok(Some(settle.clone())),
            }
        }
        Ok(None)
    }

    /// From where messages may have come that the intake can't take: the handler that it runs
    /// itself has not returned for longer than the teller sleeps.
    pub(crate) fn stuck(&self) -> Option<Arc<Flow>> {
        let held = self.held();
        let is_stuck = held.hand.as_ref().is_some_and(|hand| hand.seen.is_some());
        held.flow.clone().filter(|_| is_stuck)
    }
}

impl Held {
    /// Whether a handler began before then.
    fn is_hung(&self, before: Instant) -> bool {
        let works = self.works.iter().flatten().map(|work| work.begun);
        let hand = self.hand.iter().filter_map(|hand| hand.seen).map(|[begun, _]| begun);
        works.chain(hand).any(|begun| begun <= before)
    }

    /// Who is woken when it is to be looked at anew whether messages are fetched ahead.
    pub(crate) fn await_crowd(&mut self, waker: &Waker) {
        if !self.backlog.is_empty() && !self.intake.as_ref().is_some_and(|i| i.will_wake(waker)) {
            self.intake = Some(waker.clone());
        }
    }

    fn is_at_work(&self) -> bool {
        self.works.len() > self.free.len()
    }
}
