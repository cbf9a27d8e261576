//! A type that handles nothing.

use tidings::prelude::*;

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orders.created")]
struct Created {
    region: String,
}

struct Invoicing;

fn main() {
    let _ = Registry::new("shop").handle::<Created>(Invoicing);
}
