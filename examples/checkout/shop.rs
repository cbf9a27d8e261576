//! Data of a shop, stored and told: its rows, its events, and the service that bills.

pub mod billing;
pub mod store;

use tidings::prelude::*;

/// Everything that happens to an order, kept for a week.
#[derive(EventStream)]
#[stream(name = "CHECKOUT", subjects("checkout.orders.>"), max_age = "7d")]
pub struct Checkout;

/// A customer placed an order.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "checkout.orders.placed", stream = Checkout)]
pub struct OrderPlaced {
    /// The order, by the id that the customer gave it.
    #[event(id)]
    pub order: Uuid,
    /// Price in cents.
    pub cents: i64,
}

/// An order was billed.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "checkout.orders.billed", stream = Checkout)]
pub struct OrderBilled {
    /// The order.
    #[event(id)]
    pub order: Uuid,
    /// Amount to be paid, in cents.
    pub cents: i64,
}
