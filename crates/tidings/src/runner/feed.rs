//! Feeding a route: from core subscriptions, or from a durable consumer.

mod audit;
mod consumer_check;
pub(super) mod core;
pub(super) mod durable;
mod keep_alive;

pub(crate) use core::Subscriptions;
pub(crate) use durable::Durable;
