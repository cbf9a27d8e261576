//! Imports that most programs need: `use tidings::prelude::*;`.
//!
//! The traits and derives to declare messages, the bus and what it hands out, and from other
//! crates what a message's fields are made of: `Serialize`, `Deserialize`, `JsonSchema`, [`Uuid`]
//! and [`Duration`].
//!
//! Programs that derive also depend on `serde` and `schemars` themselves, since those derives
//! name their crates.
//!
//! The errors are not in it: a program names the one that it tells apart.

pub use std::time::Duration;

pub use schemars::JsonSchema;
pub use serde::{Deserialize, Serialize};
pub use uuid::Uuid;

pub use crate::{
    Bucket, Bus, Context, DeliverFrom, Delivery, Event, EventStream, Failure, Filter, Handler,
    Message, PublishAck, Publisher, Registry, Request, Retry, Route, Subscription, Token, Upcast,
};
