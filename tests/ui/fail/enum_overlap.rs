//! Two variants that can have the same subject.

use tidings::prelude::*;

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orders.{region}.created")]
struct Created {
    region: String,
}

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orders.eu.{what}")]
struct Changed {
    what: String,
}

#[derive(Event)]
enum Any {
    Created(Created),
    Changed(Changed),
}

fn main() {
    let _ = Bus::in_memory().publisher::<Any>();
}
