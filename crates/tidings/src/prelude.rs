//! What most programs need: `use tidings::prelude::*;`.
//!
//! The traits and derives to declare messages, the bus and what it hands out, and from other
//! crates what a message's fields are made of: `Serialize`, `Deserialize`, `JsonSchema`, [`Uuid`]
//! and [`Duration`].
//!
//! Programs that derive also depend on `serde` and `schemars` themselves, since those derives
//! name their crates.
//!
//! Not in it are the errors, which a program names where it tells them apart, and
//! [`From`](crate::From), which would hide the standard library's: write
//! `tidings::From::Beginning`.

pub use std::time::Duration;

pub use schemars::JsonSchema;
pub use serde::{Deserialize, Serialize};
pub use uuid::Uuid;

pub use crate::{
    Bus, Context, Delivery, Event, EventStream, Failure, Filter, Handler, Message, PublishAck,
    Publisher, Registry, Request, Retry, Route, Subscription, Token,
};
