//! The peer that all others are compared with: async-nats and `serde_json`, as somebody who knows
//! them would write it, with the same ids, acks and decoding.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use async_nats::jetstream::{
    self, consumer::pull, context::PublishAckFuture, message::PublishMessage,
};
use async_nats::{Client, Subject};
use clap::Parser as _;
use futures_util::stream::FuturesUnordered;
use futures_util::{StreamExt as _, TryStreamExt as _};
use serde::{Deserialize, Serialize};
use stage::{
    DIFFERENT, DURABLE, Handled, LIVE, Measured, ORDERS, Peer, Row, STORED, TASKS, customer, feed,
    latencies, order_id,
};
use tokio::task::JoinSet;
use uuid::Uuid;

const LIVE_SUBJECT: Subject = Subject::from_static(LIVE);
const STORED_SUBJECT: Subject = Subject::from_static(STORED);
const ASKED: Subject = Subject::from_static("orders-desk.place");
/// Number of publishes that wait for their acks at a time, and of messages asked for in a pull
/// request.
const WINDOW: usize = 1_000;

#[derive(Serialize, Deserialize)]
struct OrderPlaced {
    order_id: Uuid,
    region: String,
    customer: String,
    total_cents: u64,
    lines: Vec<Line>,
}

#[derive(Serialize, Deserialize)]
struct Line {
    sku: String,
    quantity: u32,
    price_cents: u64,
}

#[derive(Serialize, Deserialize)]
struct Accepted {
    order_id: Uuid,
}

fn order(number: u64) -> OrderPlaced {
    OrderPlaced {
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

/// Waits until the server has read everything before: it answers in order.
async fn barrier(client: &Client) {
    // Nobody listens there, and so the server itself answers, with an error.
    let _ = client.request("nobody.listens", "".into()).await;
}

async fn core_publish(peer: &Peer, client: &Client) -> Result<Measured> {
    let orders: Vec<OrderPlaced> = (0..DIFFERENT).map(order).collect();
    let mut begun = Instant::now();
    for (number, order) in (0..peer.total()).zip(orders.iter().cycle()) {
        if number == peer.warm() {
            begun = Instant::now();
        }
        let subject = if peer.row == Row::CorePublishTokens {
            format!("live.{}.{}.placed", order.region, order.customer).into()
        } else {
            LIVE_SUBJECT
        };
        client.publish(subject, serde_json::to_vec(order)?.into()).await?;
    }
    barrier(client).await;
    Ok(begun.elapsed().into())
}

async fn core_receive(peer: &Peer, client: &Client) -> Result<Measured> {
    let handled = Arc::new(Handled::new(peer));
    let mut messages = if peer.row == Row::CoreHandle {
        client.queue_subscribe(LIVE, "billing".to_owned()).await?
    } else {
        client.subscribe(LIVE).await?
    };
    barrier(client).await;
    let feeding = tokio::spawn(feed(peer.url.clone(), Arc::clone(&handled)));
    while let Some(message) = messages.next().await {
        let order: OrderPlaced = serde_json::from_slice(&message.payload)?;
        black_box(&order);
        if handled.one() {
            break;
        }
    }
    feeding.await??;
    Ok(handled.all().await)
}

async fn publish(context: &jetstream::Context, order: &OrderPlaced) -> Result<PublishAckFuture> {
    let message = PublishMessage::build()
        .message_id(order.order_id.to_string())
        .payload(serde_json::to_vec(order)?.into());
    Ok(context.send_publish(STORED_SUBJECT, message).await?)
}

async fn stream_publish(peer: &Peer, client: &Client) -> Result<Measured> {
    let context = jetstream::new(client.clone());
    let orders: Vec<OrderPlaced> = (0..peer.total()).map(order).collect();
    let mut begun = Instant::now();
    for (number, order) in (0..).zip(&orders) {
        if number == peer.warm() {
            begun = Instant::now();
        }
        let ack = publish(&context, order).await?.await?;
        ensure!(!ack.duplicate, "an order was stored before");
    }
    Ok(begun.elapsed().into())
}

async fn stream_publish_concurrent(peer: &Peer, client: &Client) -> Result<Measured> {
    let context = jetstream::new(client.clone());
    let mut begun = Instant::now();
    for part in [0..peer.warm(), peer.warm()..peer.total()] {
        let shares: Vec<Vec<OrderPlaced>> =
            (0..TASKS).map(|task| peer.share(task, part.clone()).map(order).collect()).collect();
        let mut tasks = JoinSet::new();
        begun = Instant::now();
        for share in shares {
            let context = context.clone();
            tasks.spawn(async move {
                for order in &share {
                    publish(&context, order).await?.await?;
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

async fn stream_publish_all(peer: &Peer, client: &Client) -> Result<Measured> {
    let context = jetstream::new(client.clone());
    let mut begun = Instant::now();
    for part in [0..peer.warm(), peer.warm()..peer.total()] {
        let orders: Vec<OrderPlaced> = part.map(order).collect();
        begun = Instant::now();
        let mut acks = FuturesUnordered::new();
        for order in &orders {
            if acks.len() == WINDOW {
                acks.try_next().await?;
            }
            acks.push(publish(&context, order).await?.into_future());
        }
        while acks.try_next().await?.is_some() {}
    }
    Ok(begun.elapsed().into())
}

async fn stream_consume(peer: &Peer, client: &Client) -> Result<Measured> {
    let handled = Arc::new(Handled::new(peer));
    let config = pull::Config { durable_name: Some(DURABLE.to_owned()), ..Default::default() };
    let stream = jetstream::new(client.clone()).get_stream(ORDERS).await?;
    let consumer = stream.create_consumer(config).await?;
    let messages = consumer.stream().max_messages_per_batch(WINDOW).messages().await?;
    let handling = messages.map_err(anyhow::Error::from).try_for_each_concurrent(
        peer.concurrency(),
        |message| {
            let handled = Arc::clone(&handled);
            async move {
                let order: OrderPlaced = serde_json::from_slice(&message.payload)?;
                black_box(&order);
                message.ack().await.map_err(anyhow::Error::from_boxed)?;
                handled.one();
                Ok(())
            }
        },
    );
    tokio::select! {
        ended = handling => ended?,
        () = handled.reach(handled.total()) => {}
    }
    barrier(client).await;
    Ok(handled.all().await)
}

async fn stream_replay(peer: &Peer, client: &Client) -> Result<Measured> {
    let handled = Handled::new(peer);
    let stream = jetstream::new(client.clone()).get_stream(ORDERS).await?;
    let consumer = stream.create_consumer(pull::OrderedConfig::default()).await?;
    let mut messages = consumer.messages().await?;
    while let Some(message) = messages.next().await {
        let order: OrderPlaced = serde_json::from_slice(&message?.payload)?;
        black_box(&order);
        if handled.one() {
            break;
        }
    }
    Ok(handled.all().await)
}

/// Answers every request, on a connection of its own.
async fn answer(client: Client) -> Result<()> {
    let mut asked = client.queue_subscribe(ASKED, "desk".to_owned()).await?;
    barrier(&client).await;
    tokio::spawn(async move {
        while let Some(message) = asked.next().await {
            let order: OrderPlaced = serde_json::from_slice(&message.payload)?;
            let reply = message.reply.context("a request without a reply subject")?;
            let accepted = Accepted { order_id: order.order_id };
            client.publish(reply, serde_json::to_vec(&accepted)?.into()).await?;
        }
        anyhow::Ok(())
    });
    Ok(())
}

async fn ask(client: &Client, order: &OrderPlaced) -> Result<()> {
    let reply = client.request(ASKED, serde_json::to_vec(order)?.into()).await?;
    let accepted: Accepted = serde_json::from_slice(&reply.payload)?;
    ensure!(accepted.order_id == order.order_id, "the reply to another request");
    Ok(())
}

async fn request(peer: &Peer, client: &Client) -> Result<Measured> {
    answer(async_nats::connect(&peer.url).await?).await?;
    let orders: Vec<OrderPlaced> = (0..DIFFERENT).map(order).collect();
    let mut each = latencies(peer);
    let mut begun = Instant::now();
    for (number, order) in (0..peer.total()).zip(orders.iter().cycle()) {
        if number == peer.warm() {
            begun = Instant::now();
        }
        let asked = Instant::now();
        ask(client, order).await?;
        if number >= peer.warm() {
            each.push(asked.elapsed());
        }
    }
    Ok(Measured { took: begun.elapsed(), each })
}

async fn request_concurrent(peer: &Peer, client: &Client) -> Result<Measured> {
    answer(async_nats::connect(&peer.url).await?).await?;
    let mut begun = Instant::now();
    for part in [0..peer.warm(), peer.warm()..peer.total()] {
        let shares: Vec<Vec<OrderPlaced>> =
            (0..TASKS).map(|task| peer.share(task, part.clone()).map(order).collect()).collect();
        let mut tasks = JoinSet::new();
        begun = Instant::now();
        for share in shares {
            let client = client.clone();
            tasks.spawn(async move {
                for order in &share {
                    ask(&client, order).await?;
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

#[tokio::main]
async fn main() -> Result<()> {
    let peer = Peer::parse();
    let client = async_nats::connect(&peer.url).await?;
    let measured = match peer.row {
        Row::CorePublish | Row::CorePublishTokens => core_publish(&peer, &client).await?,
        Row::CoreSubscribe | Row::CoreHandle => core_receive(&peer, &client).await?,
        Row::StreamPublish => stream_publish(&peer, &client).await?,
        Row::StreamPublishConcurrent => stream_publish_concurrent(&peer, &client).await?,
        Row::StreamPublishAll => stream_publish_all(&peer, &client).await?,
        Row::StreamConsume1 | Row::StreamConsume64 => stream_consume(&peer, &client).await?,
        Row::StreamReplay => stream_replay(&peer, &client).await?,
        Row::Request => request(&peer, &client).await?,
        Row::RequestConcurrent => request_concurrent(&peer, &client).await?,
    };
    measured.print("raw", &peer);
    Ok(())
}
