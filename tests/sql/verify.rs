//! Rows, events and effects: they agree exactly.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use sqlx::Pool;
use tidings::prelude::*;
use tidings_sql::Outbox;
use tidings_tests::eventually;
use tokio::time::timeout;

use crate::event::{OrderEvent, Orders};
use crate::store::{Store, Table};

const SOON: Duration = Duration::from_mins(1);

/// Counts of what there is in the end.
#[derive(Debug)]
pub(crate) struct Counts {
    orders: usize,
    effects: usize,
    placed: usize,
    billed: usize,
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { orders, effects, placed, billed } = self;
        write!(f, "{orders} orders, {placed} placed, {effects} effects, {billed} billed")
    }
}

/// Waits until nothing is to be published any more, and compares everything.
pub(crate) async fn settled<Db: Store>(pool: &Pool<Db>, bus: &Bus, orders: i64) -> Result<Counts> {
    let outbox = Outbox::open(bus, pool).await?;
    eventually(SOON, "all is published", || async {
        let status = outbox.status().await?;
        ensure!(status.pending == 0, "{status:?}");
        ensure!(status.parked == 0, "{status:?}");
        Ok(())
    })
    .await;
    let expected: Vec<i64> = (0..orders).collect();
    let rows = Db::numbers(pool, Table::Orders).await?;
    let effects = Db::numbers(pool, Table::Effects).await?;
    let (placed, billed) = events(bus).await?;
    for (what, found) in [
        ("orders", &rows),
        ("effects", &effects),
        ("events placed", &placed),
        ("events billed", &billed),
    ] {
        ensure!(*found == expected, "{what}: {}", difference(found, orders));
    }
    let [orders, effects, placed, billed] = [&rows, &effects, &placed, &billed].map(Vec::len);
    Ok(Counts { orders, effects, placed, billed })
}

/// Numbers of the events in the stream, in order.
async fn events(bus: &Bus) -> Result<(Vec<i64>, Vec<i64>)> {
    let count = bus.stream::<Orders>().state().await?.messages;
    let mut events = bus.replay::<OrderEvent>(DeliverFrom::Beginning).await?;
    let (mut placed, mut billed) = (Vec::new(), Vec::new());
    for _ in 0..count {
        let event = timeout(SOON, events.next()).await?.context("the bus is closed")??;
        match event.into_event() {
            OrderEvent::Placed(order) => placed.push(order.number),
            OrderEvent::Billed(order) => billed.push(order.number),
        }
    }
    placed.sort_unstable();
    billed.sort_unstable();
    Ok((placed, billed))
}

/// Differences: what is missing, and what is there more than once.
fn difference(found: &[i64], orders: i64) -> String {
    let mut counts: BTreeMap<i64, usize> = (0..orders).map(|number| (number, 0)).collect();
    for number in found {
        *counts.entry(*number).or_default() += 1;
    }
    let of = |is: fn(usize) -> bool| -> Vec<i64> {
        counts.iter().filter(|(_, count)| is(**count)).map(|(number, _)| *number).collect()
    };
    let (missing, twice) = (of(|count| count == 0), of(|count| count > 1));
    let some = |numbers: &[i64]| format!("{:?}", numbers.iter().take(10).collect::<Vec<_>>());
    format!(
        "{} are missing, such as {}, and {} are there more than once, such as {}",
        missing.len(),
        some(&missing),
        twice.len(),
        some(&twice)
    )
}
