//! `schemas/` says what the shop's messages promise.

use schemars::JsonSchema;
use tidings::contract::Catalog;
use tidings_examples::shop;

#[test]
fn the_committed_schemas_are_current() -> Result<(), Box<dyn std::error::Error>> {
    Ok(shop::catalog()?.assert_current("../schemas")?)
}

/// A customer placed an order, and it was paid.
#[derive(JsonSchema)]
#[schemars(rename = "OrderCreated")]
#[expect(dead_code, reason = "only its schema is wanted")]
struct Changed {
    /// The order; a rebuilt event of the same order is the same event.
    order_id: uuid::Uuid,
    /// Region in which the customer lives.
    region: shop::Region,
    /// Price in cents.
    total_cents: u32,
}

#[test]
fn a_changed_field_is_told_by_file_and_pointer() -> Result<(), Box<dyn std::error::Error>> {
    let mut changed = Catalog::new();
    for message in shop::catalog()?.iter() {
        let is_it = message.tag() == "orders.created.v1";
        let message = message.clone();
        changed.add(if is_it { message.payload::<Changed>() } else { message })?;
    }
    let told = changed.check("../schemas").unwrap_err().to_string();
    let (_, told) = told.split_once("stale: orders.created.v1.json").ok_or("it is current")?;
    let (told, _) = told.split_once("stale: ").unwrap_or((told, ""));
    let places: Vec<&str> =
        told.lines().filter_map(|line| line.trim().strip_prefix("at ")).collect();
    assert_eq!(places, ["/payload/read/properties/total_cents/format"], "{told}");
    Ok(())
}
