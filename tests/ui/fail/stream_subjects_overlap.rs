//! Subjects of one stream that overlap.

use tidings::prelude::*;

#[derive(EventStream)]
#[stream(name = "A", subjects("orders.*", "users.>", "orders.eu"))]
struct Orders;

fn main() {}
