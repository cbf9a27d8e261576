//! Outbox and relay: SQLite with the bus in this process, PostgreSQL with a nats-server.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test's own functions fail it"
)]

mod away;
mod event;
mod layout;
#[cfg(feature = "postgres")]
mod model;
mod once;
mod order;
mod parked;
#[cfg(feature = "postgres")]
mod rights;
#[cfg(feature = "postgres")]
mod secret;
#[cfg(feature = "sqlite")]
mod sqlite;
mod trouble;
mod wake;
