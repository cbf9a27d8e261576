//! A `?` on what is no error.

use tidings::prelude::*;

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orders.created")]
struct Created {
    region: String,
}

struct Refused;

fn invoiced(_: &Created) -> Result<(), Refused> {
    Err(Refused)
}

async fn invoice(order: Created, _: Context) -> Result<(), Failure> {
    invoiced(&order)?;
    Ok(())
}

fn main() {
    let _ = Registry::new("shop").handle::<Created>(invoice);
}
