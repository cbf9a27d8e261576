//! Testing a service: what it publishes, what it asks, and what it does when things go wrong.
//!
//! `cargo test --example testing` runs the tests below. As a program it runs a scenario with the
//! same harness, and prints what was recorded; it is always in this process, where hours of
//! retries pass at once.

use tidings::prelude::*;
use tidings_examples::shop::{CheckInventory, OrderCreated, OrderShipped, OutOfStock, Stock};

/// The service under test: it ships what is in stock, and tries again later what is not.
struct Shipping;

impl Handler<OrderCreated> for Shipping {
    async fn handle(&self, order: OrderCreated, cx: Context) -> Result<(), Failure> {
        let OrderCreated { order_id, region, .. } = order;
        cx.request(&CheckInventory { sku: "mug".into(), quantity: 1 }).await?;
        let tracking = format!("parcel-{order_id}");
        cx.publish(&OrderShipped { order_id, region, tracking }).await?;
        Ok(())
    }
}

fn shipping() -> Registry {
    let retry = Retry::fixed(Duration::from_secs(3600));
    Registry::new("shipping").route(Route::of::<OrderCreated>(Shipping).retry(retry))
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> anyhow::Result<()> {
    use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
    use tidings::testing::TestBus;
    use tidings_examples::shop::Region;

    let test = TestBus::in_memory();
    test.serve(shipping()).await?;
    // In place of the inventory: there is nothing for the first two who ask.
    let asked = AtomicU32::new(0);
    test.answer::<CheckInventory>(move |ask| match asked.fetch_add(1, SeqCst) {
        0 | 1 => Err(OutOfStock { sku: ask.sku, available: 0 }),
        _ => Ok(Stock { available: 9, price_cents: 500 }),
    })
    .await?;
    test.faults().redeliver::<OrderCreated>(1);

    let begun = tokio::time::Instant::now();
    let order = OrderCreated { order_id: Uuid::nil(), region: Region::Eu, total_cents: 500 };
    test.bus().publish(&order).await?;
    test.wait_idle().await?;

    println!("after {} h:", begun.elapsed().as_secs() / 3600);
    for retried in &test.retried::<OrderCreated>() {
        println!("attempt {}: {}", retried.attempt(), retried.error());
    }
    for handled in &test.handled::<OrderCreated>() {
        println!("attempt {}: handled", handled.attempt());
    }
    for shipped in &test.published::<OrderShipped>() {
        println!(
            "{} as {}, duplicate: {}",
            shipped.subject(),
            shipped.tracking,
            shipped.duplicate()
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidings::testing::{Answer, TestBus};
    use tidings_examples::shop::Region;

    type Outcome = Result<(), Box<dyn std::error::Error>>;

    fn order(region: Region) -> OrderCreated {
        OrderCreated { order_id: Uuid::nil(), region, total_cents: 500 }
    }

    fn plenty() -> Stock {
        Stock { available: 9, price_cents: 500 }
    }

    #[tokio::test(start_paused = true)]
    async fn an_order_in_stock_is_shipped() -> Outcome {
        let test = TestBus::in_memory();
        test.answer::<CheckInventory>(|_| Ok(plenty())).await?;
        test.serve(shipping()).await?;

        test.bus().publish(&order(Region::Us)).await?;
        test.wait_idle().await?;

        let shipped = test.published::<OrderShipped>();
        shipped.assert_count(1);
        assert_eq!(shipped[0].subject(), "orders.us.shipped");
        let answered = test.answered::<CheckInventory>();
        assert_eq!(*answered[0].answer(), Answer::Reply(plenty()));
        Ok(())
    }

    #[tokio::test(start_paused = true)]
    async fn an_order_that_comes_twice_is_shipped_once() -> Outcome {
        let test = TestBus::in_memory();
        test.answer::<CheckInventory>(|_| Ok(plenty())).await?;
        test.serve(shipping()).await?;
        test.faults().lose_ack::<OrderCreated>(1);

        test.bus().publish(&order(Region::Eu)).await?;
        test.wait_idle().await?;

        test.handled::<OrderCreated>().assert_count(2);
        let shipped = test.published::<OrderShipped>();
        assert_eq!(shipped.iter().filter(|shipped| !shipped.duplicate()).count(), 1);
        Ok(())
    }
}
