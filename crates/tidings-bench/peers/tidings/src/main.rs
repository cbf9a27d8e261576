//! Tidings as one more peer: what its README shows, with no option set that it does not need.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use clap::Parser as _;
use stage::{
    DIFFERENT, DURABLE, Handled, Measured, Peer, Row, TASKS, customer, feed, latencies, order_id,
};
use tidings::prelude::*;
use tokio::task::JoinSet;

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
struct Line {
    sku: String,
    quantity: u32,
    price_cents: u64,
}

/// Declares one shape once for each way in which it is sent: a message type has one subject.
macro_rules! orders {
    ($($(#[$declared:meta])* $name:ident $(, $(#[$id:meta])+)?;)+) => {$(
        #[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
        $(#[$declared])*
        struct $name {
            $($(#[$id])+)?
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
    #[derive(Event)]
    #[event(subject = "live.placed")]
    Live;
    #[derive(Event)]
    #[event(subject = "live.{region}.{customer}.placed")]
    LiveOf;
    #[derive(Event)]
    #[event(subject = "orders.placed", stream = Orders)]
    Stored, #[event(id)];
    #[derive(Request)]
    #[request(subject = "orders-desk.place", reply = Accepted)]
    PlaceOrder;
}

#[derive(EventStream)]
#[stream(name = "ORDERS", subjects("orders.>"), storage = "memory")]
struct Orders;

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Accepted {
    order_id: Uuid,
}

async fn core_publish<E: Event>(
    peer: &Peer,
    bus: &Bus,
    order: impl Fn(u64) -> E,
) -> Result<Measured> {
    let orders: Vec<E> = (0..DIFFERENT).map(order).collect();
    let mut begun = Instant::now();
    for (number, order) in (0..peer.total()).zip(orders.iter().cycle()) {
        if number == peer.warm() {
            begun = Instant::now();
        }
        bus.publish(order).await?;
    }
    bus.flush().await?;
    Ok(begun.elapsed().into())
}

async fn core_subscribe(peer: &Peer, bus: &Bus) -> Result<Measured> {
    let handled = Arc::new(Handled::new(peer));
    let mut orders = bus.subscribe::<Live>().await?;
    let feeding = tokio::spawn(feed(peer.url.clone(), Arc::clone(&handled)));
    loop {
        let order = orders.next().await.context("the bus is closed")??;
        black_box(order.event());
        if handled.one() {
            break;
        }
    }
    feeding.await??;
    Ok(handled.all().await)
}

/// The handler of both kinds of orders.
struct Billing(Arc<Handled>);

impl Handler<Live> for Billing {
    async fn handle(&self, order: Live, _: Context) -> Result<(), Failure> {
        black_box(&order);
        self.0.one();
        Ok(())
    }
}

impl Handler<Stored> for Billing {
    async fn handle(&self, order: Stored, _: Context) -> Result<(), Failure> {
        black_box(&order);
        self.0.one();
        Ok(())
    }
}

async fn core_handle(peer: &Peer, bus: &Bus) -> Result<Measured> {
    let handled = Arc::new(Handled::new(peer));
    let running =
        Registry::new("billing").handle::<Live>(Billing(Arc::clone(&handled))).start(bus).await?;
    feed(peer.url.clone(), Arc::clone(&handled)).await?;
    let measured = handled.all().await;
    running.shutdown().await;
    Ok(measured)
}

async fn stream_publish(peer: &Peer, bus: &Bus) -> Result<Measured> {
    let orders: Vec<Stored> = (0..peer.total()).map(Stored::new).collect();
    let mut begun = Instant::now();
    for (number, order) in (0..).zip(&orders) {
        if number == peer.warm() {
            begun = Instant::now();
        }
        let ack = bus.publish(order).await?;
        ensure!(!ack.duplicate, "an order was stored before");
    }
    Ok(begun.elapsed().into())
}

async fn stream_publish_concurrent(peer: &Peer, bus: &Bus) -> Result<Measured> {
    let mut begun = Instant::now();
    for part in [0..peer.warm(), peer.warm()..peer.total()] {
        let shares: Vec<Vec<Stored>> = (0..TASKS)
            .map(|task| peer.share(task, part.clone()).map(Stored::new).collect())
            .collect();
        let mut tasks = JoinSet::new();
        begun = Instant::now();
        for share in shares {
            let publisher = bus.publisher::<Stored>();
            tasks.spawn(async move {
                for order in &share {
                    publisher.publish(order).await?;
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

async fn stream_publish_all(peer: &Peer, bus: &Bus) -> Result<Measured> {
    let mut begun = Instant::now();
    for part in [0..peer.warm(), peer.warm()..peer.total()] {
        let orders: Vec<Stored> = part.map(Stored::new).collect();
        begun = Instant::now();
        bus.publish_all(orders).await?;
    }
    Ok(begun.elapsed().into())
}

async fn stream_consume(peer: &Peer, bus: &Bus) -> Result<Measured> {
    let handled = Arc::new(Handled::new(peer));
    let route = Route::of::<Stored>(Billing(Arc::clone(&handled)))
        .durable(DURABLE)
        .concurrency(peer.concurrency());
    let running = Registry::new("billing").route(route).start(bus).await?;
    let measured = handled.all().await;
    running.shutdown().await;
    Ok(measured)
}

async fn stream_replay(peer: &Peer, bus: &Bus) -> Result<Measured> {
    let handled = Handled::new(peer);
    let mut orders = bus.replay::<Stored>(DeliverFrom::Beginning).await?;
    loop {
        let order = orders.next().await.context("the bus is closed")??;
        black_box(order.event());
        if handled.one() {
            return Ok(handled.all().await);
        }
    }
}

/// Answers every request, on a connection of its own.
async fn answer(peer: &Peer) -> Result<tidings::Running> {
    let bus = Bus::connect(&peer.url).await?;
    let accept = async |order: PlaceOrder, _: Context| -> Result<Accepted, Failure> {
        Ok(Accepted { order_id: order.order_id })
    };
    Ok(Registry::new("desk").handle::<PlaceOrder>(accept).start(&bus).await?)
}

async fn ask(bus: &Bus, order: &PlaceOrder) -> Result<()> {
    let accepted = bus.request(order).await?;
    ensure!(accepted.order_id == order.order_id, "the reply to another request");
    Ok(())
}

async fn request(peer: &Peer, bus: &Bus) -> Result<Measured> {
    let desk = answer(peer).await?;
    let orders: Vec<PlaceOrder> = (0..DIFFERENT).map(PlaceOrder::new).collect();
    let mut each = latencies(peer);
    let mut begun = Instant::now();
    for (number, order) in (0..peer.total()).zip(orders.iter().cycle()) {
        if number == peer.warm() {
            begun = Instant::now();
        }
        let asked = Instant::now();
        ask(bus, order).await?;
        if number >= peer.warm() {
            each.push(asked.elapsed());
        }
    }
    let took = begun.elapsed();
    desk.shutdown().await;
    Ok(Measured { took, each })
}

async fn request_concurrent(peer: &Peer, bus: &Bus) -> Result<Measured> {
    let desk = answer(peer).await?;
    let mut took = std::time::Duration::ZERO;
    for part in [0..peer.warm(), peer.warm()..peer.total()] {
        let shares: Vec<Vec<PlaceOrder>> = (0..TASKS)
            .map(|task| peer.share(task, part.clone()).map(PlaceOrder::new).collect())
            .collect();
        let mut tasks = JoinSet::new();
        let begun = Instant::now();
        for share in shares {
            let bus = bus.clone();
            tasks.spawn(async move {
                for order in &share {
                    ask(&bus, order).await?;
                }
                anyhow::Ok(())
            });
        }
        while let Some(task) = tasks.join_next().await {
            task??;
        }
        took = begun.elapsed();
    }
    desk.shutdown().await;
    Ok(took.into())
}

#[tokio::main]
async fn main() -> Result<()> {
    let peer = Peer::parse();
    let bus = Bus::connect(&peer.url).await?;
    let measured = match peer.row {
        Row::CorePublish => core_publish(&peer, &bus, Live::new).await?,
        Row::CorePublishTokens => core_publish(&peer, &bus, LiveOf::new).await?,
        Row::CoreSubscribe => core_subscribe(&peer, &bus).await?,
        Row::CoreHandle => core_handle(&peer, &bus).await?,
        Row::StreamPublish => stream_publish(&peer, &bus).await?,
        Row::StreamPublishConcurrent => stream_publish_concurrent(&peer, &bus).await?,
        Row::StreamPublishAll => stream_publish_all(&peer, &bus).await?,
        Row::StreamConsume1 | Row::StreamConsume64 => stream_consume(&peer, &bus).await?,
        Row::StreamReplay => stream_replay(&peer, &bus).await?,
        Row::Request => request(&peer, &bus).await?,
        Row::RequestConcurrent => request_concurrent(&peer, &bus).await?,
    };
    bus.close().await?;
    measured.print("tidings", &peer);
    Ok(())
}
