//! A core event in an enum with a stream.

use tidings::prelude::*;

#[derive(EventStream)]
#[stream(name = "ORDERS", subjects("orders.>"))]
struct Orders;

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orders.kept", stream = Orders)]
struct Kept;

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orders.{region}.created")]
struct Created {
    region: String,
}

#[derive(Event)]
#[event(stream = Orders)]
enum Any {
    Kept(Kept),
    Created(Created),
}

fn main() {
    let _ = Bus::in_memory().publisher::<Any>();
}
