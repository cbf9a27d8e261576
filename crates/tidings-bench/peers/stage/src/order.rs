//! Data of an order, and the subjects it goes to: about 200 bytes of JSON, two lines in it.

use uuid::Uuid;

/// The subject that no stream keeps.
pub const LIVE: &str = "live.placed";
/// The subject that the stream keeps.
pub const STORED: &str = "orders.placed";
/// The stream.
pub const ORDERS: &str = "ORDERS";
/// The durable consumer, where a peer lets one name it.
pub const DURABLE: &str = "billing";

/// The id of an order; each number has its own.
#[must_use]
pub fn order_id(number: u64) -> Uuid {
    Uuid::from_u128(0x0191_e8a0_3c5e_7a41_9d5e_0000_0000_0000 | u128::from(number))
}

/// The customer of an order: one of a thousand.
#[must_use]
pub fn customer(number: u64) -> String {
    format!("c-{}", 48_000 + number % 1_000)
}
