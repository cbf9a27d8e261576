//! Declare, publish, handle, ask: the whole of the first day.
//!
//! `cargo run --example quickstart` runs in this process;
//! `NATS_URL=nats://127.0.0.1:4222 cargo run --example quickstart` through a server.

use tidings::prelude::*;

/// A customer placed an order.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "shop.{region}.ordered", stream = Shop)]
struct Ordered {
    #[event(id)]
    order_id: Uuid,
    region: Region,
    quantity: u32,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema, Token)]
#[serde(rename_all = "lowercase")]
enum Region {
    Eu,
    Us,
}

/// Everything that happens in the shop, kept for a week.
#[derive(EventStream)]
#[stream(name = "SHOP", subjects("shop.>"), max_age = "7d")]
struct Shop;

/// Is there enough of it?
#[derive(Debug, Serialize, Deserialize, JsonSchema, Request)]
#[request(subject = "inventory.check", reply = Stock)]
struct CheckInventory {
    quantity: u32,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Stock {
    enough: bool,
}

/// An order was checked and its invoice sent.
#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "invoices.sent")]
struct InvoiceSent {
    order_id: Uuid,
    enough: bool,
}

struct Invoicing;

impl Handler<Ordered> for Invoicing {
    async fn handle(&self, order: Ordered, cx: Context) -> Result<(), Failure> {
        // Any error means: try this order again later.
        let stock = cx.request(&CheckInventory { quantity: order.quantity }).await?;
        cx.publish(&InvoiceSent { order_id: order.order_id, enough: stock.enough }).await?;
        Ok(())
    }
}

async fn check(ask: CheckInventory, _cx: Context) -> Result<Stock, Failure> {
    Ok(Stock { enough: ask.quantity <= 10 })
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let bus = tidings_examples::bus().await?;

    // Wire the handlers: the message types say how. The stream is created where it is missing.
    let shop = Registry::new("shop")
        .version("1.0.0")
        .handle::<Ordered>(Invoicing)
        .handle::<CheckInventory>(check)
        .start(&bus)
        .await?;
    let mut invoices = bus.subscribe::<InvoiceSent>().await?;

    // Publish: stored when this returns. The same order again is the same message.
    let order = Ordered { order_id: Uuid::now_v7(), region: Region::Eu, quantity: 2 };
    let first = bus.publish(&order).await?;
    let again = bus.publish(&order).await?;
    println!("stored in {}; the same once more is a duplicate: {}", first.stream, again.duplicate);
    bus.publish(&Ordered { order_id: Uuid::now_v7(), region: Region::Us, quantity: 20 }).await?;

    // Subscribe: typed deliveries, as they come.
    for _ in 0..2 {
        let Some(invoice) = invoices.next().await.transpose()? else { break };
        println!("{}: order {}, enough: {}", invoice.subject(), invoice.order_id, invoice.enough);
    }

    // Ask: one of the handlers answers.
    let stock = bus.request(&CheckInventory { quantity: 3 }).await?;
    println!("three pieces, enough: {}", stock.enough);

    // End in order: what was begun is finished and acknowledged.
    for route in shop.shutdown().await {
        println!("{}: {} handled", route.message, route.handled);
    }
    Ok(())
}
