//! The services of the shop.

use tidings::prelude::*;

use super::handler::{Analytics, charge, check, notify, place, record};
use super::{Charge, CheckInventory, OrderCreated, PlaceOrder};

/// The name of each service.
pub const SERVICES: [&str; 6] =
    ["orders", "inventory", "payments", "notifications", "analytics", "audit"];

/// The service of a name; `None` if there is none. Each is a registry; the name is all that its
/// instances share.
#[must_use]
pub fn service(name: &str, ack_wait: Duration) -> Option<Registry> {
    let registry = Registry::new(name).version("1.0.0");
    Some(match name {
        // What it publishes and asks no type says: this is for who reads its catalog.
        "orders" => registry
            .handle::<PlaceOrder>(place)
            .publishes::<OrderCreated>()
            .asks::<CheckInventory>()
            .asks::<Charge>(),
        "inventory" => registry.handle::<CheckInventory>(check),
        "payments" => registry.handle::<Charge>(charge),
        "notifications" => registry.route(created(notify, ack_wait)),
        "analytics" => registry.route(created(Analytics::default(), ack_wait)),
        // One at a time, so that the log is in the order of the stream.
        "audit" => registry.route(created(record, ack_wait).concurrency(1)),
        _ => return None,
    })
}

/// A handler of created orders.
fn created(handler: impl Handler<OrderCreated>, ack_wait: Duration) -> Route<OrderCreated> {
    Route::of::<OrderCreated>(handler).ack_wait(ack_wait)
}
