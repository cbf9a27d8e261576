//! An event as the front page shows it.

use tidings::prelude::*;

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema, Token)]
#[serde(rename_all = "lowercase")]
pub enum Region {
    Eu,
    Us,
}

/// Everything that happens to an order, kept for a week.
#[derive(EventStream)]
#[stream(name = "ORDERS", subjects("orders.>"), max_age = "7d", duplicate_window = "2m")]
pub struct Orders;

/// A customer placed an order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orders.{region}.created", version = 1, stream = Orders)]
pub struct OrderCreated {
    #[event(id)]
    pub order_id: Uuid,
    pub region: Region,
    pub total_cents: u64,
}

fn main() {
    let event = OrderCreated { order_id: Uuid::nil(), region: Region::Eu, total_cents: 5 };
    let subject = event.subject().unwrap();
    assert_eq!(subject.as_str(), "orders.eu.created");
    assert_eq!(
        event.message_id().as_deref(),
        Some("orders.created/00000000-0000-0000-0000-000000000000")
    );
    let tokens = OrderCreated::parse_subject("orders.eu.created").unwrap();
    assert_eq!(tokens.region, Region::Eu);
    assert_eq!(format!("{tokens:?}"), "OrderCreatedTokens { region: Eu }");
    assert_eq!(tokens.clone(), tokens);
    assert!(OrderCreated::parse_subject("orders.xx.created").is_err());
    assert!(OrderCreated::parse_subject("orders.eu.shipped").is_err());
    let filter = OrderCreated::filter().region(Region::Us).subjects().unwrap();
    assert_eq!(filter[0].as_str(), "orders.us.created");
    let filter = OrderCreated::filter().region(&Region::Us).subjects().unwrap();
    assert_eq!(filter[0].as_str(), "orders.us.created");
    assert_eq!(OrderCreated::filter().subjects().unwrap()[0].as_str(), "orders.*.created");

    let declaration = event.declaration();
    assert_eq!(declaration.name, "orders.created");
    assert_eq!(declaration.tag, "orders.created.v1");
    assert_eq!(declaration.template, "orders.{region}.created");
    assert_eq!(declaration.filter, "orders.*.created");
    assert_eq!(declaration.stream.unwrap().name, "ORDERS");
    assert!(!declaration.tagged);
    assert_eq!(OrderCreated::NAME, Some("orders.created"));

    let mut payload = Vec::new();
    event.encode(&mut payload).unwrap();
    let decoded = <OrderCreated as tidings::Decode>::decode(declaration, &payload).unwrap();
    assert_eq!(decoded, event);

    let config = Orders::config();
    assert_eq!(config.max_age, Some(Duration::from_secs(7 * 24 * 3600)));
    let description = config.description.as_deref();
    assert_eq!(description, Some("Everything that happens to an order, kept for a week."));
}
