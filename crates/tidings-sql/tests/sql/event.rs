//! Events of the tests, and the stream that keeps them.

use tidings::prelude::*;

/// Everything that happens to an order.
#[derive(EventStream)]
#[stream(name = "ORDERS", subjects("orders.>"))]
pub(crate) struct Orders;

/// A customer placed an order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orders.{region}.created", stream = Orders)]
pub(crate) struct OrderCreated {
    #[event(id)]
    pub(crate) order: i64,
    pub(crate) region: String,
    pub(crate) note: String,
}

pub(crate) fn order(order: i64) -> OrderCreated {
    OrderCreated { order, region: "eu".to_owned(), note: String::new() }
}
