//! Keys that are misspelt, inside as well.

use tidings::prelude::*;

#[derive(EventStream)]
#[stream(name = "ORDERS", subjects("orders.>"), max_ages = "7d")]
struct Orders;

#[derive(EventStream)]
#[stream(name = "ORDERS", subjects("orders.>"), placement(clusters = "a"))]
struct Inside;

#[derive(EventStream)]
#[stream(name = "ORDERS", subjects("orders.>"), metadata(team))]
struct Metadata;

fn main() {}
