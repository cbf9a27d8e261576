//! An event without any attribute.

use tidings::prelude::*;

#[derive(Serialize, Deserialize, JsonSchema, Event)]
struct OrderCreated {
    region: String,
}

fn main() {
    let _ = Bus::in_memory().publisher::<OrderCreated>();
}
