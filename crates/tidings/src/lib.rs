//! A typed event bus for Rust over NATS: **the message type is the contract**.

mod failure;
mod header;
mod message;
#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
mod publish_ack;
mod stream;
mod subject;
mod token;
