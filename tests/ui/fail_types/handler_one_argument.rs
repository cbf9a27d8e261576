//! A handler without a context.

use tidings::prelude::*;

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orders.created")]
struct Created {
    region: String,
}

async fn invoice(_: Created) -> Result<(), Failure> {
    Ok(())
}

fn main() {
    let _ = Registry::new("shop").handle::<Created>(invoice);
}
