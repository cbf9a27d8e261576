//! A handler of another message.

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

async fn invoice(_: Paid, _: Context) -> Result<(), Failure> {
    Ok(())
}

fn main() {
    let _ = Registry::new("shop").handle::<Created>(invoice);
}
