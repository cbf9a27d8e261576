//! Messages without their types: an audit of all that passes, and one look into a stream.

use anyhow::Context as _;
use tidings::prelude::*;
use tidings_examples::shop::{OrderCreated, Orders, Region};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let bus = tidings_examples::bus().await?;
    bus.provision::<Orders>().await?;
    let mut audit = bus.subscribe_raw("orders.>").await?;

    let order = OrderCreated { order_id: Uuid::now_v7(), region: Region::Eu, total_cents: 4200 };
    let ack = bus.message(&order).header("tenant", "acme").publish().await?;

    let heard = audit.next().await.context("the bus is closed")??;
    println!("heard on {}: {}", heard.subject, String::from_utf8_lossy(&heard.payload));
    assert_eq!(heard.headers.get("tenant"), Some("acme"));

    // A bridge, or a tool, knows sequences and filters, and no types.
    let orders = bus.stream::<Orders>();
    let stored = orders.get(ack.sequence).await?.context("it is gone")?;
    assert_eq!(stored.payload, heard.payload);
    let last =
        orders.last(OrderCreated::filter().region(Region::Eu)).await?.context("there is none")?;
    println!("the last of its region: {:?}", last.decode::<OrderCreated>()?);

    for stream in bus.streams().await? {
        println!("{}: {} messages", stream.config.name, stream.state.messages);
    }
    Ok(())
}
