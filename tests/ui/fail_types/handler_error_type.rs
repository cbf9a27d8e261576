//! A handler whose error is none that a handler returns.

use tidings::prelude::*;

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orders.created")]
struct Created {
    region: String,
}

async fn invoice(_: Created, _: Context) -> Result<(), std::fmt::Error> {
    Ok(())
}

fn main() {
    let _ = Registry::new("shop").handle::<Created>(invoice);
}
