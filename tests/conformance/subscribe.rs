//! Subscriptions, consumers and replays: which messages come, and in which order.

pub(crate) mod delete_marker;
pub(crate) mod durable;
pub(crate) mod fan_out;
pub(crate) mod live;
pub(crate) mod max_ack_pending;
pub(crate) mod queue_group;
pub(crate) mod replay;
pub(crate) mod slow_consumer;
pub(crate) mod wildcard;
