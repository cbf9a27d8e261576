//! A filter narrowed by a field that is not bound.

use tidings::prelude::*;

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orders.{region}.created")]
struct Created {
    region: String,
    total: u64,
}

fn main() {
    let _ = Created::filter().total(5);
}
