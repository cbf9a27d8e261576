//! Sending the records of a batch, in the order of each key.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use tidings::{Bus, PublishAck, PublishRecordError, Record};
use tokio::time::Instant;

/// Maximum number of messages that a stream stores as one.
const AS_ONE: usize = 1000;

/// A record to be sent, and the key in whose order it stands.
#[derive(Debug)]
pub(super) struct Outbound {
    pub(super) row: i64,
    pub(super) key: String,
    pub(super) record: Record,
}

/// Outcome of sending one, with its ack where it was sent by itself; `None` if it was not sent, since one before it was lost
/// or its time was over.
pub(super) type Outcome = Option<Result<Option<PublishAck>, PublishRecordError>>;

/// Sends records one behind the other, all of them on their way at a time; gives row, key and outcome of each.
async fn pipelined(bus: &Bus, records: Vec<Outbound>) -> Vec<(i64, String, Outcome)> {
    let (names, records): (Vec<_>, Vec<_>) =
        records.into_iter().map(|Outbound { row, key, record }| ((row, key), record)).unzip();
    let outcomes = bus.publish_records(records).await;
    let sent = names.into_iter().zip(outcomes);
    sent.map(|((row, key), outcome)| (row, key, Some(outcome))).collect()
}

/// Manner in which a batch is sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Manner {
    /// `true` where none waits for those of its key before.
    pub(super) relaxed: bool,
    /// `true` where their stream stores many as one.
    pub(super) allows_atomic: bool,
    /// Instant from which none is begun any more, and the time until then.
    pub(super) until: Instant,
    pub(super) time: Duration,
}

/// Sends records in this manner, as far as there is time; gives row, key and outcome of each.
pub(super) async fn send(
    bus: &Bus,
    records: Vec<Outbound>,
    manner: Manner,
) -> Vec<(i64, String, Outcome)> {
    if Instant::now() >= manner.until {
        return unsent(records).collect();
    }
    if manner.relaxed {
        pipelined(bus, records).await
    } else {
        in_order(bus, records, manner).await
    }
}

fn unsent(records: Vec<Outbound>) -> impl Iterator<Item = (i64, String, Outcome)> {
    records.into_iter().map(|Outbound { row, key, .. }| (row, key, None))
}

/// Sends records so that none is on its way before those of its key are confirmed, or as one where their stream allows
/// that.
async fn in_order(
    bus: &Bus,
    mut records: Vec<Outbound>,
    Manner { allows_atomic, mut until, time, .. }: Manner,
) -> Vec<(i64, String, Outcome)> {
    let mut outcomes = Vec::new();
    if allows_atomic && has_key_twice(&records) {
        records = as_one(bus, records, &mut outcomes).await;
        // Waiting in vain for an answer is no reason to send none by itself.
        until = until.max(Instant::now() + time);
    }
    let mut lost: HashSet<String> = HashSet::new();
    for (number, wave) in waves(records).into_iter().enumerate() {
        if number > 0 && Instant::now() >= until {
            outcomes.extend(unsent(wave));
            continue;
        }
        let (held, wave): (Vec<_>, Vec<_>) =
            wave.into_iter().partition(|record| lost.contains(&record.key));
        outcomes.extend(unsent(held));
        for (row, key, outcome) in pipelined(bus, wave).await {
            if !matches!(outcome, Some(Ok(_))) {
                lost.insert(key.clone());
            }
            outcomes.push((row, key, outcome));
        }
    }
    outcomes
}

fn has_key_twice(records: &[Outbound]) -> bool {
    let mut keys = HashSet::with_capacity(records.len());
    !records.iter().all(|record| keys.insert(record.key.as_str()))
}

/// Has the stream store as many as one as it takes, in their order, and gives those that are to be sent by themselves:
/// it has one of them already, or there was no answer. What it stores of those later it knows by their ids.
async fn as_one(
    bus: &Bus,
    records: Vec<Outbound>,
    outcomes: &mut Vec<(i64, String, Outcome)>,
) -> Vec<Outbound> {
    let parts = records.len().div_ceil(AS_ONE).max(1);
    let part = records.len().div_ceil(parts).max(2);
    let mut left = records.into_iter();
    loop {
        let some: Vec<Outbound> = left.by_ref().take(part).collect();
        let batch: Vec<Record> = some.iter().map(|outbound| outbound.record.clone()).collect();
        if batch.len() < 2 {
            return some;
        }
        if let Err(error) = bus.publish_records_atomically(&batch).await {
            tracing::debug!(%error, "events of the outbox are sent one by one");
            return some.into_iter().chain(left).collect();
        }
        let stored = some.into_iter().map(|Outbound { row, key, .. }| (row, key, Some(Ok(None))));
        outcomes.extend(stored);
    }
}

/// The first record of each key, the second one of each, and so on.
fn waves(records: Vec<Outbound>) -> Vec<Vec<Outbound>> {
    let places: Vec<usize> = {
        let mut counts: HashMap<&str, usize> = HashMap::with_capacity(records.len());
        let place = |record| {
            let Outbound { key, .. }: &Outbound = record;
            let count = counts.entry(key).or_default();
            *count += 1;
            *count - 1
        };
        records.iter().map(place).collect()
    };
    let mut waves: Vec<Vec<Outbound>> = Vec::new();
    for (record, place) in records.into_iter().zip(places) {
        if waves.len() == place {
            waves.push(Vec::new());
        }
        waves[place].push(record);
    }
    waves
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use tidings::{EventStream, Headers};

    use super::*;

    #[derive(EventStream)]
    #[stream(name = "NOTES", subjects("notes.>"))]
    struct Notes;

    const TIME: Duration = Duration::from_secs(5);

    fn note(row: i64, key: &str) -> Outbound {
        let record = Record::new("notes.taken", Headers::new(), "{}").unwrap();
        let record = record.in_stream("NOTES").unwrap();
        Outbound { row, key: key.to_owned(), record }
    }

    async fn sent(manner: Manner) -> (Vec<(i64, bool)>, u64) {
        let bus = Bus::in_memory();
        bus.provision::<Notes>().await.unwrap();
        let records = vec![note(1, "a"), note(2, "a"), note(3, "b")];
        let mut outcomes: Vec<_> = send(&bus, records, manner)
            .await
            .into_iter()
            .map(|(row, _, outcome)| (row, matches!(outcome, Some(Ok(_)))))
            .collect();
        outcomes.sort_unstable();
        (outcomes, bus.stream::<Notes>().state().await.unwrap().messages)
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_looked_for_too_long_ago_is_not_sent() {
        let now = Instant::now();
        for relaxed in [false, true] {
            let manner = |until| Manner { relaxed, allows_atomic: false, until, time: TIME };
            let all = vec![(1, true), (2, true), (3, true)];
            assert_eq!(sent(manner(now + TIME)).await, (all, 3));
            let none = vec![(1, false), (2, false), (3, false)];
            assert_eq!(sent(manner(now)).await, (none, 0));
        }
    }
}
