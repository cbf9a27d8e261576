//! The messages of all tests.

use tidings::prelude::*;

/// The stream of what was placed.
#[derive(Debug, EventStream)]
#[stream(name = "ORDERS", subjects("orders.>"), max_age = "1h", duplicate_window = "1s")]
pub(crate) struct Orders;

/// An order was placed.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orders.placed", stream = Orders)]
pub(crate) struct OrderPlaced {
    pub(crate) number: i64,
}

/// Somebody looked at the shop.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "visits.seen")]
pub(crate) struct VisitSeen {
    pub(crate) number: i64,
}

/// An order was billed.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orders.billed", stream = Orders)]
pub(crate) struct OrderBilled {
    pub(crate) number: i64,
}
