//! Promises of Tidings, the same on every transport: each scenario runs on a bus in this process
//! and on one over a nats-server of its own. The promises that files name by a number are listed in
//! `ARCHITECTURE.md`.
//!
//! A module of scenarios lists them at its head, with [`scenarios!`], and nobody else names them: one
//! that is in no list is dead code, which the compiler tells.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test's own functions fail it"
)]

#[macro_use]
mod scenario;

mod handle;
mod key_value;
mod large_event;
mod lifecycle;
mod object_store;
mod publish;
mod settle;
mod subscribe;
mod support;
mod topology;
