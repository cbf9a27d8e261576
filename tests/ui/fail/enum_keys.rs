//! Keys that belong to the events and not to the enum.

use tidings::prelude::*;

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orders.{region}.created")]
struct Created {
    region: String,
}

#[derive(Event)]
#[event(subject = "orders.>", version = 2, id = "x", tagged)]
enum Any {
    #[event(id)]
    Created(Created),
    Other(#[event(id)] Created),
}

fn main() {
    let _ = Bus::in_memory().publisher::<Any>();
}
