//! Handlers of the services.

use std::collections::HashMap;
use std::sync::Mutex;

use tidings::RequestError;
use tidings::prelude::*;
use tokio::sync::Semaphore;

use super::{
    Charge, CheckInventory, Declined, OrderCreated, OutOfStock, PlaceOrder, Placed, Receipt,
    Refused, Region, Stock,
};

/// Number of orders that were handled in this process, so that the one that runs all can wait for it.
pub static HANDLED: Semaphore = Semaphore::const_new(0);

/// Takes an order: asks for the goods and the money, and then says that it was created.
///
/// # Errors
/// [`Refused`], with what another service declared or the shop's own problem.
pub async fn place(order: PlaceOrder, cx: Context) -> Result<Placed, Refused> {
    let PlaceOrder { order_id, region, sku, quantity } = order;
    let stock = cx.request(&CheckInventory { sku, quantity }).await;
    let stock = stock.map_err(|error| refused(error, Refused::OutOfStock))?;
    let total_cents = stock.price_cents * u64::from(quantity);
    let paid = cx.request(&Charge { order_id, region, amount_cents: total_cents }).await;
    paid.map_err(|error| refused(error, Refused::Declined))?;
    // Stored when this returns; asked twice, it is stored once, since the order is its id.
    let created = OrderCreated { order_id, region, total_cents };
    cx.publish(&created).await.map_err(|error| Refused::Unavailable(error.to_string()))?;
    Ok(Placed { total_cents })
}

/// Blame for an error: what another service declares is the customer's problem, everything else the shop's.
fn refused<E: std::fmt::Display>(
    error: RequestError<E>,
    declared: impl Fn(E) -> Refused,
) -> Refused {
    match error {
        RequestError::Declared(error) => declared(error),
        other => Refused::Unavailable(other.to_string()),
    }
}

/// Answers with what there is, or that it is not enough.
///
/// # Errors
/// [`OutOfStock`] if more is asked for than there is.
pub async fn check(ask: CheckInventory, _cx: Context) -> Result<Stock, OutOfStock> {
    let available = 500;
    if ask.quantity > available {
        return Err(OutOfStock { sku: ask.sku, available });
    }
    Ok(Stock { available, price_cents: 1999 })
}

/// Takes the money, up to a limit.
///
/// # Errors
/// [`Declined`] above the limit.
pub async fn charge(ask: Charge, cx: Context) -> Result<Receipt, Declined> {
    if ask.amount_cents > 500_000 {
        return Err(Declined { amount_cents: ask.amount_cents });
    }
    Ok(Receipt { payment: format!("{}/{}", cx.subject(), ask.order_id) })
}

/// Mails the customer. Delivered at least once: the attempt says whether it may be the second mail.
///
/// # Errors
/// None: its mail always goes out.
pub async fn notify(order: OrderCreated, cx: Context) -> Result<(), Failure> {
    println!("notifications {} mailed, attempt {}", order.order_id, cx.attempt());
    HANDLED.add_permits(1);
    Ok(())
}

/// Adds up what each region bought. A handler with a state is a type.
#[derive(Debug, Default)]
pub struct Analytics {
    cents: Mutex<HashMap<Region, u64>>,
}

impl Handler<OrderCreated> for Analytics {
    async fn handle(&self, order: OrderCreated, _cx: Context) -> Result<(), Failure> {
        let mut cents = self.cents.lock().map_err(|_| Failure::reject("the totals are lost"))?;
        let total = cents.entry(order.region).or_default();
        *total += order.total_cents;
        println!("analytics {} {:?} sold {total} cents", order.order_id, order.region);
        HANDLED.add_permits(1);
        Ok(())
    }
}

/// Writes the order into a log, under its number in the stream.
///
/// # Errors
/// A rejection of what no stream delivered.
pub async fn record(order: OrderCreated, cx: Context) -> Result<(), Failure> {
    let sequence = cx.sequence().ok_or_else(|| Failure::reject("not from a stream"))?;
    println!("audit {} is {sequence}", order.order_id);
    HANDLED.add_permits(1);
    Ok(())
}
