//! Tidings against a real nats-server: one test binary, one module for each thing tried.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test's own functions fail it"
)]

mod harness;
