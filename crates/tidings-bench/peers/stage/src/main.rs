//! The server's side of a run. `prepare` makes the stream anew and fills it, `feed` publishes
//! messages to whoever asks for them, `check` says what became of the stream's messages.

use std::time::Duration;

use anyhow::{Result, bail, ensure};
use async_nats::jetstream::{self, stream};
use async_nats::{Client, HeaderMap};
use clap::{Parser, Subcommand};
use futures_util::{StreamExt as _, TryStreamExt as _};
use serde_json::json;
use stage::{DIFFERENT, LIVE, ORDERS, STORED, customer, order_id};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

/// Longest time that the server may take to store, or to see acks, that are on their way.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Parser)]
struct Stage {
    /// URL of the server.
    #[arg(long)]
    url: String,
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Deletes every stream, makes the one of the run, and fills it.
    Prepare {
        /// Number of messages that it holds.
        #[arg(long, default_value_t = 0)]
        fill: u64,
    },
    /// Publishes messages whenever somebody asks, until it is killed.
    Feed,
    /// Fails unless the stream holds so many messages and its consumers have acked so many.
    Check {
        /// Number of messages that were stored.
        #[arg(long)]
        stored: u64,
        /// Number of messages that were acked.
        #[arg(long, default_value_t = 0)]
        acked: u64,
    },
}

fn payload(number: u64) -> Vec<u8> {
    json!({
        "order_id": order_id(number),
        "region": "eu",
        "customer": customer(number),
        "total_cents": 12_990,
        "lines": [
            { "sku": "A-1001", "quantity": 2, "price_cents": 4_995 },
            { "sku": "B-2040", "quantity": 1, "price_cents": 3_000 },
        ],
    })
    .to_string()
    .into_bytes()
}

async fn prepare(client: &Client, fill: u64) -> Result<()> {
    let context = jetstream::new(client.clone());
    let names: Vec<String> = context.stream_names().try_collect().await?;
    for name in names {
        context.delete_stream(name).await?;
    }
    context
        .create_stream(stream::Config {
            name: ORDERS.to_owned(),
            subjects: vec!["orders.>".to_owned()],
            storage: stream::StorageType::Memory,
            ..Default::default()
        })
        .await?;
    for number in 0..fill {
        let mut headers = HeaderMap::new();
        headers.insert(async_nats::header::NATS_MESSAGE_ID, order_id(number).to_string());
        client.publish_with_headers(STORED, headers, payload(number).into()).await?;
    }
    client.flush().await?;
    check(client, fill, 0).await
}

/// Publishes whenever somebody asks. What it writes is made once, so that it takes next to nothing
/// of the machine from those who read.
async fn feed(client: &Client, url: &str) -> Result<()> {
    let address = url.trim_start_matches("nats://");
    let mut each = Vec::new();
    for number in 0..DIFFERENT {
        let payload = payload(number);
        let mut publish = format!("PUB {LIVE} {}\r\n", payload.len()).into_bytes();
        publish.extend(payload);
        publish.extend(b"\r\n");
        each.push(publish);
    }
    let all = each.concat();
    let mut asked = client.subscribe("stage.feed").await?;
    while let Some(message) = asked.next().await {
        let count: usize = str::from_utf8(&message.payload)?.parse()?;
        let mut server = BufReader::new(TcpStream::connect(address).await?);
        server.write_all(b"CONNECT {\"verbose\":false}\r\n").await?;
        for _ in 0..count / each.len() {
            server.write_all(&all).await?;
        }
        server.write_all(&each[..count % each.len()].concat()).await?;
        // Its answer shows that all before it has been read.
        server.write_all(b"PING\r\n").await?;
        let mut line = String::new();
        while line.trim_end() != "PONG" {
            line.clear();
            ensure!(server.read_line(&mut line).await? > 0, "the server has closed the connection");
        }
    }
    Ok(())
}

async fn check(client: &Client, stored: u64, acked: u64) -> Result<()> {
    let stream = jetstream::new(client.clone()).get_stream(ORDERS).await?;
    let until = Instant::now() + PATIENCE;
    loop {
        let messages = stream.get_info().await?.state.messages;
        let mut floor = 0;
        let mut consumers = stream.consumers();
        while let Some(consumer) = consumers.try_next().await? {
            floor = floor.max(consumer.ack_floor.stream_sequence);
        }
        if messages == stored && floor >= acked {
            return Ok(());
        }
        if Instant::now() > until {
            bail!(
                "{messages} messages stored instead of {stored}, {floor} acked instead of {acked}"
            );
        }
        sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let stage = Stage::parse();
    let client = async_nats::connect(&stage.url).await?;
    match stage.task {
        Task::Prepare { fill } => prepare(&client, fill).await,
        Task::Feed => feed(&client, &stage.url).await,
        Task::Check { stored, acked } => check(&client, stored, acked).await,
    }
}
