//! Way from `publish` to the handler in one process, beside what JSON alone costs there and back.

use std::sync::Arc;

use anyhow::{Result, ensure};
use tidings::{Bus, Registry};

use crate::environment::Environment;
use crate::event::{OrderPlaced, several};
use crate::handler::Counting;
use crate::lap::Lap;
use crate::meter::{CHUNK, Meter};

/// Number of different events that go round.
const DIFFERENT: usize = 1_000;

pub(crate) async fn raw(_: Arc<Environment>, count: usize) -> Result<Lap> {
    let orders = several::<OrderPlaced>(DIFFERENT);
    let (meter, _credit) = Meter::new(count);
    let work = Counting { meter: meter.clone() };
    Ok(Lap::new(async move {
        for order in orders.iter().cycle().take(count) {
            let payload = serde_json::to_vec(order)?;
            let order: OrderPlaced = serde_json::from_slice(&payload)?;
            work.count(order).await;
        }
        Ok(async move { meter.exact() })
    }))
}

pub(crate) async fn ours(_: Arc<Environment>, count: usize) -> Result<Lap> {
    let orders = several::<OrderPlaced>(DIFFERENT);
    let (meter, mut credit) = Meter::new(count);
    let work = Counting { meter: meter.clone() };
    let bus = Bus::in_memory();
    let running = Registry::new("bench").handle::<OrderPlaced>(work).start(&bus).await?;
    Ok(Lap::new(async move {
        // Who publishes without a pause lets nobody else run on this thread.
        for (place, order) in orders.iter().cycle().take(count).enumerate() {
            if place.is_multiple_of(CHUNK) {
                ensure!(credit.wait().await, "nobody counts any more");
            }
            bus.publish(order).await?;
        }
        meter.reached().await?;
        Ok(async move {
            running.shutdown().await;
            meter.exact()
        })
    }))
}
