//! Words that a key does not know.

use tidings::prelude::*;

#[derive(EventStream)]
#[stream(name = "ORDERS", subjects("orders.>"), retention = "workqueue")]
struct Retention;

#[derive(EventStream)]
#[stream(name = "ORDERS", subjects("orders.>"), storage = "disk")]
struct Storage;

#[derive(EventStream)]
#[stream(name = "ORDERS", subjects("orders.>"), allow_direct = "yes")]
struct Flag;

fn main() {}
