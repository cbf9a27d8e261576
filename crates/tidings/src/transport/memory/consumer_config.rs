//! Checks of consumer configurations against their streams.

use std::time::Duration;

use tidings_subject::{check_consumer_name, check_filter, covers, overlaps};

use super::api;
use super::consumer::Acks;
use crate::stream::{Retention, StreamConfig};
use crate::subject::Subject;
use crate::transport::{ApiError, ConsumerConfig, DeliverFrom};

const DEFAULT_ACK_WAIT: Duration = Duration::from_secs(30);

/// The configuration as the server gives it back: checked, with the defaults filled in.
pub(super) fn complete(
    config: &ConsumerConfig,
    stream: &StreamConfig,
) -> Result<ConsumerConfig, ApiError> {
    let mut config = config.clone();
    check_consumer_name(&config.name)
        .map_err(|why| api::invalid_config(format!("consumer name {:?} {why}", config.name)))?;
    let too_long = |time: &Duration| i64::try_from(time.as_nanos()).is_err();
    if config.backoff.iter().any(too_long) {
        return Err(api::backoff_negative());
    }
    if too_long(&config.ack_wait) {
        return Err(api::ack_wait_negative());
    }
    if config.ack_wait.is_zero() {
        config.ack_wait = DEFAULT_ACK_WAIT;
    }
    if let Some(first) = config.backoff.first() {
        config.ack_wait = *first;
    }
    // 0 is how JSON says "no limit".
    config.max_deliver = config.max_deliver.filter(|limit| *limit > 0);
    if config.max_deliver.is_some_and(|limit| limit < config.backoff.len() as u64) {
        return Err(api::max_deliver_backoff());
    }
    let limit = stream.consumer_limits.and_then(|limits| limits.max_ack_pending);
    if let (Some(asked), Some(limit)) = (config.max_ack_pending, limit)
        && limit > 0
        && asked > limit
    {
        return Err(api::max_ack_pending(limit));
    }
    filters(&config.filters)?;
    if config.from == DeliverFrom::Sequence(0) {
        return Err(api::consumer_policy(
            "consumer delivery policy is deliver by start sequence, but optional start sequence \
             is not set",
        ));
    }
    if config.from == DeliverFrom::LastPerSubject && config.filters.is_empty() {
        return Err(api::consumer_policy(
            "consumer delivery policy is deliver last per subject, but optional filter subject \
             is not set",
        ));
    }
    Ok(config)
}

/// Checks that each filter is one, and that none is part of another.
pub(super) fn filters(filters: &[Subject]) -> Result<(), ApiError> {
    for (i, filter) in filters.iter().enumerate() {
        if check_filter(filter.as_str()).is_err() {
            return Err(api::invalid_config("invalid subject"));
        }
        for (j, other) in filters.iter().enumerate() {
            if i != j && covers(&[other.as_str()], filter.as_str()) {
                return Err(api::consumer_filters_overlap());
            }
        }
    }
    Ok(())
}

/// Checks that a stream from which messages are taken gives each to one consumer only.
pub(super) fn work_queue<'a>(
    config: &ConsumerConfig,
    acks: Acks,
    stream: &StreamConfig,
    others: impl Iterator<Item = &'a ConsumerConfig>,
) -> Result<(), ApiError> {
    if stream.retention != Retention::WorkQueue {
        return Ok(());
    }
    match acks {
        Acks::Explicit => {}
        Acks::All => return Err(api::work_queue_explicit()),
        Acks::None => return Err(api::work_queue_ack()),
    }
    if config.from != DeliverFrom::Beginning {
        return Err(api::work_queue_from());
    }
    let mut others = others.peekable();
    if others.peek().is_some() && config.filters.is_empty() {
        return Err(api::work_queue_unfiltered());
    }
    if others.any(|other| share(&config.filters, &other.filters)) {
        return Err(api::work_queue_not_unique());
    }
    Ok(())
}

/// Returns `true` if some subject is selected by both sets of filters; an empty set selects
/// everything.
pub(super) fn share(a: &[Subject], b: &[Subject]) -> bool {
    let all = |filters: &[Subject]| filters.is_empty();
    all(a) || all(b) || a.iter().any(|a| b.iter().any(|b| overlaps(a.as_str(), b.as_str())))
}

/// Checks that the server lets a consumer be changed in this way.
pub(super) fn update(old: &ConsumerConfig, new: &ConsumerConfig) -> Result<(), ApiError> {
    use DeliverFrom::{Sequence, Time};
    if old.acks != new.acks {
        return Err(api::consumer_create("ack policy can not be updated"));
    }
    let why = match (old.from, new.from) {
        (old, new) if old == new => return Ok(()),
        (Sequence(_), Sequence(_)) => "start sequence can not be updated",
        (Time(_), Time(_)) => "start time can not be updated",
        _ => "deliver policy can not be updated",
    };
    Err(api::consumer_create(why))
}
