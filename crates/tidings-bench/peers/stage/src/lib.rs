//! Parts that all Rust peers share: the arguments, the clock, and the data of an order.
//!
//! The order itself is a type of each peer, which has derives of its own.

mod clock;
mod feed;
mod order;
mod row;

pub use clock::{Handled, Measured, latencies};
pub use feed::{FEED, feed};
pub use order::{DURABLE, LIVE, ORDERS, STORED, customer, order_id};
pub use row::{Peer, Row};

/// Number of tasks that publish, or ask, at the same time in the rows that say `concurrent`.
pub const TASKS: u64 = 256;

/// Number of different events that the rows without ids publish in turn.
pub const DIFFERENT: u64 = 1_000;
