//! An event that does not derive `JsonSchema`.

use tidings::prelude::*;

#[derive(Serialize, Deserialize, Event)]
#[event(subject = "orders.created")]
struct Created {
    region: String,
}

fn main() {}
