//! Verification that each event was handled as promised.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Result, ensure};
use tidings::Failure;
use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, sleep};

use tidings_tests::Chance;

/// Time before a fault in which an event may have been handled whose ack it can still have lost, or
/// behind which the consumer was not known to have come.
const ON_ITS_WAY: Duration = Duration::from_secs(6);
/// Time after a fault in which it can still have lost one.
const AFTERWARDS: Duration = Duration::from_secs(2);
/// Number of events of which one fails at first.
const FAILING: u64 = 20;

/// Record of all that was published and handled.
pub(super) struct Record {
    state: Mutex<State>,
    room: Arc<Semaphore>,
    count: watch::Sender<usize>,
}

#[derive(Default)]
struct State {
    events: BTreeMap<u32, Event>,
    /// Spans of time in which acks may have been lost; `None` while the fault lasts.
    faults: Vec<(Instant, Option<Instant>)>,
    /// Numbers of events that were taken for something that they are not.
    mistaken: Vec<u32>,
}

#[derive(Default)]
struct Event {
    failed: bool,
    /// Times at which each handler returned that it is done.
    done: Vec<Instant>,
}

impl Record {
    pub(super) fn new(room: Arc<Semaphore>) -> Self {
        Self { state: Mutex::default(), room, count: watch::channel(0).0 }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An event is about to be published.
    pub(super) fn publish(&self, number: u32) {
        self.state().events.insert(number, Event::default());
    }

    /// Handles an event, or fails the first time.
    pub(super) async fn handle(&self, number: u32, is_itself: bool) -> Result<(), Failure> {
        let mut chance = Chance::new(7, u64::from(number));
        sleep(Duration::from_millis(chance.below(3))).await;
        let mut state = self.state();
        if !is_itself {
            state.mistaken.push(number);
        }
        let event = state.events.entry(number).or_default();
        if chance.below(FAILING) == 0 && !std::mem::replace(&mut event.failed, true) {
            return Err(Failure::retry("the first time it fails"));
        }
        event.done.push(Instant::now());
        if event.done.len() == 1 {
            self.room.add_permits(1);
            self.count.send_modify(|count| *count += 1);
        }
        Ok(())
    }

    /// Begins a span in which acks may be lost, until [`Self::over`].
    pub(super) fn fault(&self) {
        self.state().faults.push((Instant::now(), None));
    }

    pub(super) fn over(&self) {
        if let Some((_, end)) = self.state().faults.last_mut() {
            *end = Some(Instant::now());
        }
    }

    /// Number of events that are published.
    pub(super) fn published(&self) -> usize {
        self.state().events.len()
    }

    /// Number of events that are handled.
    pub(super) fn count(&self) -> usize {
        *self.count.borrow()
    }

    /// Resolves when this many are.
    pub(super) async fn handled(&self, all: u32) {
        let enough = |count: &usize| *count >= usize::try_from(all).unwrap_or(usize::MAX);
        // The sender is here, so it can't be gone.
        let _ = self.count.subscribe().wait_for(enough).await;
    }

    /// Events below `end` that are not handled, as text.
    pub(super) fn left(&self, end: u32) -> String {
        let state = self.state();
        let left = state.events.range(..end).filter(|(_, event)| event.done.is_empty());
        let left: Vec<u32> = left.map(|(number, _)| *number).collect();
        format!("{} left, {:?} first", left.len(), &left[..left.len().min(20)])
    }

    /// Prints the counts, and fails if an event was not handled, or more often than what happened
    /// meanwhile explains.
    pub(super) fn close(&self, all: u32) -> Result<()> {
        let state = self.state();
        let repeated: Vec<_> =
            state.events.iter().filter(|(_, event)| event.done.len() > 1).collect();
        let lost = state.events.values().filter(|event| event.done.is_empty()).count();
        let unexplained: Vec<_> = repeated
            .iter()
            .filter(|(_, event)| !event.done.windows(2).all(|pair| state.explains(pair)))
            .map(|(number, event)| {
                let gaps: Vec<_> = event.done.windows(2).map(|pair| pair[1] - pair[0]).collect();
                (**number, gaps)
            })
            .collect();
        println!(
            "{all} published, {lost} lost, {} handled again, {} of them for no reason, {} mistaken",
            repeated.len(),
            unexplained.len(),
            state.mistaken.len(),
        );
        ensure!(lost == 0, "{lost} are lost");
        ensure!(state.mistaken.is_empty(), "taken for another event: {:?}", state.mistaken);
        ensure!(
            unexplained.is_empty(),
            "handled again, though no ack of theirs can be lost: {:?}",
            &unexplained[..unexplained.len().min(20)],
        );
        Ok(())
    }
}

impl State {
    /// Returns `true` if the first of two times that an event was handled was in, or shortly
    /// before, a fault that was there before the second.
    fn explains(&self, pair: &[Instant]) -> bool {
        self.faults.iter().any(|(from, end)| {
            let end = end.unwrap_or_else(Instant::now);
            pair[0] + ON_ITS_WAY >= *from && pair[0] <= end + AFTERWARDS && pair[1] >= *from
        })
    }
}
