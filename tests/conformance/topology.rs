//! Streams and consumers: what is planned, changed, shared and refused.

mod consumer_limit;
mod environment;
mod plan;
mod retention;
mod shared_consumer;
mod store;
