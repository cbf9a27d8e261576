//! Subscriptions, consumers and replays: which messages come, and in which order.

mod delete_marker;
mod durable;
mod fan_out;
mod live;
mod max_ack_pending;
mod queue_group;
mod raw;
mod replay;
mod slow_consumer;
mod upcast;
mod wildcard;
