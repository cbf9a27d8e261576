//! The services of a shop, which know of each other only messages: `shop/service.rs` has them.
//!
//! The API asks the order service; that asks inventory and payment, and publishes
//! `orders.{region}.created`; notifications, analytics and audit each handle it in their own way.
//!
//! `cargo run --example order_flow` runs all of them in this process. With `NATS_URL` and
//! `--role NAME` one of them runs as a process of its own, as often as wanted, until it is
//! interrupted: `orders`, `inventory`, `payments`, `notifications`, `analytics`, `audit`;
//! `--role api --orders N` places orders and ends. With `--ack-wait SECONDS` an order that a killed
//! process had begun comes sooner to another than after 30 s.

use anyhow::Context as _;
use tidings::RequestError;
use tidings::prelude::*;
use tidings_examples::shop::handler::HANDLED;
use tidings_examples::shop::service::{SERVICES, service};
use tidings_examples::shop::{Orders, PlaceOrder, Refused, Region};

/// The service of a role.
fn known(role: &str, ack_wait: Duration) -> anyhow::Result<Registry> {
    let roles = SERVICES.join(", ");
    service(role, ack_wait).with_context(|| format!("no role {role:?}; there are api, {roles}"))
}

/// Places orders until each is confirmed: asking again with the same id is safe.
async fn api(bus: &Bus, orders: u32) -> anyhow::Result<()> {
    for number in 0..orders {
        let region = if number % 2 == 0 { Region::Eu } else { Region::Us };
        let order_id = Uuid::now_v7();
        let order = PlaceOrder { order_id, region, sku: "lamp".into(), quantity: 1 + number % 3 };
        let placed = loop {
            match bus.message(&order).timeout(Duration::from_secs(2)).request().await {
                Ok(placed) => break placed,
                Err(RequestError::Declared(
                    error @ (Refused::OutOfStock(_) | Refused::Declined(_)),
                )) => {
                    return Err(error).context("the shop refused");
                }
                Err(error) => {
                    println!("api {order_id} asks again: {error}");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        };
        println!("api {order_id} confirmed, {} cents", placed.total_cents);
    }
    Ok(())
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let option = |name: &str| {
        let place = args.iter().position(|arg| arg == name)?;
        args.get(place + 1).cloned()
    };
    let orders = option("--orders").map_or(Ok(3), |orders| orders.parse())?;
    let ack_wait = option("--ack-wait").map_or(Ok(30), |seconds| seconds.parse())?;
    let ack_wait = Duration::from_secs(ack_wait);
    let bus = tidings_examples::bus().await?;
    bus.provision::<Orders>().await?;
    match option("--role").as_deref() {
        Some("api") => api(&bus, orders).await,
        Some(role) => {
            // Awaited from when every handler listens.
            let interrupted = async {
                println!("{role} listens");
                drop(tokio::signal::ctrl_c().await);
            };
            let serving = known(role, ack_wait)?.serve(&bus).with_graceful_shutdown(interrupted);
            println!("{role} ends: {:?}", serving.await?);
            Ok(())
        }
        None => {
            let mut running = Vec::new();
            for role in SERVICES {
                running.push(known(role, ack_wait)?.start(&bus).await?);
            }
            api(&bus, orders).await?;
            // Three services handle each order.
            let _all = HANDLED.acquire_many(3 * orders).await?;
            for service in running {
                service.shutdown().await;
            }
            Ok(())
        }
    }
}
