//! A stream that does not keep the subject.

use tidings::prelude::*;

#[derive(EventStream)]
#[stream(name = "ORDERS", subjects("orders.>"))]
struct Orders;

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "order.{region}.created", stream = Orders)]
struct Created {
    region: String,
}

fn main() {
    let bus = Bus::in_memory();
    let _ = bus.publisher::<Created>();
    let _ = Created::filter();
}
