//! Subjects that are no filters.

use tidings::prelude::*;

#[derive(EventStream)]
#[stream(name = "A", subjects("orders.eu*"))]
struct Partial;

#[derive(EventStream)]
#[stream(name = "A", subjects("orders.>.x", "ok"))]
struct Early;

#[derive(EventStream)]
#[stream(name = "A", subjects = "orders.>")]
struct Form;

#[derive(EventStream)]
#[stream(name = "A", subjects(orders))]
struct NotText;

fn main() {}
