//! A stream's messages through a durable consumer: from the start of the reader until the server
//! has every ack.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use async_nats::jetstream::{self, consumer::pull};
use futures_util::TryStreamExt as _;
use tidings::{Bus, EventStream as _, Registry, Route};

use crate::environment::Environment;
use crate::event::{OrderStored, Stored};
use crate::handler::Counting;
use crate::lap::Lap;
use crate::meter::Meter;
use crate::wire_consumer::WireConsumer;

/// The name of the consumer.
const CONSUMER: &str = "bench";

/// Number of messages asked for at a time, written by hand. It took a fifth more time with 500, and
/// with 4,000 no less.
const BATCH: usize = 2_000;

/// Number of messages that may be unacknowledged, written by hand: so many that the server never
/// waits.
const UNSETTLED: i64 = 10_000;

/// Time that a pull request stays open, and interval of the server's heartbeats. Without, nobody
/// would notice that a consumer delivers nothing any more; `consumer.messages()` asks for it too.
const EXPIRES: Duration = Duration::from_secs(30);
const HEARTBEAT: Duration = Duration::from_secs(5);

pub(crate) async fn raw_1(environment: Arc<Environment>, count: usize) -> Result<Lap> {
    raw(environment, count, 1).await
}

pub(crate) async fn raw_64(environment: Arc<Environment>, count: usize) -> Result<Lap> {
    raw(environment, count, 64).await
}

/// Prepares a lap of one task that decodes, handles and acknowledges; more than one at a time
/// within it, which was faster than a task for each message.
async fn raw(environment: Arc<Environment>, count: usize, concurrency: usize) -> Result<Lap> {
    environment.fill::<Stored, OrderStored>(count).await?;
    let (meter, _credit) = Meter::new(count);
    let work = Counting { meter: meter.clone() };
    Ok(Lap::new(async move {
        let stream = environment.stream::<Stored>().await?;
        let consumer = stream.create_consumer(by_hand()).await?;
        let requests = consumer.stream().max_messages_per_batch(BATCH);
        let mut messages = requests.expires(EXPIRES).heartbeat(HEARTBEAT).messages().await?;
        let service = tokio::spawn(async move {
            if concurrency == 1 {
                while let Some(message) = messages.try_next().await? {
                    handle(&work, message).await?;
                }
                return Ok(());
            }
            messages
                .map_err(anyhow::Error::from)
                .try_for_each_concurrent(concurrency, |message| handle(&work, message))
                .await
        });
        meter.reached().await?;
        environment.settled::<Stored>(CONSUMER).await?;
        Ok(async move {
            service.abort();
            // Only a task that was ended by its abort has had no error.
            match service.await {
                Err(ended) if ended.is_cancelled() => {}
                ended => ended??,
            }
            environment.forget::<Stored>(CONSUMER).await?;
            meter.exact()
        })
    }))
}

/// Handles one message, and acknowledges it.
async fn handle(work: &Counting, message: jetstream::Message) -> Result<()> {
    let order: OrderStored = serde_json::from_slice(&message.payload)?;
    work.count(order).await;
    message.ack().await.map_err(anyhow::Error::from_boxed)
}

/// Consumes without a client: nothing is decoded, and acks are bytes.
pub(crate) async fn ceiling(environment: Arc<Environment>, count: usize) -> Result<Lap> {
    environment.fill::<Stored, OrderStored>(count).await?;
    let consumer = WireConsumer::connect(&environment.url())?;
    Ok(Lap::new(async move {
        environment.stream::<Stored>().await?.create_consumer(by_hand()).await?;
        consumer.take(Stored::NAME, CONSUMER, count)?.done().await?;
        environment.settled::<Stored>(CONSUMER).await?;
        Ok(async move { environment.forget::<Stored>(CONSUMER).await })
    }))
}

/// The consumer of who writes by hand.
fn by_hand() -> pull::Config {
    pull::Config {
        durable_name: Some(CONSUMER.to_owned()),
        max_ack_pending: UNSETTLED,
        ..Default::default()
    }
}

pub(crate) async fn ours_1(environment: Arc<Environment>, count: usize) -> Result<Lap> {
    ours(environment, count, |route| route.concurrency(1).max_ack_pending(10_000)).await
}

pub(crate) async fn ours_64(environment: Arc<Environment>, count: usize) -> Result<Lap> {
    let bus = environment.bus.clone();
    handle_64(environment, count, bus, Registry::new("bench")).await
}

/// Consumes by a registry that is like this already, 64 messages at a time.
pub(super) async fn handle_64(
    environment: Arc<Environment>,
    count: usize,
    bus: Bus,
    registry: Registry,
) -> Result<Lap> {
    let options = |route: Route<OrderStored>| route.concurrency(64).max_ack_pending(10_000);
    consume(environment, count, options, bus, registry).await
}

/// Consumes with one ack for up to 64 messages, under the same guarantee.
pub(crate) async fn ours_cumulative(environment: Arc<Environment>, count: usize) -> Result<Lap> {
    let options =
        |route: Route<OrderStored>| route.concurrency(1).ack_every(64).max_ack_pending(10_000);
    ours(environment, count, options).await
}

async fn ours(
    environment: Arc<Environment>,
    count: usize,
    options: fn(Route<OrderStored>) -> Route<OrderStored>,
) -> Result<Lap> {
    let bus = environment.bus.clone();
    consume(environment, count, options, bus, Registry::new("bench")).await
}

async fn consume(
    environment: Arc<Environment>,
    count: usize,
    options: fn(Route<OrderStored>) -> Route<OrderStored>,
    bus: Bus,
    registry: Registry,
) -> Result<Lap> {
    environment.fill::<Stored, OrderStored>(count).await?;
    let (meter, _credit) = Meter::new(count);
    let work = Counting { meter: meter.clone() };
    let route = options(Route::of::<OrderStored>(work).durable(CONSUMER));
    Ok(Lap::new(async move {
        let running = registry.route(route).start(&bus).await?;
        meter.reached().await?;
        environment.settled::<Stored>(CONSUMER).await?;
        Ok(async move {
            running.shutdown().await;
            environment.forget::<Stored>(CONSUMER).await?;
            meter.exact()
        })
    }))
}
