//! Names that a stream can not have.

use tidings::prelude::*;

#[derive(EventStream)]
#[stream(subjects("orders.>"))]
struct Missing;

#[derive(EventStream)]
#[stream(name = "ORDERS.EU", subjects("orders.>"))]
struct Dot;

#[derive(EventStream)]
#[stream(name = "", subjects("orders.>"))]
struct Empty;

#[derive(EventStream)]
#[stream(name = "a/b", subjects("orders.>"))]
struct Slash;

fn main() {}
