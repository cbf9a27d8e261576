//! Subjects are hierarchical: listen to all orders, to one region's, or to several events at once.

use anyhow::Context as _;
use tidings::prelude::*;
use tidings_examples::shop::{OrderCreated, OrderEvent, OrderShipped, Orders, Region};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let bus = tidings_examples::bus().await?;
    bus.provision::<Orders>().await?;

    // `orders.*.created`: every token open.
    let mut all = bus.subscribe::<OrderCreated>().await?;
    // `orders.eu.created`: one token narrowed, with a value of the field's own type.
    let mut eu = bus.subscribe_to(OrderCreated::filter().region(Region::Eu)).await?;
    // Two events in one subscription, as the enum declares; the subject says which each is.
    let mut any = bus.subscribe::<OrderEvent>().await?;

    for region in [Region::Us, Region::Eu] {
        let order_id = Uuid::now_v7();
        bus.publish(&OrderCreated { order_id, region, total_cents: 4200 }).await?;
        bus.publish(&OrderShipped { order_id, region, tracking: "TD-1".into() }).await?;
    }

    for _ in 0..2 {
        let order = all.next().await.context("the bus is closed")??;
        // The tokens come back typed.
        println!("all: {} ({:?})", order.subject(), order.tokens()?.region);
    }

    let order = eu.next().await.context("the bus is closed")??;
    assert_eq!(order.region, Region::Eu);
    println!("eu:  {}", order.subject());

    for _ in 0..4 {
        match any.next().await.context("the bus is closed")??.into_event() {
            OrderEvent::Created(order) => println!("any: created, {} cents", order.total_cents),
            OrderEvent::Shipped(order) => println!("any: shipped, {}", order.tracking),
        }
    }
    Ok(())
}
