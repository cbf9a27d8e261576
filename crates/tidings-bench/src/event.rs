//! The messages that are measured: an order with nested lines, about 200 bytes of JSON.

use serde::de::DeserializeOwned;
use tidings::prelude::*;
use uuid::Uuid;

/// A line of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Line {
    /// The article that is bought.
    pub sku: String,
    /// Number of pieces.
    pub quantity: u32,
    /// The price of one.
    pub price_cents: u64,
}

/// A message with the shape that all rows measure.
pub trait Order: Clone + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Makes one of many events that differ in id, customer and prices, and not in size.
    fn numbered(number: u32) -> Self;
}

/// Returns so many orders that differ.
pub fn several<O: Order>(count: usize) -> Vec<O> {
    (0..u32::try_from(count).unwrap_or(u32::MAX)).map(O::numbered).collect()
}

/// Declares an order with the same fields for each way that a message can go: the type decides
/// about it.
macro_rules! order {
    ($(#[$declared:meta])* $name:ident) => {
        $(#[$declared])*
        pub struct $name {
            /// Id of the order.
            pub order_id: Uuid,
            /// Region of the shop.
            pub region: String,
            /// The customer.
            pub customer: String,
            /// Price in all.
            pub total_cents: u64,
            /// Lines of the order.
            pub lines: Vec<Line>,
        }

        impl Order for $name {
            fn numbered(number: u32) -> Self {
                let price_cents = 1_000 + u64::from(number % 9_000);
                Self {
                    order_id: Uuid::from_u128(
                        0x0191_e8a0_3c5e_7a41_9d5e_6f1f_0000_0000 | u128::from(number),
                    ),
                    region: "eu".to_owned(),
                    customer: format!("c-{}", 10_000 + number % 90_000),
                    total_cents: 10_000 + price_cents,
                    lines: vec![
                        Line { sku: "A-1001".to_owned(), quantity: 2, price_cents },
                        Line { sku: "B-2040".to_owned(), quantity: 1, price_cents: 3_000 },
                    ],
                }
            }
        }
    };
}

order! {
    /// An event that no stream keeps.
    #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Event)]
    #[event(subject = "orders.placed")]
    OrderPlaced
}

order! {
    /// An order with two tokens of its subject from its fields.
    #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Event)]
    #[event(subject = "orders.{region}.{customer}.routed")]
    OrderRouted
}

order! {
    /// An event that a stream keeps.
    #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Event)]
    #[event(subject = "stored.orders.placed", stream = Stored)]
    OrderStored
}

order! {
    /// An event of a stream that allows fast batches.
    #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Event)]
    #[event(subject = "ingested.orders.placed", stream = Ingested)]
    OrderIngested
}

order! {
    /// An event that is gone once it is handled.
    #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Event)]
    #[event(subject = "soaked.orders.placed", stream = Soaked)]
    OrderSoaked
}

order! {
    /// Asks what an order costs.
    #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Request)]
    #[request(subject = "orders.price", reply = Price)]
    PriceOrder
}

/// Price of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Price {
    /// Id of the order.
    pub order_id: Uuid,
    /// Sum of all lines in cents.
    pub total_cents: u64,
}

/// A stream in the server's memory: a disk is not what is measured.
#[derive(Debug, EventStream)]
#[stream(name = "STORED", subjects("stored.>"), storage = "memory", max_consumers = 20000)]
pub struct Stored;

/// A stream with fast batches (server 2.14).
#[derive(Debug, EventStream)]
#[stream(name = "INGESTED", subjects("ingested.>"), storage = "memory", allow_batch_publish)]
pub struct Ingested;

/// A stream that holds what was not handled yet. It remembers ids for longer than its server ever
/// stands still.
#[derive(Debug, EventStream)]
#[stream(
    name = "SOAKED",
    subjects("soaked.>"),
    storage = "memory",
    retention = "work_queue",
    duplicate_window = "20s"
)]
pub struct Soaked;

#[cfg(test)]
mod tests {
    use super::{Order as _, OrderPlaced};

    #[test]
    fn an_order_is_about_200_bytes_of_json() {
        for number in [0, 1, 89_999, u32::MAX] {
            let json = serde_json::to_vec(&OrderPlaced::numbered(number)).unwrap();
            assert!((185..=215).contains(&json.len()), "{} bytes", json.len());
        }
    }
}
