//! Tidings: an event of a bus in memory.

use std::hint::black_box;

use in_process::{ID, Latch, QUANTITY, consume, runtime};
use tidings::prelude::*;
use tokio::task::unconstrained;

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orders")]
struct Order {
    id: u64,
    quantity: u32,
}

struct Consume(Latch);

impl Handler<Order> for Consume {
    async fn handle(&self, order: Order, _: Context) -> Result<(), Failure> {
        black_box((order.id, order.quantity));
        self.0.arrived();
        Ok(())
    }
}

fn main() -> anyhow::Result<()> {
    let (runtime, bus, latch) = (runtime()?, Bus::in_memory(), Latch::default());
    let registry = Registry::new("in-process").route(Route::of::<Order>(Consume(latch.clone())));
    let _running = runtime.block_on(registry.start(&bus))?;
    consume(&runtime, &latch, |messages| {
        // Unconstrained: else its own turn would end, and the handler's come, before all are there.
        runtime.block_on(unconstrained(async {
            for _ in 0..messages {
                bus.publish(&Order { id: ID, quantity: QUANTITY }).await?;
            }
            Ok(())
        }))
    })
}
