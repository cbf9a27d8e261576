//! JetStream: its API, streams and consumers as configurations, stored messages, and batches.

pub(crate) mod admin;
pub(crate) mod api;
pub(crate) mod atomic;
pub(crate) mod consumer_config;
pub(crate) mod direct;
mod direct_batch;
pub(crate) mod direct_run;
pub(crate) mod ingest;
mod list;
pub(crate) mod stored;
pub(crate) mod stream_config;
