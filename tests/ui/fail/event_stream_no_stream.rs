//! A type that is no stream.

use tidings::prelude::*;

struct Orders;

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orders.{region}.created", stream = Orders)]
struct Created {
    region: String,
}

fn main() {
    let bus = Bus::in_memory();
    let _ = bus.publisher::<Created>();
    let _ = Created::filter();
}
