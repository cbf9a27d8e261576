//! A shop whose database and bus agree: a row and its event are one transaction, and so are a handler's writes, its
//! follow-ups and the fact that its message was handled.
//!
//! `cargo run --example checkout` runs in this process, with SQLite and the bus in memory;
//! `DATABASE_URL=postgres://… NATS_URL=nats://… cargo run --example checkout` with servers.
//! With `PORT` it serves until Ctrl-C; without, it places some orders itself and ends.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use anyhow::Context as _;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use sqlx::sqlite::SqlitePoolOptions;
use sqlx::{PgPool, Pool};
use tidings::prelude::*;
use tidings_checkout::billing::Billing;
use tidings_checkout::store::Store;
use tidings_checkout::{Checkout, OrderBilled, OrderPlaced};
use tidings_sql::{Inbox, Outbox};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let bus = match std::env::var_os("NATS_URL") {
        Some(_) => Bus::from_env().await?,
        None => Bus::in_memory(),
    };
    if let Ok(url) = std::env::var("DATABASE_URL") {
        return run(&bus, PgPool::connect(&url).await?).await;
    }
    // The database lives as long as its connection.
    let in_memory = SqlitePoolOptions::new()
        .max_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect("sqlite::memory:");
    run(&bus, in_memory.await?).await
}

async fn run<Db: Store>(bus: &Bus, pool: Pool<Db>) -> anyhow::Result<()> {
    bus.provision::<Checkout>().await?;
    tidings_sql::migrate(&pool).await?;
    Db::create(&pool).await?;

    // What was committed before a restart is published now, and what comes is published as it commits.
    let outbox = Outbox::open(bus, &pool).await?;
    let relay = outbox.relay().start();
    // As long as the stream may deliver an order again, it is known that it was billed.
    let inbox = Inbox::open(&pool).await?.keep_as::<Checkout>();
    let _cleaning = inbox.clean_up_every(Duration::from_mins(1));
    let route = Route::of::<OrderPlaced>(Billing { inbox }).retry(Retry::fixed(Duration::ZERO));
    let billing = Registry::new("billing").route(route).start(bus).await?;

    let port = std::env::var("PORT").ok().map(|port| port.parse()).transpose()?;
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, port.unwrap_or(0))).await?;
    let own_port = listener.local_addr()?.port();
    let shop = Router::new().route("/orders", post(place::<Db>)).with_state(outbox);
    let served = tokio::spawn(async move { axum::serve(listener, shop).await });

    if port.is_some() {
        println!("POST http://127.0.0.1:{own_port}/orders");
        tokio::signal::ctrl_c().await?;
    } else {
        buy(bus, &pool, own_port).await?;
    }
    served.abort();
    billing.shutdown().await;
    relay.shutdown().await;
    Ok(())
}

/// Places an order: the row and the event, or neither. The same order again changes nothing.
async fn place<Db: Store>(
    State(outbox): State<Outbox<Db>>,
    Json(order): Json<OrderPlaced>,
) -> Result<StatusCode, (StatusCode, String)> {
    let placed = async {
        let mut tx = outbox.begin().await?;
        let is_new = Db::place(&mut tx, order.order, order.cents).await?;
        if is_new {
            outbox.publish(&mut tx, &order).key(order.order.to_string()).await?;
            tx.commit().await?;
            outbox.wake();
        }
        anyhow::Ok(if is_new { StatusCode::CREATED } else { StatusCode::OK })
    };
    placed.await.map_err(|error| (StatusCode::SERVICE_UNAVAILABLE, format!("{error:#}")))
}

/// Buys something, impatiently, and looks whether all was billed once.
async fn buy<Db: Store>(bus: &Bus, pool: &Pool<Db>, port: u16) -> anyhow::Result<()> {
    let mut billed = bus.subscribe::<OrderBilled>().await?;
    let mut orders = BTreeSet::new();
    for cents in 1..=5 {
        let order = OrderPlaced { order: Uuid::now_v7(), cents };
        for expected in ["201", "200"] {
            let answer = ask(port, &serde_json::to_string(&order)?).await?;
            anyhow::ensure!(answer.contains(expected), "{answer}");
        }
        orders.insert(order.order);
    }
    let mut left = orders.clone();
    while !left.is_empty() {
        let bill = tokio::time::timeout(Duration::from_secs(30), billed.next()).await?;
        let bill = bill.context("the bus is closed")??;
        if left.remove(&bill.order) {
            println!("order {} is billed: {} cents", bill.order, bill.cents);
        }
    }
    // Each was delivered twice, and has one bill.
    for order in orders {
        assert_eq!(Db::bills(pool, order).await?, 1);
    }
    Ok(())
}

/// Places an order over HTTP; gives the first line of the answer.
async fn ask(port: u16, order: &str) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    let request = format!(
        "POST /orders HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{order}",
        order.len()
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer.lines().next().context("no answer")?.to_owned())
}
