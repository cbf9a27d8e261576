//! Streams and consumers: what is planned, changed, shared and refused.

pub(crate) mod consumer_limit;
pub(crate) mod plan;
pub(crate) mod retention;
pub(crate) mod shared_consumer;
