//! Events of the bench: orders, in a stream that stores each by itself, and in one that stores many as one.

use tidings::prelude::*;

/// A stream that stores each by itself.
#[derive(EventStream)]
#[stream(name = "ORDERS", subjects("orders.>"), storage = "memory")]
pub(crate) struct Orders;

/// An order of the stream that stores each by itself.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orders.{region}.placed", stream = Orders)]
pub(crate) struct OrderPlaced {
    #[event(id)]
    pub(crate) order: Uuid,
    pub(crate) region: String,
    pub(crate) customer: String,
    pub(crate) total_cents: u64,
    pub(crate) note: String,
}

/// A stream that stores many as one.
#[derive(EventStream)]
#[stream(name = "BATCHES", subjects("batches.>"), storage = "memory", allow_atomic_publish)]
pub(crate) struct Batches;

/// An order of the stream that stores many as one.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "batches.{region}.placed", stream = Batches)]
pub(crate) struct OrderBatched {
    #[event(id)]
    pub(crate) order: Uuid,
    pub(crate) region: String,
    pub(crate) customer: String,
    pub(crate) total_cents: u64,
    pub(crate) note: String,
}

impl From<OrderPlaced> for OrderBatched {
    fn from(placed: OrderPlaced) -> Self {
        let OrderPlaced { order, region, customer, total_cents, note } = placed;
        Self { order, region, customer, total_cents, note }
    }
}

pub(crate) fn order(number: u64) -> OrderPlaced {
    OrderPlaced {
        order: Uuid::now_v7(),
        region: ["eu", "us", "ap"][usize::try_from(number % 3).unwrap_or(0)].into(),
        customer: "Ada Lovelace".into(),
        total_cents: number,
        note: "leave it with the neighbour, who is at home until noon".repeat(3),
    }
}

pub(crate) fn orders(count: u64) -> Vec<OrderPlaced> {
    (0..count).map(order).collect()
}
