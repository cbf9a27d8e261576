//! A stream's history in order: from the wish to the last message.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use async_nats::jetstream::consumer::pull;
use futures_util::StreamExt as _;
use tidings::DeliverFrom as Start;

use crate::environment::Environment;
use crate::event::{OrderStored, Stored};
use crate::handler::Counting;
use crate::lap::Lap;
use crate::meter::Meter;

pub(crate) async fn raw(environment: Arc<Environment>, count: usize) -> Result<Lap> {
    environment.fill::<Stored, OrderStored>(count).await?;
    let (meter, _credit) = Meter::new(count);
    let work = Counting { meter: meter.clone() };
    Ok(Lap::new(async move {
        let stream = environment.stream::<Stored>().await?;
        let consumer = stream.create_consumer(pull::OrderedConfig::default()).await?;
        let mut messages = consumer.messages().await?;
        loop {
            let message = messages.next().await.context("the connection is closed")??;
            let order: OrderStored = serde_json::from_slice(&message.payload)?;
            if work.count(order).await {
                break;
            }
        }
        Ok(async move {
            drop(messages);
            meter.exact()
        })
    }))
}

pub(crate) async fn ours(environment: Arc<Environment>, count: usize) -> Result<Lap> {
    environment.fill::<Stored, OrderStored>(count).await?;
    let (meter, _credit) = Meter::new(count);
    let work = Counting { meter: meter.clone() };
    Ok(Lap::new(async move {
        let mut history = environment.bus.replay::<OrderStored>(Start::Beginning).await?;
        loop {
            let delivery = history.next().await.context("the bus is closed")??;
            if work.count(delivery.into_event()).await {
                break;
            }
        }
        Ok(async move {
            drop(history);
            meter.exact()
        })
    }))
}
