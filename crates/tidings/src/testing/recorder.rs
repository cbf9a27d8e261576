//! Writes down what happens on a test's bus, and knows what is still under way.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard};
use std::task::Waker;
use std::time::Duration;

use tokio::sync::{Notify, watch};

use super::fault_rule::{FaultKind, Rules};
use super::operation::{Ending, RecordedOperation};
use crate::lock::locked;
use crate::message::Declaration;
use crate::probe::{End, Listening, Probe, Work};

/// The record of one test's bus.
#[derive(Default)]
pub(super) struct Recorder {
    state: Mutex<State>,
    /// Grows with everything that begins or ends.
    version: watch::Sender<u64>,
    /// A listener has answered a call.
    answered: Notify,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) entries: Vec<RecordedOperation>,
    /// Index of the first entry that is shown.
    pub(super) from: usize,
    /// The places of those that are not over.
    pub(super) in_flight: Vec<usize>,
    pub(super) listeners: BTreeMap<u64, Attendance>,
    /// The place of the last that was retried.
    pub(super) last_retried: Option<usize>,
    pub(super) rules: Rules,
    next_listener: u64,
    call: u64,
}

/// A route that listens.
pub(super) struct Attendance {
    pub(super) route: String,
    pub(super) declarations: &'static [&'static Declaration],
    /// Stream and name of its durable consumer.
    pub(super) durable: Option<(&'static str, String)>,
    /// The last call after which it had nothing to handle.
    idle: u64,
    waker: Option<Waker>,
}

impl Recorder {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        locked(&self.state)
    }

    pub(super) fn version(&self) -> u64 {
        *self.version.borrow()
    }

    /// Resolves when something has begun or ended since this version.
    pub(super) async fn changed(&self, since: u64) {
        // The sender is `self`: it can't be gone.
        let _ = self.version.subscribe().wait_for(|version| *version != since).await;
    }

    /// Asks all core listeners whether they have anything to handle, and waits until none has.
    pub(super) async fn call(&self) {
        let (call, wakers) = {
            let mut state = self.state();
            state.call += 1;
            let listeners = state.listeners.values_mut();
            let wakers: Vec<_> = listeners.filter_map(|listener| listener.waker.take()).collect();
            (state.call, wakers)
        };
        wakers.into_iter().for_each(Waker::wake);
        loop {
            let answered = self.answered.notified();
            let all = self
                .state()
                .listeners
                .values()
                .all(|listener| listener.durable.is_some() || listener.idle >= call);
            if all {
                return;
            }
            answered.await;
        }
    }

    fn change(&self) {
        self.version.send_modify(|version| *version += 1);
    }

    /// Returns `true` if a fault of this kind is left for the message.
    fn take(&self, kind: FaultKind, work: u64) -> bool {
        let mut state = self.state();
        let State { entries, rules, .. } = &mut *state;
        index_of(work).and_then(|index| entries.get(index)).is_some_and(|entry| {
            let acked = matches!(entry.end, Ending::Handled { acked: true });
            (acked || kind != FaultKind::Redeliver) && rules.take(kind, &entry.declarations)
        })
    }
}

/// The place of what this number stands for.
fn index_of(work: u64) -> Option<usize> {
    usize::try_from(work).ok()
}

impl Probe for Recorder {
    fn begin(&self, work: Work<'_>) -> u64 {
        let mut entry = RecordedOperation::new(work);
        let index = {
            let mut state = self.state();
            // What is large was published here as a whole.
            let whole = state.entries.iter().find(|published| entry.refers_to(published));
            if let Some(whole) = whole {
                entry.payload = whole.payload.clone();
            }
            let index = state.entries.len();
            state.entries.push(entry);
            state.in_flight.push(index);
            index
        };
        self.change();
        index as u64
    }

    fn tell(&self, work: u64, end: End<'_>) {
        let end = Ending::new(end);
        let mut state = self.state();
        let Some(index) = index_of(work).filter(|index| *index < state.entries.len()) else {
            return;
        };
        if matches!(end, Ending::Retried { .. }) {
            state.last_retried = Some(index);
        }
        state.entries[index].end = end;
    }

    fn over(&self, work: u64) {
        self.state().in_flight.retain(|index| *index as u64 != work);
        self.change();
    }

    fn disturbs(&self, work: u64) -> bool {
        let state = self.state();
        let entry = index_of(work).and_then(|index| state.entries.get(index));
        entry.is_some_and(|entry| state.rules.applies_to(&entry.declarations))
    }

    fn fails(&self, declaration: &'static Declaration) -> bool {
        self.state().rules.take(FaultKind::FailPublish, &[declaration])
    }

    fn hides_object(&self, declarations: &'static [&'static Declaration]) -> bool {
        self.state().rules.take(FaultKind::HideObject, declarations)
    }

    fn hold(&self, work: u64) -> Option<Duration> {
        let state = self.state();
        state.rules.hold(&state.entries.get(index_of(work)?)?.declarations)
    }

    fn loses_ack(&self, work: u64) -> bool {
        self.take(FaultKind::LoseAck, work)
    }

    fn redelivers(&self, work: u64) -> bool {
        self.take(FaultKind::Redeliver, work)
    }

    fn listen(&self, listening: Listening<'_>) -> u64 {
        let Listening { route, declarations, durable } = listening;
        let mut state = self.state();
        let listener = state.next_listener;
        state.next_listener += 1;
        let attendance = Attendance {
            route: route.to_owned(),
            declarations,
            durable: durable.map(|(stream, name)| (stream, name.to_owned())),
            idle: 0,
            waker: None,
        };
        state.listeners.insert(listener, attendance);
        listener
    }

    fn call(&self, listener: u64, waker: &Waker) -> u64 {
        let mut state = self.state();
        if let Some(attendance) = state.listeners.get_mut(&listener) {
            attendance.waker = Some(waker.clone());
        }
        state.call
    }

    fn idle(&self, listener: u64, call: u64) {
        if let Some(attendance) = self.state().listeners.get_mut(&listener) {
            attendance.idle = call;
        }
        self.answered.notify_waiters();
    }

    fn takes(&self) {
        self.change();
    }

    fn gone(&self, listener: u64) {
        self.state().listeners.remove(&listener);
        self.answered.notify_waiters();
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder")
            .field("entries", &self.state().entries.len())
            .finish_non_exhaustive()
    }
}
