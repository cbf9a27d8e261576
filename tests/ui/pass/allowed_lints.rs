//! Lints that a user allows on an item are not told of what is generated for it either.

#![deny(warnings)]

use tidings::prelude::*;

/// An event that other programs write in their own style.
#[allow(non_snake_case, non_camel_case_types)]
#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orders.{orderId}.created", id = "orderId")]
pub struct order_created {
    /// The order.
    pub orderId: String,
}

/// Variants that other programs write in their own style.
#[expect(non_camel_case_types)]
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema, Token)]
pub enum region {
    /// Europe.
    eu,
}

/// Variants of events.
#[allow(non_camel_case_types)]
#[derive(Debug, Event)]
pub enum order_event {
    /// An order.
    created_now(order_created),
}

/// A stream.
#[allow(non_camel_case_types)]
#[derive(EventStream)]
#[stream(name = "ORDERS", subjects("kept.>"))]
pub struct orders;

/// A request.
#[allow(non_snake_case, reason = "what other programs call it")]
#[derive(Debug, Serialize, Deserialize, JsonSchema, Request)]
#[request(subject = "orders.{orderId}.count", reply = u64)]
pub struct Count {
    /// The order.
    pub orderId: String,
}

/// An event with a field of former times.
#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orders.{number}.ended")]
pub struct Ended {
    /// The order.
    #[event(id)]
    #[deprecated]
    pub number: u64,
}

fn main() {}
