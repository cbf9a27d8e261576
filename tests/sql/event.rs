//! The messages. None declares an id: one that is published twice would be stored twice.

use tidings::prelude::*;

/// Stream of the orders.
#[derive(Debug, EventStream)]
#[stream(name = "ORDERS", subjects("orders.>"))]
pub(crate) struct Orders;

/// An order was placed.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orders.placed", stream = Orders)]
pub(crate) struct OrderPlaced {
    pub(crate) number: i64,
}

/// An order was billed.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orders.billed", stream = Orders)]
pub(crate) struct OrderBilled {
    pub(crate) number: i64,
}

/// Either event of an order.
#[derive(Debug, Clone, Event)]
#[event(name = "orders.any", stream = Orders)]
pub(crate) enum OrderEvent {
    Placed(OrderPlaced),
    Billed(OrderBilled),
}
