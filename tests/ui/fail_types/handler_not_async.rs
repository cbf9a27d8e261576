//! A function that is not async.

use tidings::prelude::*;

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orders.created")]
struct Created {
    region: String,
}

fn invoice(_: Created, _: Context) -> Result<(), Failure> {
    Ok(())
}

fn main() {
    let _ = Registry::new("shop").handle::<Created>(invoice);
}
