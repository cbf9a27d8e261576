//! A generic event whose subject its stream does not keep.

use tidings::prelude::*;

#[derive(EventStream)]
#[stream(name = "ORDERS", subjects("orders.>"))]
struct Orders;

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "order.{region}.created", stream = Orders)]
struct Created<T> {
    region: T,
}

fn main() {}
