//! The example `checkout` with a database and a server, killed in the middle of its customers: each order has one bill.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test's own functions fail it"
)]

use std::process::Stdio;
use std::time::Duration;

use sqlx::{PgPool, query_scalar};
use tidings::prelude::*;
use tidings_tests::{Postgres, Server, eventually, example_path};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};

/// The shop's stream.
#[derive(EventStream)]
#[stream(name = "CHECKOUT", subjects("checkout.orders.>"))]
struct Checkout;

/// Time in which what has to happen happens, on a busy machine too.
const SOON: Duration = Duration::from_mins(1);
/// Number of times that the shop is killed.
const KILLS: usize = 3;
/// Number of orders before each.
const ORDERS: usize = 20;

/// The shop's program, on this port.
fn shop(database: &Postgres, server: &Server, port: u16) -> Child {
    Command::new(example_path("checkout"))
        .env("DATABASE_URL", database.url())
        .env("NATS_URL", server.url())
        .env("PORT", port.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("it starts")
}

/// Places an order; gives the status of the answer, if there is one.
async fn place(port: u16, order: Uuid) -> Option<String> {
    let body = format!(r#"{{"order":"{order}","cents":7}}"#);
    let request = format!(
        "POST /orders HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.ok()?;
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.ok()?;
    Some(answer.split(' ').nth(1)?.to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_order_has_one_bill_however_often_the_shop_is_killed() {
    let (database, server) = tokio::join!(Postgres::start(), Server::start());
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let mut running = shop(&database, &server, port);
    let mut orders = Vec::new();
    for kill in 0..=KILLS {
        for number in 0..ORDERS {
            let order = Uuid::now_v7();
            orders.push(order);
            // A customer asks until somebody says that it is placed.
            eventually(SOON, "it is placed", async || {
                let status = place(port, order).await;
                matches!(status.as_deref(), Some("200" | "201")).then_some(()).ok_or(status)
            })
            .await;
            // What it has begun is not ended: events to be published, and orders to be billed.
            if kill < KILLS && number == ORDERS / 2 {
                running.kill().await.unwrap();
                running = shop(&database, &server, port);
            }
        }
    }
    let pool = PgPool::connect(&database.url()).await.unwrap();
    let count = async |what: &str| -> i64 {
        query_scalar(sqlx::AssertSqlSafe(what)).fetch_one(&pool).await.unwrap()
    };
    let all = i64::try_from(orders.len()).unwrap();
    eventually(SOON, "all are billed", async || {
        let billed = count("SELECT count(DISTINCT order_id) FROM bills").await;
        (billed == all).then_some(()).ok_or(billed)
    })
    .await;
    eventually(SOON, "the outbox is empty", async || {
        count("SELECT count(*) FROM tidings_outbox").await == 0
    })
    .await;
    assert_eq!(count("SELECT count(*) FROM orders").await, all);
    assert_eq!(count("SELECT count(*) FROM bills").await, all);
    // Each is told once: placed and billed.
    let bus = Bus::connect(server.url()).await.unwrap();
    let stored = bus.stream::<Checkout>().state().await.unwrap().messages;
    assert_eq!(stored, 2 * all.unsigned_abs());
}
