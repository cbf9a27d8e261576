//! The messages of a small shop: all that its services know of each other.

pub mod handler;
pub mod service;

use tidings::RegistryCatalogError;
use tidings::contract::Catalog;
use tidings::prelude::*;

/// Contracts of the shop's services and messages: the committed folder `schemas/`, as a value.
///
/// # Errors
/// [`RegistryCatalogError`] if two of them contradict each other.
pub fn catalog() -> Result<Catalog, RegistryCatalogError> {
    // Of each of its events, also of those that nobody handles.
    let mut catalog = Catalog::of(OrderEvent::descriptors())?;
    for name in service::SERVICES {
        if let Some(registry) = service::service(name, Duration::from_secs(30)) {
            catalog.merge(registry.catalog()?)?;
        }
    }
    Ok(catalog)
}

/// Region in which a customer lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, Token)]
#[serde(rename_all = "lowercase")]
pub enum Region {
    /// Europe.
    Eu,
    /// The United States.
    Us,
}

/// Everything that happens to an order, kept for a week.
#[derive(EventStream)]
#[stream(name = "ORDERS", subjects("orders.>"), max_age = "7d", duplicate_window = "2m")]
pub struct Orders;

/// A customer placed an order, and it was paid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orders.{region}.created", stream = Orders)]
pub struct OrderCreated {
    /// The order; a rebuilt event of the same order is the same event.
    #[event(id)]
    pub order_id: Uuid,
    /// Region in which the customer lives.
    pub region: Region,
    /// Price in cents.
    pub total_cents: u64,
}

/// An order is on its way to the customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orders.{region}.shipped", stream = Orders)]
pub struct OrderShipped {
    /// The order.
    #[event(id)]
    pub order_id: Uuid,
    /// Region in which the customer lives.
    pub region: Region,
    /// Number by which the parcel is found.
    pub tracking: String,
}

/// Something that happened to an order.
#[derive(Debug, Clone, PartialEq, Eq, Event)]
#[event(name = "orders.any", stream = Orders)]
pub enum OrderEvent {
    /// Placed and paid.
    Created(OrderCreated),
    /// An order is on its way.
    Shipped(OrderShipped),
}

/// Places an order. The customer chooses its id, so that asking twice places it once.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Request)]
#[request(subject = "checkout.place", reply = Placed, error = Refused)]
pub struct PlaceOrder {
    /// The order.
    pub order_id: Uuid,
    /// Region in which the customer lives.
    pub region: Region,
    /// Article that is bought.
    pub sku: String,
    /// Number of pieces.
    pub quantity: u32,
}

/// The order was placed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Placed {
    /// Price in cents.
    pub total_cents: u64,
}

/// The order was not placed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, thiserror::Error)]
pub enum Refused {
    /// Too few pieces of the article are in stock.
    #[error(transparent)]
    OutOfStock(OutOfStock),
    /// The customer did not pay.
    #[error(transparent)]
    Declined(Declined),
    /// The shop has a problem; placing the same order again may work.
    #[error("the shop has a problem: {0}")]
    Unavailable(String),
}

/// Is there enough of it?
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Request)]
#[request(subject = "inventory.check", reply = Stock, error = OutOfStock)]
pub struct CheckInventory {
    /// Article that is asked for.
    pub sku: String,
    /// Number of pieces.
    pub quantity: u32,
}

/// Enough pieces of the article are in stock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Stock {
    /// Number of pieces that there are.
    pub available: u32,
    /// Price of one, in cents.
    pub price_cents: u64,
}

/// Too few pieces of the article are in stock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, thiserror::Error)]
#[error("only {available} of {sku} left")]
pub struct OutOfStock {
    /// Article that was asked for.
    pub sku: String,
    /// Number of pieces that there are.
    pub available: u32,
}

/// Takes the money for an order.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Request)]
#[request(subject = "payments.{region}.charge", reply = Receipt, error = Declined)]
pub struct Charge {
    /// The order that is paid.
    pub order_id: Uuid,
    /// Region in which the customer lives.
    pub region: Region,
    /// Amount in cents.
    pub amount_cents: u64,
}

/// The money was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Receipt {
    /// The payment.
    pub payment: String,
}

/// The customer's bank said no.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, thiserror::Error)]
#[error("the bank declined {amount_cents} cents")]
pub struct Declined {
    /// Amount that was asked for, in cents.
    pub amount_cents: u64,
}
