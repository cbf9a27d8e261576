//! Events that are sent: about 200 bytes of JSON with a nested list.
//!
//! These are the gate's own, so that nothing else that is measured moves its numbers.

use tidings::prelude::*;

/// A line of an order.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Line {
    pub(crate) sku: String,
    pub(crate) quantity: u32,
    pub(crate) price_cents: u64,
}

/// No stream keeps it, and its subject is a constant.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orders.placed")]
pub(crate) struct Placed {
    pub(crate) order_id: Uuid,
    pub(crate) region: String,
    pub(crate) customer: String,
    pub(crate) total_cents: u64,
    pub(crate) lines: Vec<Line>,
}

/// An event two of whose fields stand in its subject.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orders.{region}.{customer}.placed")]
pub(crate) struct PlacedIn {
    pub(crate) order_id: Uuid,
    pub(crate) region: String,
    pub(crate) customer: String,
    pub(crate) total_cents: u64,
    pub(crate) lines: Vec<Line>,
}

/// An event kept by a stream that knows it by its id.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "sales.placed", stream = Sales)]
pub(crate) struct Stored {
    #[event(id)]
    pub(crate) order_id: Uuid,
    pub(crate) region: String,
    pub(crate) customer: String,
    pub(crate) total_cents: u64,
    pub(crate) lines: Vec<Line>,
}

/// The stream that keeps it.
#[derive(EventStream)]
#[stream(name = "SALES", subjects("sales.>"), storage = "memory")]
pub(crate) struct Sales;

/// Two numbers, which take no memory of their own once they are read.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orders.counted")]
pub(crate) struct Small {
    pub(crate) id: u64,
    pub(crate) quantity: u32,
}

fn lines() -> Vec<Line> {
    vec![
        Line { sku: "A-1001".to_owned(), quantity: 2, price_cents: 4995 },
        Line { sku: "B-2040".to_owned(), quantity: 1, price_cents: 3000 },
    ]
}

const FIRST_ORDER: u128 = 0x0191_e8a0_3c5e_7a41_9d5e_6f1f_0c7f_2b11;

macro_rules! sample {
    ($event:ident) => {
        impl $event {
            /// The one that every run sends; each number is another order.
            pub(crate) fn sample(number: u128) -> Self {
                Self {
                    order_id: Uuid::from_u128(FIRST_ORDER + number),
                    region: "eu".to_owned(),
                    customer: "c-48121".to_owned(),
                    total_cents: 12990,
                    lines: lines(),
                }
            }
        }
    };
}

sample!(Placed);
sample!(PlacedIn);
sample!(Stored);

impl Small {
    /// The one that every run sends.
    pub(crate) fn sample(_: u128) -> Self {
        Self { id: 1_000_000, quantity: 37 }
    }
}
