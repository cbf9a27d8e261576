//! Outbox and relay, on SQLite and PostgreSQL, over the bus in this process and over a nats-server.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test's own functions fail it"
)]

mod event;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;
