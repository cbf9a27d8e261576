//! Variants that do not hold one event.

use tidings::prelude::*;

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orders.{region}.created")]
struct Created {
    region: String,
}

#[derive(Event)]
enum Any {
    Created(Created),
    Nothing,
    Two(Created, Created),
    Named { created: Created },
}

fn main() {
    let _ = Bus::in_memory().publisher::<Any>();
}
