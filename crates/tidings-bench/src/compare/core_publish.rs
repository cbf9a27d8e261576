//! Events that no stream keeps, published one after the other until the server has seen the last.

use std::sync::Arc;

use anyhow::Result;
use async_nats::Subject;

use crate::environment::{Environment, barrier};
use crate::event::{OrderPlaced, OrderRouted, several};
use crate::lap::{Lap, done};

/// Number of different events that go round.
const DIFFERENT: usize = 1_000;

pub(crate) async fn raw(environment: Arc<Environment>, count: usize) -> Result<Lap> {
    static SUBJECT: Subject = Subject::from_static_validated("orders.placed");
    let orders = several::<OrderPlaced>(DIFFERENT);
    Ok(Lap::new(async move {
        for order in orders.iter().cycle().take(count) {
            let payload = serde_json::to_vec(order)?;
            environment.raw.publish(SUBJECT.clone(), payload.into()).await?;
        }
        barrier(&environment.raw).await?;
        Ok(done())
    }))
}

pub(crate) async fn ours(environment: Arc<Environment>, count: usize) -> Result<Lap> {
    let orders = several::<OrderPlaced>(DIFFERENT);
    Ok(Lap::new(async move {
        for order in orders.iter().cycle().take(count) {
            environment.bus.publish(order).await?;
        }
        environment.bus.flush().await?;
        Ok(done())
    }))
}

pub(crate) async fn raw_tokens(environment: Arc<Environment>, count: usize) -> Result<Lap> {
    let orders = several::<OrderRouted>(DIFFERENT);
    Ok(Lap::new(async move {
        for order in orders.iter().cycle().take(count) {
            let payload = serde_json::to_vec(order)?;
            // A `Subject` moves the text; a `String` as an argument would be copied.
            let subject = format!("orders.{}.{}.routed", order.region, order.customer);
            environment.raw.publish(Subject::from(subject), payload.into()).await?;
        }
        barrier(&environment.raw).await?;
        Ok(done())
    }))
}

pub(crate) async fn ours_tokens(environment: Arc<Environment>, count: usize) -> Result<Lap> {
    let orders = several::<OrderRouted>(DIFFERENT);
    Ok(Lap::new(async move {
        for order in orders.iter().cycle().take(count) {
            environment.bus.publish(order).await?;
        }
        environment.bus.flush().await?;
        Ok(done())
    }))
}
