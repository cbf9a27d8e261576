//! ruststream: a subscriber of its memory broker.

use std::convert::Infallible;
use std::hint::black_box;

use in_process::{ID, Latch, QUANTITY, consume, runtime};
use ruststream::memory::MemoryBroker;
use ruststream::memory::prelude::*;
use ruststream::{OutgoingMessage, Publisher};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
struct Order {
    id: u64,
    quantity: u32,
}

#[subscriber("orders")]
async fn handle(order: &Order, cx: &mut Context<'_, (), Latch>) -> HandlerOutcome {
    black_box((order.id, order.quantity));
    cx.state().arrived();
    HandlerOutcome::ack()
}

fn main() -> anyhow::Result<()> {
    let (runtime, broker, latch) = (runtime()?, MemoryBroker::new(), Latch::default());
    let state = latch.clone();
    let app = RustStream::new(AppInfo::new("in-process", "0.0.0"))
        .on_startup(async move |()| Ok::<_, Infallible>(state))
        .with_broker(broker.clone(), |broker| {
            broker.include(handle);
        });
    let _running = runtime.block_on(app.start())?;
    let payload = format!(r#"{{"id":{ID},"quantity":{QUANTITY}}}"#);
    consume(&runtime, &latch, |messages| {
        let publisher = broker.publisher();
        runtime.block_on(async {
            for _ in 0..messages {
                publisher.publish(OutgoingMessage::new("orders", payload.as_bytes()), None).await?;
            }
            Ok(())
        })
    })
}
