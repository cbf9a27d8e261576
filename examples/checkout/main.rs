//! A shop whose database and bus agree: a row and its event are one transaction, and so are a handler's writes, its
//! follow-ups and the fact that its message was handled.
//!
//! `cargo run --example checkout` runs in this process, with SQLite and the bus in memory;
//! `DATABASE_URL=postgres://… NATS_URL=nats://… cargo run --example checkout` with servers.
//! With `PORT` it serves until Ctrl-C; without, it places some orders itself and ends. An order is
//! `curl -i localhost:$PORT/orders --json '{"order": "01968a2e-7d3c-7000-8000-000000000001", "cents": 4200}'`.

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
use tidings_checkout::store::{Placed, Store};
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
        // What such a bus holds ends with the program, and the database believes that it was told.
        let is_kept = bus.state().server.is_some();
        anyhow::ensure!(is_kept, "a database outlives a bus in this process: set NATS_URL, too");
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

/// Places an order; the same order again changes nothing.
async fn place<Db: Store>(
    State(outbox): State<Outbox<Db>>,
    Json(order): Json<OrderPlaced>,
) -> Result<StatusCode, (StatusCode, String)> {
    if order.cents < 1 {
        return Err((StatusCode::UNPROCESSABLE_ENTITY, "`cents` is to be 1 or more".to_owned()));
    }
    let placed = write(&outbox, &order).await.map_err(|error| {
        // The cause is for whoever runs the shop.
        eprintln!("order {}: {error:#}", order.order);
        (StatusCode::SERVICE_UNAVAILABLE, "try again, with the same id".to_owned())
    })?;
    match placed {
        Placed::New => Ok(StatusCode::CREATED),
        Placed::Before => Ok(StatusCode::OK),
        Placed::Otherwise(cents) => {
            Err((StatusCode::CONFLICT, format!("this order is placed already, for {cents} cents")))
        }
    }
}

/// Writes an order: the row and the event, or neither.
async fn write<Db: Store>(outbox: &Outbox<Db>, order: &OrderPlaced) -> anyhow::Result<Placed> {
    let mut tx = outbox.begin().await?;
    let placed = Db::place(&mut tx, order.order, order.cents).await?;
    if placed == Placed::New {
        outbox.publish(&mut tx, order).key(order.order.to_string()).await?;
        tx.commit().await?;
        outbox.wake();
    }
    Ok(placed)
}

/// Buys something, impatiently, and looks whether all was billed once.
async fn buy<Db: Store>(bus: &Bus, pool: &Pool<Db>, port: u16) -> anyhow::Result<()> {
    let mut billed = bus.subscribe::<OrderBilled>().await?;
    let mut orders = BTreeSet::new();
    for cents in 1..=5 {
        let order = OrderPlaced { order: Uuid::now_v7(), cents };
        let dearer = OrderPlaced { cents: cents + 1, ..order };
        for (order, expected) in [(&order, "201"), (&order, "200"), (&dearer, "409")] {
            let answer = ask(port, &serde_json::to_string(order)?).await?;
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
