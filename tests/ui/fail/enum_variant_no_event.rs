//! A variant whose type is no event: one error.

use tidings::prelude::*;

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orders.{region}.created")]
struct Created {
    region: String,
}

struct Other;

#[derive(Event)]
enum Any {
    Created(Created),
    Other(Other),
}

fn main() {
    let _ = Bus::in_memory().publisher::<Any>();
}
