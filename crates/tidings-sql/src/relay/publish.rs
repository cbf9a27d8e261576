//! Sending the records of a batch, in the order of each key.

use std::collections::{HashMap, HashSet};

use tidings::{Bus, PublishAck, PublishRecordError, Record};

/// A record to be sent, and the key in whose order it stands.
#[derive(Debug)]
pub(super) struct Outbound {
    pub(super) row: i64,
    pub(super) key: String,
    pub(super) record: Record,
}

/// Outcome of sending one; `None` if it was not sent, since one before it was lost.
pub(super) type Outcome = Option<Result<Option<PublishAck>, PublishRecordError>>;

/// Sends records one behind the other, all of them on their way at a time; gives row, key and outcome of each.
pub(super) async fn pipelined(bus: &Bus, records: Vec<Outbound>) -> Vec<(i64, String, Outcome)> {
    let (names, records): (Vec<_>, Vec<_>) =
        records.into_iter().map(|Outbound { row, key, record }| ((row, key), record)).unzip();
    let outcomes = bus.publish_records(records).await;
    let sent = names.into_iter().zip(outcomes);
    sent.map(|((row, key), outcome)| (row, key, Some(outcome))).collect()
}

/// Sends records so that none is on its way before those of its key are confirmed.
pub(super) async fn in_order(bus: &Bus, records: Vec<Outbound>) -> Vec<(i64, String, Outcome)> {
    let waves = waves(records);
    let mut lost: HashSet<String> = HashSet::new();
    let mut outcomes = Vec::new();
    for wave in waves {
        let (held, wave): (Vec<_>, Vec<_>) =
            wave.into_iter().partition(|record| lost.contains(&record.key));
        outcomes.extend(held.into_iter().map(|Outbound { row, key, .. }| (row, key, None)));
        for (row, key, outcome) in pipelined(bus, wave).await {
            if !matches!(outcome, Some(Ok(_))) {
                lost.insert(key.clone());
            }
            outcomes.push((row, key, outcome));
        }
    }
    outcomes
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
