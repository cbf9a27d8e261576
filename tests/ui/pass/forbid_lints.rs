//! Lints that a user forbids, which no expansion may allow: that would be an error by itself. (Not
//! with `unused_qualifications`: the expansions of serde allow that as well.)

#![forbid(
    unsafe_code,
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    deprecated,
    non_snake_case
)]
// Only the compiler is asked: clippy refuses the `allow` of a group in which a lint is forbidden.
#![cfg_attr(not(clippy), forbid(clippy::all, clippy::pedantic, clippy::unwrap_used, clippy::panic))]

use tidings::prelude::*;

/// A region.
#[derive(Debug, Serialize, Deserialize, JsonSchema, Token)]
pub enum Region {
    /// Europe.
    Eu,
}

/// A stream.
#[derive(Debug, EventStream)]
#[stream(name = "ORDERS", subjects("orders.>"))]
pub struct Orders;

/// An event.
#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orders.{region}.created", stream = Orders, id = "name")]
pub struct Created {
    /// Region.
    pub region: Region,
    name: String,
}

/// Any of the events.
#[derive(Debug, Event)]
pub enum Any {
    /// The first.
    Created(Created),
}

fn main() {}
