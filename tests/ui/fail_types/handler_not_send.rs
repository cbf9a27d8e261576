//! A handler that can't move to another thread.

use tidings::prelude::*;

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orders.created")]
struct Created {
    region: String,
}

async fn invoice(order: Created, cx: Context) -> Result<(), Failure> {
    let region = std::rc::Rc::new(order.region);
    cx.progress().await?;
    drop(region);
    Ok(())
}

fn main() {
    let _ = Registry::new("shop").handle::<Created>(invoice);
}
