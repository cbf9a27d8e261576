//! A service that starts without its server: what can wait waits, and what it does anyway goes on.
//!
//! With `NATS_URL` it is a service of that server, whether that is there already or not.

use anyhow::Context as _;
use tidings::prelude::*;
use tidings::{BusBuilder, ConnectionEventKind};
use tidings_examples::shop::{OrderCreated, Orders, Region};
use tokio::sync::{mpsc, oneshot};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let bus = match std::env::var_os("NATS_URL") {
        Some(_) => {
            let builder = BusBuilder::from_env()?;
            println!("by {}", builder.sources().join(", "));
            builder.close_timeout(Duration::from_secs(5)).connect_lazily().await?
        }
        None => Bus::in_memory(),
    };
    println!("there is a bus: {:?}, ready: {}", bus.state().status, bus.health().await.ready);

    // Whoever watches it hears when the server comes and goes.
    let mut events = bus.events();
    let told = tokio::spawn(async move {
        while let Some(event) = events.next().await {
            println!("{event}");
            if event.kind == ConnectionEventKind::Closed {
                break;
            }
        }
    });

    // It begins to handle when the server comes, and ends when it is told to, also where that never was.
    let (sender, mut shipped) = mpsc::unbounded_channel();
    let ship = move |order: OrderCreated, _cx: Context| {
        let sender = sender.clone();
        async move { Ok(sender.send(order.order_id)?) }
    };
    let (end, ended) = oneshot::channel::<()>();
    let serving = tokio::spawn({
        let bus = bus.clone();
        async move {
            let registry = Registry::new("optional-shipping").handle::<OrderCreated>(ship);
            let ended = async { drop(ended.await) };
            registry.serve(&bus).with_graceful_shutdown(ended).await
        }
    });

    // A probe's answer needs no server.
    while !bus.health().await.ready {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    bus.provision::<Orders>().await?;
    let order = OrderCreated { order_id: Uuid::now_v7(), region: Region::Eu, total_cents: 4200 };
    bus.publish(&order).await?;
    while shipped.recv().await.context("it has ended")? != order.order_id {}
    println!("shipped {}", order.order_id);

    drop(end);
    for report in serving.await?? {
        println!("{report:?}");
    }
    bus.close().await?;
    told.await?;
    Ok(())
}
