//! Events that no stream keeps, received as fast as they are handled: a flood of bytes brings them,
//! and has at most 8,000 on the way.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use async_nats::Subject;
use futures_util::StreamExt as _;
use tidings::{Bus, Registry};

use crate::environment::{Environment, barrier};
use crate::event::{OrderPlaced, several};
use crate::handler::Counting;
use crate::lap::Lap;
use crate::meter::Meter;
use crate::wire_publisher::{Connected, WirePublisher};

static SUBJECT: Subject = Subject::from_static_validated("orders.placed");

fn publisher(environment: &Environment, count: usize) -> Result<Connected> {
    WirePublisher::plain(&SUBJECT, &several::<OrderPlaced>(count))?.connect(&environment.url())
}

pub(crate) async fn raw_subscribe(environment: Arc<Environment>, count: usize) -> Result<Lap> {
    let publisher = publisher(&environment, count)?;
    let (meter, credit) = Meter::new(count);
    let work = Counting { meter: meter.clone() };
    let mut flow = environment.raw.subscribe(SUBJECT.clone()).await?;
    barrier(&environment.raw).await?;
    Ok(Lap::new(async move {
        let sending = publisher.send(Some(credit))?;
        loop {
            let message = flow.next().await.context("the connection is closed")?;
            let order: OrderPlaced = serde_json::from_slice(&message.payload)?;
            if work.count(order).await {
                break;
            }
        }
        Ok(async move {
            sending.done().await?;
            flow.unsubscribe().await?;
            meter.exact()
        })
    }))
}

pub(crate) async fn ours_subscribe(environment: Arc<Environment>, count: usize) -> Result<Lap> {
    let publisher = publisher(&environment, count)?;
    let (meter, credit) = Meter::new(count);
    let work = Counting { meter: meter.clone() };
    let mut flow = environment.bus.subscribe::<OrderPlaced>().await?;
    environment.bus.flush().await?;
    Ok(Lap::new(async move {
        let sending = publisher.send(Some(credit))?;
        loop {
            let delivery = flow.next().await.context("the bus is closed")??;
            if work.count(delivery.into_event()).await {
                break;
            }
        }
        Ok(async move {
            sending.done().await?;
            drop(flow);
            meter.exact()
        })
    }))
}

pub(crate) async fn raw_handle(environment: Arc<Environment>, count: usize) -> Result<Lap> {
    let publisher = publisher(&environment, count)?;
    let (meter, credit) = Meter::new(count);
    let work = Counting { meter: meter.clone() };
    let mut flow = environment.raw.queue_subscribe(SUBJECT.clone(), "bench".to_owned()).await?;
    barrier(&environment.raw).await?;
    let service = tokio::spawn(async move {
        while let Some(message) = flow.next().await {
            let order: OrderPlaced = serde_json::from_slice(&message.payload)?;
            work.count(order).await;
        }
        anyhow::Ok(())
    });
    Ok(Lap::new(async move {
        let sending = publisher.send(Some(credit))?;
        meter.reached().await?;
        Ok(async move {
            sending.done().await?;
            service.abort();
            // Only a task that was ended by its abort has had no error.
            match service.await {
                Err(ended) if ended.is_cancelled() => {}
                ended => ended??,
            }
            meter.exact()
        })
    }))
}

pub(crate) async fn ours_handle(environment: Arc<Environment>, count: usize) -> Result<Lap> {
    let bus = environment.bus.clone();
    handle(environment, count, bus, Registry::new("bench")).await
}

/// Handles by a registry that is like this already.
pub(super) async fn handle(
    environment: Arc<Environment>,
    count: usize,
    bus: Bus,
    registry: Registry,
) -> Result<Lap> {
    let publisher = publisher(&environment, count)?;
    let (meter, credit) = Meter::new(count);
    let work = Counting { meter: meter.clone() };
    let running = registry.handle::<OrderPlaced>(work).start(&bus).await?;
    Ok(Lap::new(async move {
        let sending = publisher.send(Some(credit))?;
        meter.reached().await?;
        Ok(async move {
            sending.done().await?;
            running.shutdown().await;
            meter.exact()
        })
    }))
}
