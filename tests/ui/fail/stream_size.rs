//! Sizes that are none.

use tidings::prelude::*;

#[derive(EventStream)]
#[stream(name = "ORDERS", subjects("orders.>"), max_bytes = "10 GB")]
struct Space;

#[derive(EventStream)]
#[stream(name = "ORDERS", subjects("orders.>"), max_bytes = "10Gi")]
struct Unit;

#[derive(EventStream)]
#[stream(name = "ORDERS", subjects("orders.>"), max_bytes = 0)]
struct Zero;

#[derive(EventStream)]
#[stream(name = "ORDERS", subjects("orders.>"), max_message_size = "10GiB")]
struct Large;

fn main() {}
