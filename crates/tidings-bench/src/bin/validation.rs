//! Cost of checking a payload by its schema, beside reading it as a `serde_json::Value` and checking
//! that: `cargo run --release -p tidings-bench --features validation --bin validation`.

use std::hint::black_box;
use std::time::Instant;

use anyhow::{Context as _, ensure};
use tidings::PayloadValidator;
use tidings::prelude::*;

/// Number of turns that each of the two takes.
const ROUNDS: usize = 21;
/// Number of payloads that are checked in a turn.
const CHECKS: u32 = 5000;

/// An event of some size, as programs have them.
#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orders.{region}.placed")]
struct OrderPlaced {
    order_id: Uuid,
    #[schemars(length(min = 2, max = 8))]
    region: String,
    #[schemars(length(max = 80))]
    customer: String,
    #[schemars(range(max = 10_000_000))]
    total_cents: u64,
    currency: String,
    items: Vec<Item>,
    note: Option<String>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Item {
    #[schemars(length(max = 32))]
    sku: String,
    #[schemars(range(min = 1, max = 99))]
    quantity: u32,
    price_cents: u64,
    tags: Vec<String>,
}

fn payload() -> anyhow::Result<Vec<u8>> {
    let item = |n: u32| Item {
        sku: format!("sku-{n:08}"),
        quantity: n + 1,
        price_cents: 1999,
        tags: vec!["fragile".into(), "gift".into()],
    };
    let placed = OrderPlaced {
        order_id: Uuid::nil(),
        region: "eu".into(),
        customer: "Ada Lovelace".into(),
        total_cents: 12_345,
        currency: "EUR".into(),
        items: (0..4).map(item).collect(),
        note: Some("leave it with the neighbour".into()),
    };
    Ok(serde_json::to_vec(&placed)?)
}

/// Nanoseconds for each of a turn's checks.
fn turn(check: impl Fn() -> bool) -> anyhow::Result<f64> {
    let begun = Instant::now();
    for _ in 0..CHECKS {
        ensure!(black_box(check()), "the payload is valid");
    }
    Ok(begun.elapsed().as_secs_f64() * 1e9 / f64::from(CHECKS))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

#[expect(clippy::print_stdout, reason = "its output is what it is for")]
fn main() -> anyhow::Result<()> {
    let payload = payload()?;
    let declaration = OrderPlaced::DECLARATIONS[0];
    let ours = PayloadValidator::of::<OrderPlaced>()?;
    let descriptors = OrderPlaced::descriptors();
    let schema = descriptors[0].payload.as_ref().context("an event has a payload")?.read();
    let theirs = jsonschema::options().should_validate_formats(true).build(schema)?;
    let (mut by_list, mut by_value, mut decoded) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        by_list.push(turn(|| ours.check(declaration, black_box(&payload)).is_ok())?);
        by_value.push(turn(|| {
            let value = serde_json::from_slice(black_box(&payload));
            value.is_ok_and(|value: serde_json::Value| theirs.is_valid(&value))
        })?);
        decoded.push(turn(|| serde_json::from_slice::<OrderPlaced>(black_box(&payload)).is_ok())?);
    }
    let (ours, theirs, decoded) = (median(by_list), median(by_value), median(decoded));
    println!("{} bytes, medians of {ROUNDS} turns", payload.len());
    println!("checked by PayloadValidator        {ours:8.0} ns");
    println!("read as a Value and checked        {theirs:8.0} ns   ratio {:.2}", ours / theirs);
    println!("decoded as its type, for comparison {decoded:7.0} ns");
    Ok(())
}
