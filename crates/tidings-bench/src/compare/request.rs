//! Requests to a responder that is the same for both sides.

use std::sync::Arc;
use std::time::Instant;

use anyhow::{Result, ensure};
use async_nats::{Client, Subject};
use tidings::Bus;
use tokio::task::JoinSet;

use crate::environment::Environment;
use crate::event::{Price, PriceOrder, several};
use crate::lap::{Lap, done};

static SUBJECT: Subject = Subject::from_static_validated("orders.price");

/// Number of requests in flight.
const TASKS: usize = 256;

/// Asks by hand.
async fn asked(client: &Client, ask: &PriceOrder) -> Result<Price> {
    let reply = client.request(SUBJECT.clone(), serde_json::to_vec(ask)?.into()).await?;
    Ok(serde_json::from_slice(&reply.payload)?)
}

/// The responder's only answer is to the first order.
fn answered(price: &Price, first: &PriceOrder) -> Result<()> {
    ensure!(price.order_id == first.order_id, "{price:?} is another answer");
    Ok(())
}

pub(crate) async fn raw_serial(environment: Arc<Environment>, count: usize) -> Result<Lap> {
    let asks = several::<PriceOrder>(count);
    Ok(Lap::new(async move {
        let mut latencies = Vec::with_capacity(count);
        for ask in &asks {
            let begun = Instant::now();
            let price = asked(&environment.raw, ask).await?;
            latencies.push(begun.elapsed());
            answered(&price, &asks[0])?;
        }
        Ok(async { Ok(latencies) })
    }))
}

pub(crate) async fn ours_serial(environment: Arc<Environment>, count: usize) -> Result<Lap> {
    let asks = several::<PriceOrder>(count);
    Ok(Lap::new(async move {
        let mut latencies = Vec::with_capacity(count);
        for ask in &asks {
            let begun = Instant::now();
            let price = environment.bus.request(ask).await?;
            latencies.push(begun.elapsed());
            answered(&price, &asks[0])?;
        }
        Ok(async { Ok(latencies) })
    }))
}

/// Splits the requests among the tasks.
fn shares(count: usize) -> Vec<Vec<PriceOrder>> {
    let all = several::<PriceOrder>(count);
    all.chunks(count.div_ceil(TASKS)).map(<[_]>::to_vec).collect()
}

pub(crate) async fn raw_concurrent(environment: Arc<Environment>, count: usize) -> Result<Lap> {
    let shares = shares(count);
    Ok(Lap::new(async move {
        let mut tasks = JoinSet::new();
        for share in shares {
            let client: Client = environment.raw.clone();
            tasks.spawn(async move {
                let first = crate::event::Order::numbered(0);
                for ask in &share {
                    answered(&asked(&client, ask).await?, &first)?;
                }
                Ok(())
            });
        }
        tasks.join_all().await.into_iter().collect::<Result<()>>()?;
        Ok(done())
    }))
}

pub(crate) async fn ours_concurrent(environment: Arc<Environment>, count: usize) -> Result<Lap> {
    let shares = shares(count);
    Ok(Lap::new(async move {
        let mut tasks = JoinSet::new();
        for share in shares {
            let bus: Bus = environment.bus.clone();
            tasks.spawn(async move {
                let first = crate::event::Order::numbered(0);
                for ask in &share {
                    answered(&bus.request(ask).await?, &first)?;
                }
                Ok(())
            });
        }
        tasks.join_all().await.into_iter().collect::<Result<()>>()?;
        Ok(done())
    }))
}
