#![doc = include_str!("dead_letter/contract.md")]

mod cause;
mod letter;
mod place;
mod store;
mod text;

pub(crate) use cause::Cause;
pub use cause::DeadLetterReason;
pub(crate) use place::stream_config;
pub(crate) use store::{store, store_read};
