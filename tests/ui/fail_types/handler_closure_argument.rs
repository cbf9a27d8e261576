//! A closure that takes another message than the one it is for.

use tidings::prelude::*;

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orders.created")]
struct Created {
    region: String,
}

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orders.paid")]
struct Paid {
    region: String,
}

fn main() {
    let _ = Registry::new("shop").handle::<Created>(async |_: Paid, _: Context| Ok(()));
}
