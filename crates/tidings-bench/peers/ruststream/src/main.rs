//! ruststream-nats, as its guides write it: handlers are async functions with `#[subscriber]`,
//! mounted on a broker; publishers come of a connected broker.
//!
//! Two rows have no idiom of its own: a typed subscription without a handler, and an ordered
//! replay.

use std::hint::black_box;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use clap::Parser as _;
use futures_util::TryStreamExt as _;
use futures_util::stream::FuturesUnordered;
use ruststream::OutgoingMessage;
use ruststream_nats::prelude::*;
use ruststream_nats::{ConnectedNatsBroker, JetStreamPublisher, NatsPublisher};
use serde::{Deserialize, Serialize};
use stage::{DIFFERENT, Handled, Measured, Peer, Row, TASKS, customer, feed, latencies, order_id};
use tokio::task::JoinSet;
use uuid::Uuid;

/// Number of publishes that wait for their acks at a time.
const WINDOW: usize = 1_000;
/// Longest time that a request may take.
const TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Serialize, Deserialize)]
struct Line {
    sku: String,
    quantity: u32,
    price_cents: u64,
}

/// Declares one shape once for each way in which it is sent: a type declares its destination.
macro_rules! orders {
    ($($(#[$declared:meta])* $name:ident;)+) => {$(
        #[derive(Serialize, Deserialize, Outgoing)]
        $(#[$declared])*
        struct $name {
            order_id: Uuid,
            region: String,
            customer: String,
            total_cents: u64,
            lines: Vec<Line>,
        }

        impl $name {
            fn new(number: u64) -> Self {
                Self {
                    order_id: order_id(number),
                    region: "eu".to_owned(),
                    customer: customer(number),
                    total_cents: 12_990,
                    lines: vec![
                        Line { sku: "A-1001".to_owned(), quantity: 2, price_cents: 4_995 },
                        Line { sku: "B-2040".to_owned(), quantity: 1, price_cents: 3_000 },
                    ],
                }
            }
        }
    )+};
}

orders! {
    #[outgoing(name = "live.placed")]
    Live;
    #[outgoing(name = "live.{region}.{customer}.placed")]
    LiveOf;
    #[outgoing(name = "orders.placed")]
    Stored;
}

#[derive(Serialize, Deserialize, Outgoing)]
struct Accepted {
    order_id: Uuid,
}

/// Counter of the handlers. A static is the cheapest thing that a handler can reach.
static HANDLED: OnceLock<Arc<Handled>> = OnceLock::new();

fn handle<T>(order: &T) -> HandlerOutcome {
    black_box(order);
    if let Some(handled) = HANDLED.get() {
        handled.one();
    }
    HandlerOutcome::ack()
}

#[subscriber(CoreSubject::new("live.placed").queue_group("billing"))]
async fn bill_live(order: &Live) -> HandlerOutcome {
    handle(order)
}

#[subscriber(JetStreamSubject::new("orders.placed", "ORDERS").durable("billing"))]
async fn bill(order: &Stored) -> HandlerOutcome {
    handle(order)
}

#[subscriber(JetStreamSubject::new("orders.placed", "ORDERS").durable("billing"), workers(64))]
async fn bill_by_many(order: &Stored) -> HandlerOutcome {
    handle(order)
}

#[derive(OutSlot)]
#[publishes(Accepted)]
struct Answers;

#[subscriber(CoreSubject::new("orders-desk.place").queue_group("desk"))]
async fn accept(
    order: &Stored,
    ctx: &mut Context<'_>,
    Out(answers): Out<impl Publisher, Answers>,
) -> HandlerOutcome {
    let Some(inbox) = ctx.headers().reply_to().map(str::to_owned) else {
        return HandlerOutcome::drop();
    };
    let accepted = Accepted { order_id: order.order_id };
    if answers.message(&accepted).to(inbox).publish().await.is_err() {
        return HandlerOutcome::retry();
    }
    HandlerOutcome::ack()
}

/// The service that a row needs.
async fn serve(peer: &Peer) -> Result<RunningApp> {
    let row = peer.row;
    let app = RustStream::new(AppInfo::new("peer", "0.0.0")).with_broker(
        NatsBroker::new(peer.url.as_str()),
        |broker| match row {
            Row::CoreHandle => {
                broker.include(bill_live);
            }
            Row::StreamConsume1 => {
                broker.include(bill);
            }
            Row::StreamConsume64 => {
                broker.include(bill_by_many);
            }
            _ => broker.include(accept).out(Answers, Publish).build(),
        },
    );
    Ok(app.start().await?)
}

/// Waits until the server has read everything before: it answers in order.
async fn barrier(publisher: &NatsPublisher) {
    // Nobody listens there, and so the server itself answers, with an error.
    let _ = publisher.request(OutgoingMessage::new("nobody.listens", b""), TIMEOUT).await;
}

async fn core_publish(peer: &Peer, publisher: &NatsPublisher) -> Result<Measured> {
    let orders: Vec<Live> = (0..DIFFERENT).map(Live::new).collect();
    let mut begun = Instant::now();
    for (number, order) in (0..peer.total()).zip(orders.iter().cycle()) {
        if number == peer.warm() {
            begun = Instant::now();
        }
        publisher.message(order).publish().await?;
    }
    barrier(publisher).await;
    Ok(begun.elapsed().into())
}

async fn core_publish_tokens(peer: &Peer, publisher: &NatsPublisher) -> Result<Measured> {
    let orders: Vec<LiveOf> = (0..DIFFERENT).map(LiveOf::new).collect();
    let mut begun = Instant::now();
    for (number, order) in (0..peer.total()).zip(orders.iter().cycle()) {
        if number == peer.warm() {
            begun = Instant::now();
        }
        let to = publisher.message(order).to();
        to.region(&order.region).customer(&order.customer).publish().await?;
    }
    barrier(publisher).await;
    Ok(begun.elapsed().into())
}

async fn consume(peer: &Peer) -> Result<Measured> {
    let handled = Arc::clone(HANDLED.get_or_init(|| Arc::new(Handled::new(peer))));
    let running = serve(peer).await?;
    if peer.row == Row::CoreHandle {
        feed(peer.url.clone(), Arc::clone(&handled)).await?;
    }
    let measured = handled.all().await;
    running.shutdown().await?;
    Ok(measured)
}

async fn publish(publisher: &JetStreamPublisher, order: &Stored) -> Result<()> {
    publisher.message(order).message_id(order.order_id.to_string()).publish().await?;
    Ok(())
}

async fn stream_publish(peer: &Peer, publisher: &JetStreamPublisher) -> Result<Measured> {
    let orders: Vec<Stored> = (0..peer.total()).map(Stored::new).collect();
    let mut begun = Instant::now();
    for (number, order) in (0..).zip(&orders) {
        if number == peer.warm() {
            begun = Instant::now();
        }
        publish(publisher, order).await?;
    }
    Ok(begun.elapsed().into())
}

async fn stream_publish_concurrent(peer: &Peer, publisher: JetStreamPublisher) -> Result<Measured> {
    let publisher = Arc::new(publisher);
    let mut begun = Instant::now();
    for part in [0..peer.warm(), peer.warm()..peer.total()] {
        let shares: Vec<Vec<Stored>> = (0..TASKS)
            .map(|task| peer.share(task, part.clone()).map(Stored::new).collect())
            .collect();
        let mut tasks = JoinSet::new();
        begun = Instant::now();
        for share in shares {
            let publisher = Arc::clone(&publisher);
            tasks.spawn(async move {
                for order in &share {
                    publish(&publisher, order).await?;
                }
                anyhow::Ok(())
            });
        }
        while let Some(task) = tasks.join_next().await {
            task??;
        }
    }
    Ok(begun.elapsed().into())
}

async fn stream_publish_all(peer: &Peer, publisher: &JetStreamPublisher) -> Result<Measured> {
    let mut begun = Instant::now();
    for part in [0..peer.warm(), peer.warm()..peer.total()] {
        let orders: Vec<Stored> = part.map(Stored::new).collect();
        begun = Instant::now();
        let mut acks = FuturesUnordered::new();
        for order in &orders {
            if acks.len() == WINDOW {
                acks.try_next().await?;
            }
            acks.push(publish(publisher, order));
        }
        while acks.try_next().await?.is_some() {}
    }
    Ok(begun.elapsed().into())
}

async fn ask(publisher: &NatsPublisher, order: &Stored) -> Result<()> {
    let body = serde_json::to_vec(order)?;
    let asked = OutgoingMessage::new("orders-desk.place", body.as_slice());
    let reply = publisher.request(asked, TIMEOUT).await?;
    let accepted: Accepted = serde_json::from_slice(reply.payload())?;
    ensure!(accepted.order_id == order.order_id, "the reply to another request");
    Ok(())
}

/// Starts what answers, and waits until it does: a service has started before the server has seen
/// what it subscribes to.
async fn open_desk(peer: &Peer, publisher: &NatsPublisher) -> Result<RunningApp> {
    let desk = serve(peer).await?;
    let first = Stored::new(0);
    while ask(publisher, &first).await.is_err() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Ok(desk)
}

async fn request(peer: &Peer, publisher: &NatsPublisher) -> Result<Measured> {
    let desk = open_desk(peer, publisher).await?;
    let orders: Vec<Stored> = (0..DIFFERENT).map(Stored::new).collect();
    let mut each = latencies(peer);
    let mut begun = Instant::now();
    for (number, order) in (0..peer.total()).zip(orders.iter().cycle()) {
        if number == peer.warm() {
            begun = Instant::now();
        }
        let asked = Instant::now();
        ask(publisher, order).await?;
        if number >= peer.warm() {
            each.push(asked.elapsed());
        }
    }
    let took = begun.elapsed();
    desk.shutdown().await?;
    Ok(Measured { took, each })
}

async fn request_concurrent(peer: &Peer, publisher: &NatsPublisher) -> Result<Measured> {
    let desk = open_desk(peer, publisher).await?;
    let mut took = Duration::ZERO;
    for part in [0..peer.warm(), peer.warm()..peer.total()] {
        let shares: Vec<Vec<Stored>> = (0..TASKS)
            .map(|task| peer.share(task, part.clone()).map(Stored::new).collect())
            .collect();
        let mut tasks = JoinSet::new();
        let begun = Instant::now();
        for share in shares {
            let publisher = publisher.clone();
            tasks.spawn(async move {
                for order in &share {
                    ask(&publisher, order).await?;
                }
                anyhow::Ok(())
            });
        }
        while let Some(task) = tasks.join_next().await {
            task??;
        }
        took = begun.elapsed();
    }
    desk.shutdown().await?;
    Ok(took.into())
}

#[tokio::main]
async fn main() -> Result<()> {
    let peer = Peer::parse();
    let connected: ConnectedNatsBroker = NatsBroker::new(peer.url.as_str()).connect().await?;
    let core = connected.publisher(Publish);
    let stream = connected.publisher(JetStreamPublish::default());
    let measured = match peer.row {
        Row::CorePublish => core_publish(&peer, &core).await?,
        Row::CorePublishTokens => core_publish_tokens(&peer, &core).await?,
        Row::CoreHandle | Row::StreamConsume1 | Row::StreamConsume64 => consume(&peer).await?,
        Row::StreamPublish => stream_publish(&peer, &stream).await?,
        Row::StreamPublishConcurrent => stream_publish_concurrent(&peer, stream).await?,
        Row::StreamPublishAll => stream_publish_all(&peer, &stream).await?,
        Row::Request => request(&peer, &core).await?,
        Row::RequestConcurrent => request_concurrent(&peer, &core).await?,
        Row::CoreSubscribe | Row::StreamReplay => bail!("ruststream has no idiom for this row"),
    };
    measured.print("ruststream", &peer);
    Ok(())
}
