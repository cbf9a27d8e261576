//! A closure whose error is none that a handler returns.

use tidings::prelude::*;

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orders.created")]
struct Created {
    region: String,
}

fn main() {
    let invoice = async |_: Created, _: Context| -> Result<(), std::fmt::Error> { Ok(()) };
    let _ = Registry::new("shop").handle::<Created>(invoice);
}
