//! Times that are none.

use tidings::prelude::*;

#[derive(EventStream)]
#[stream(name = "ORDERS", subjects("orders.>"), max_age = "a week")]
struct Word;

#[derive(EventStream)]
#[stream(name = "ORDERS", subjects("orders.>"), max_age = "7")]
struct NoUnit;

#[derive(EventStream)]
#[stream(name = "ORDERS", subjects("orders.>"), max_age = 7)]
struct Number;

#[derive(EventStream)]
#[stream(name = "ORDERS", subjects("orders.>"), max_age = "30m1h")]
struct Order;

#[derive(EventStream)]
#[stream(name = "ORDERS", subjects("orders.>"), duplicate_window = "1ms")]
struct Short;

#[derive(EventStream)]
#[stream(name = "A", source(name = "B", start_time = "yesterday"))]
struct Date;

fn main() {}
