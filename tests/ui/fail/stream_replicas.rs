//! Numbers of replicas that a stream can't have.

use tidings::prelude::*;

#[derive(EventStream)]
#[stream(name = "ORDERS", subjects("orders.>"), replicas = 0)]
struct None;

#[derive(EventStream)]
#[stream(name = "ORDERS", subjects("orders.>"), replicas = 6)]
struct Many;

#[derive(EventStream)]
#[stream(name = "ORDERS", subjects("orders.>"), replicas = -1)]
struct Negative;

fn main() {}
