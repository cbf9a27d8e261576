//! A token that names no field: did you mean.

use tidings::prelude::*;

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orders.{regoin}.created")]
struct Created {
    region: String,
    total: u64,
}

fn main() {
    // The filter still has a method for each field, so there is no second error.
    let _ = Created::filter().region("eu");
}
