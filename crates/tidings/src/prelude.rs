//! What most programs need: `use tidings::prelude::*;`.
//!
//! Programs that derive also depend on `serde` and `schemars` themselves, since those derives
//! name their crates.

pub use std::time::Duration;

pub use schemars::JsonSchema;
pub use serde::{Deserialize, Serialize};
pub use uuid::Uuid;

pub use crate::{
    Bus, Context, Delivery, Event, EventStream, Failure, Filter, Handler, Message, PublishAck,
    Publisher, Registry, Request, Retry, Route, Subscription, Token,
};
