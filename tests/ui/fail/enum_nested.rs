//! A variant that holds another enum of events.

use tidings::prelude::*;

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orders.{region}.created")]
struct Created {
    region: String,
}

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orders.{region}.shipped")]
struct Shipped {
    region: String,
}

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "other")]
struct Other;

#[derive(Event)]
enum Inner {
    Created(Created),
    Shipped(Shipped),
}

#[derive(Event)]
enum Any {
    Inner(Inner),
    Other(Other),
}

fn main() {
    let _ = Bus::in_memory().publisher::<Any>();
}
