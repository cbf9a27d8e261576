//! Declare, publish, handle, subscribe, ask: the whole of the first day.
//!
//! `cargo run --example quickstart` runs in this process;
//! `NATS_URL=nats://127.0.0.1:4222 cargo run --example quickstart` through a server.
//! The program of `README.md` is this one.

use tidings::prelude::*;

/// A customer placed an order.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "shop.{region}.ordered", stream = Shop)]
struct Ordered {
    #[event(id)] // what makes it the same event when it is published again
    order_id: Uuid,
    region: Region, // fills `{region}` of the subject
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

/// An order was checked and its invoice sent. No stream keeps it: whoever listens now hears it.
#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "invoices.sent")]
struct InvoiceSent {
    order_id: Uuid,
    in_stock: bool,
}

/// Is there enough of it?
#[derive(Debug, Serialize, Deserialize, JsonSchema, Request)]
#[request(subject = "stock.check", reply = Stock)]
struct CheckStock {
    quantity: u32,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Stock {
    enough: bool,
}

/// Handles orders. A type can hold what its work needs.
struct Invoicing;

impl Handler<Ordered> for Invoicing {
    async fn handle(&self, order: Ordered, cx: Context) -> Result<(), Failure> {
        // Any error means: try this order again later.
        let stock = cx.request(&CheckStock { quantity: order.quantity }).await?;
        cx.publish(&InvoiceSent { order_id: order.order_id, in_stock: stock.enough }).await?;
        Ok(())
    }
}

/// An async function is a handler too.
async fn check(ask: CheckStock, _cx: Context) -> Result<Stock, Failure> {
    Ok(Stock { enough: ask.quantity <= 10 })
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let bus = tidings_examples::bus().await?;

    // Wire the handlers: the message types say how. The stream is created where it is missing.
    let shop = Registry::new("shop")
        .version("1.0.0")
        .handle::<Ordered>(Invoicing)
        .handle::<CheckStock>(check)
        .start(&bus)
        .await?;
    let mut invoices = bus.subscribe::<InvoiceSent>().await?;

    // Publish: stored when this returns. The same order again is the same event.
    let order = Ordered { order_id: Uuid::now_v7(), region: Region::Eu, quantity: 2 };
    let first = bus.publish(&order).await?;
    let again = bus.publish(&order).await?;
    assert!(!first.duplicate && again.duplicate);
    println!("stored in {} as number {}", first.stream, first.sequence);
    bus.publish(&Ordered { order_id: Uuid::now_v7(), region: Region::Us, quantity: 20 }).await?;

    // Subscribe: typed deliveries, as they come.
    for _ in 0..2 {
        let invoice = invoices.next().await.ok_or("the bus is closed")??;
        println!("order {} is in stock: {}", invoice.order_id, invoice.in_stock);
    }

    // Ask: one handler answers.
    let stock = bus.request(&CheckStock { quantity: 3 }).await?;
    println!("three pieces are in stock: {}", stock.enough);

    // End in order: what was begun is finished and acknowledged.
    for route in shop.shutdown().await {
        println!("{}: {} handled", route.message, route.handled);
    }
    Ok(())
}
