//! Events of a stream, each with an id and a confirmation.

use std::future::IntoFuture as _;
use std::sync::Arc;

use anyhow::{Result, ensure};
use async_nats::header::{self, HeaderMap};
use async_nats::jetstream::{self, context::PublishAckFuture};
use async_nats::{HeaderValue, Subject};
use futures_util::TryStreamExt as _;
use futures_util::stream::FuturesUnordered;
use serde::Serialize;
use tidings::{EventStream, PublishAck};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::environment::Environment;
use crate::event::{Ingested, OrderIngested, OrderStored, Stored, several};
use crate::lap::Lap;
use crate::windowed_publisher::WindowedPublisher;
use crate::wire_publisher::WirePublisher;

static STORED: Subject = Subject::from_static_validated("stored.orders.placed");
static INGESTED: Subject = Subject::from_static_validated("ingested.orders.placed");

/// Number of tasks that publish beside each other.
const TASKS: usize = 256;

/// Number of messages on the way, written by hand.
const WINDOW: usize = 1_000;

/// An id that a server knows the message by: ordered in time, made without a system call.
fn id() -> HeaderMap {
    let mut headers = HeaderMap::new();
    let id = Uuid::now_v7().simple().to_string();
    headers.insert(header::NATS_MESSAGE_ID, HeaderValue::from(id));
    headers
}

/// Sends one message; its ack is still to come.
async fn sent<O: Serialize + Sync>(
    jetstream: &jetstream::Context,
    subject: &Subject,
    order: &O,
) -> Result<PublishAckFuture> {
    let payload = serde_json::to_vec(order)?;
    Ok(jetstream.publish_with_headers(subject.clone(), id(), payload.into()).await?)
}

pub(crate) async fn raw_serial(environment: Arc<Environment>, count: usize) -> Result<Lap> {
    environment.renew::<Stored>().await?;
    let orders = several::<OrderStored>(count);
    Ok(Lap::new(async move {
        for order in &orders {
            let ack = sent(&environment.jetstream, &STORED, order).await?.await?;
            ensure!(!ack.duplicate);
        }
        Ok(async move { environment.holds::<Stored>(count).await })
    }))
}

pub(crate) async fn ours_serial(environment: Arc<Environment>, count: usize) -> Result<Lap> {
    environment.renew::<Stored>().await?;
    let orders = several::<OrderStored>(count);
    Ok(Lap::new(async move {
        for order in &orders {
            let ack = environment.bus.publish(order).await?;
            ensure!(!ack.duplicate);
        }
        Ok(async move { environment.holds::<Stored>(count).await })
    }))
}

/// Splits what is to be published among the tasks, as evenly as can be.
fn shares(count: usize) -> Vec<Vec<OrderStored>> {
    let mut shares: Vec<Vec<OrderStored>> = (0..TASKS).map(|_| Vec::new()).collect();
    for (place, order) in several(count).into_iter().enumerate() {
        shares[place % TASKS].push(order);
    }
    shares
}

pub(crate) async fn raw_concurrent(environment: Arc<Environment>, count: usize) -> Result<Lap> {
    environment.renew::<Stored>().await?;
    let shares = shares(count);
    Ok(Lap::new(async move {
        let mut tasks = JoinSet::new();
        for share in shares {
            let jetstream = environment.jetstream.clone();
            tasks.spawn(async move {
                for order in &share {
                    let ack = sent(&jetstream, &STORED, order).await?.await?;
                    ensure!(!ack.duplicate);
                }
                Ok(share)
            });
        }
        let shares = tasks.join_all().await.into_iter().collect::<Result<Vec<_>>>()?;
        Ok(async move {
            // Whoever publishes has them still: what becomes of them is not timed.
            drop(shares);
            environment.holds::<Stored>(count).await
        })
    }))
}

pub(crate) async fn ours_concurrent(environment: Arc<Environment>, count: usize) -> Result<Lap> {
    environment.renew::<Stored>().await?;
    let shares = shares(count);
    Ok(Lap::new(async move {
        let mut tasks = JoinSet::new();
        for share in shares {
            let bus = environment.bus.clone();
            tasks.spawn(async move {
                for order in &share {
                    let ack = bus.publish(order).await?;
                    ensure!(!ack.duplicate);
                }
                Ok(share)
            });
        }
        let shares = tasks.join_all().await.into_iter().collect::<Result<Vec<_>>>()?;
        Ok(async move {
            // Whoever publishes has them still: what becomes of them is not timed.
            drop(shares);
            environment.holds::<Stored>(count).await
        })
    }))
}

/// Publishes all in order, up to [`WINDOW`] on the way, and looks at every ack.
async fn pipelined<O: Serialize + Sync>(
    jetstream: &jetstream::Context,
    subject: &Subject,
    orders: Vec<O>,
) -> Result<()> {
    let mut on_the_way = FuturesUnordered::new();
    for order in orders {
        if on_the_way.len() == WINDOW
            && let Some(ack) = on_the_way.try_next().await?
        {
            confirmed(&ack)?;
        }
        let ack = sent(jetstream, subject, &order).await?;
        on_the_way.push(ack.into_future());
    }
    while let Some(ack) = on_the_way.try_next().await? {
        confirmed(&ack)?;
    }
    Ok(())
}

fn confirmed(ack: &jetstream::publish::PublishAck) -> Result<()> {
    ensure!(!ack.duplicate, "message {} was stored before", ack.sequence);
    Ok(())
}

pub(crate) async fn raw_all(environment: Arc<Environment>, count: usize) -> Result<Lap> {
    environment.renew::<Stored>().await?;
    let orders = several::<OrderStored>(count);
    Ok(Lap::new(async move {
        pipelined(&environment.jetstream, &STORED, orders).await?;
        Ok(async move { environment.holds::<Stored>(count).await })
    }))
}

pub(crate) async fn ours_all(environment: Arc<Environment>, count: usize) -> Result<Lap> {
    environment.renew::<Stored>().await?;
    let orders = several::<OrderStored>(count);
    Ok(Lap::new(async move {
        let acks = environment.bus.publish_all(orders).await?;
        Ok(async move { all_confirmed::<Stored>(&environment, &acks, count).await })
    }))
}

pub(crate) async fn raw_ingest(environment: Arc<Environment>, count: usize) -> Result<Lap> {
    environment.renew::<Ingested>().await?;
    let orders = several::<OrderIngested>(count);
    Ok(Lap::new(async move {
        pipelined(&environment.jetstream, &INGESTED, orders).await?;
        Ok(async move { environment.holds::<Ingested>(count).await })
    }))
}

/// The stream's declaration is what decides how they go.
pub(crate) async fn ours_ingest(environment: Arc<Environment>, count: usize) -> Result<Lap> {
    environment.renew::<Ingested>().await?;
    let orders = several::<OrderIngested>(count);
    Ok(Lap::new(async move {
        let acks = environment.bus.publish_all(orders).await?;
        Ok(async move { all_confirmed::<Ingested>(&environment, &acks, count).await })
    }))
}

async fn all_confirmed<S: EventStream>(
    environment: &Environment,
    acks: &[PublishAck],
    count: usize,
) -> Result<()> {
    ensure!(acks.len() == count, "{} of {count} were confirmed", acks.len());
    ensure!(acks.iter().all(|ack| !ack.duplicate), "one was stored before");
    environment.holds::<S>(count).await
}

/// Publishes as fast as the server stores for one client when nobody waits: only the last message
/// asks for an ack.
pub(crate) async fn ceiling(environment: Arc<Environment>, count: usize) -> Result<Lap> {
    environment.renew::<Stored>().await?;
    let orders = several::<OrderStored>(count);
    Ok(Lap::new(async move {
        if let Some((last, first)) = orders.split_last() {
            for order in first {
                let payload = serde_json::to_vec(order)?;
                environment.raw.publish_with_headers(STORED.clone(), id(), payload.into()).await?;
            }
            sent(&environment.jetstream, &STORED, last).await?.await?;
        }
        Ok(async move { environment.holds::<Stored>(count).await })
    }))
}

/// Publishes without a client and without waiting: the bytes were written before.
pub(crate) async fn ceiling_server(environment: Arc<Environment>, count: usize) -> Result<Lap> {
    environment.renew::<Stored>().await?;
    let publisher = WirePublisher::with_id(&STORED, &several::<OrderStored>(count))?
        .connect(&environment.url())?;
    Ok(Lap::new(async move {
        publisher.send(None)?.done().await?;
        environment.until_it_holds::<Stored>(count).await?;
        Ok(async move { environment.holds::<Stored>(count).await })
    }))
}

/// Publishes without a client, with an ack for each, and as many on the way as there are tasks.
pub(crate) async fn ceiling_concurrent(environment: Arc<Environment>, count: usize) -> Result<Lap> {
    ceiling_acked(environment, count, TASKS).await
}

/// Publishes without a client, with an ack for each, and as many on the way as are written by hand.
pub(crate) async fn ceiling_all(environment: Arc<Environment>, count: usize) -> Result<Lap> {
    ceiling_acked(environment, count, WINDOW).await
}

async fn ceiling_acked(
    environment: Arc<Environment>,
    count: usize,
    on_the_way: usize,
) -> Result<Lap> {
    environment.renew::<Stored>().await?;
    let window = WindowedPublisher::with_id(&STORED, &several::<OrderStored>(count))?;
    let window = window.connect(&environment.url())?;
    Ok(Lap::new(async move {
        window.send(on_the_way)?.done().await?;
        Ok(async move { environment.holds::<Stored>(count).await })
    }))
}

/// Publishes without a client by fast ingest.
pub(crate) async fn ceiling_ingest(environment: Arc<Environment>, count: usize) -> Result<Lap> {
    environment.renew::<Ingested>().await?;
    let publisher = WirePublisher::ingest(&INGESTED, &several::<OrderIngested>(count))?;
    let publisher = publisher.connect(&environment.url())?;
    Ok(Lap::new(async move {
        publisher.send(None)?.done().await?;
        environment.until_it_holds::<Ingested>(count).await?;
        Ok(async move { environment.holds::<Ingested>(count).await })
    }))
}
