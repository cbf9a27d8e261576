//! Batches on their way: a few at a time, and none has a key of another one.

use std::collections::{HashSet, VecDeque};
use std::future::poll_fn;
use std::hash::{BuildHasher as _, RandomState};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use super::publish::{Outbound, Outcome};

/// Outcome of a batch: row, key and outcome of each.
pub(super) type Outcomes = Vec<(i64, String, Outcome)>;

type Sending = Pin<Box<dyn Future<Output = Outcomes> + Send>>;

/// Batches on their way, in the order in which they were sent.
#[derive(Default)]
pub(super) struct Flights {
    flights: VecDeque<Flight>,
    /// Hasher of keys.
    hasher: RandomState,
}

struct Flight {
    /// Hashes of its keys: two that are the same by chance only wait for each other.
    keys: HashSet<u64>,
    state: State,
}

enum State {
    Sending(Sending),
    Landed(Outcomes),
}

impl Flights {
    /// Maximum number of batches on their way at a time: while one waits for its answers, the other is sent.
    pub(super) const MOST: usize = 2;

    pub(super) fn len(&self) -> usize {
        self.flights.len()
    }

    fn is_empty(&self) -> bool {
        self.flights.is_empty()
    }

    /// Returns `true` if any has a key on its way.
    pub(super) fn have_key_of(&self, records: &[Outbound]) -> bool {
        !self.is_empty()
            && records.iter().any(|record| {
                let key = self.hasher.hash_one(&record.key);
                self.flights.iter().any(|flight| flight.keys.contains(&key))
            })
    }

    /// Adds a batch, which begins its way at the next look at any.
    pub(super) fn add(
        &mut self,
        records: Vec<Outbound>,
        send: impl FnOnce(Vec<Outbound>) -> Sending,
    ) {
        let keys = records.iter().map(|record| self.hasher.hash_one(&record.key)).collect();
        self.flights.push_back(Flight { keys, state: State::Sending(send(records)) });
    }

    /// Does something while all are on their way.
    pub(super) async fn beside<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        poll_fn(|cx| {
            self.go_on(cx);
            work.as_mut().poll(cx)
        })
        .await
    }

    /// Waits for the first one; gives its outcomes, and those of all the others if any of these is an error.
    pub(super) async fn land(&mut self) -> Outcomes {
        let mut outcomes = self.land_first().await;
        if outcomes.iter().any(|(.., outcome)| !matches!(outcome, Some(Ok(_)))) {
            while !self.is_empty() {
                outcomes.extend(self.land_first().await);
            }
        }
        outcomes
    }

    async fn land_first(&mut self) -> Outcomes {
        poll_fn(|cx| {
            self.go_on(cx);
            match self.flights.front() {
                Some(Flight { state: State::Sending(_), .. }) => Poll::Pending,
                _ => Poll::Ready(()),
            }
        })
        .await;
        match self.flights.pop_front().map(|flight| flight.state) {
            Some(State::Landed(outcomes)) => outcomes,
            _ => Vec::new(),
        }
    }

    fn go_on(&mut self, cx: &mut Context<'_>) {
        for flight in &mut self.flights {
            if let State::Sending(sending) = &mut flight.state
                && let Poll::Ready(outcomes) = sending.as_mut().poll(cx)
            {
                flight.state = State::Landed(outcomes);
            }
        }
    }
}
