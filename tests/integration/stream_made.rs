//! A server that can't make a stream at once.

use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::StreamExt as _;
use tidings::prelude::*;
use tidings_tests::Server;

#[derive(EventStream)]
#[stream(name = "TILES", subjects("tiles.>"))]
struct Tiles;

const ACCOUNTS: &str = "accounts { A: { users: [{ user: a, password: a }] },
    SYS: { users: [{ user: s, password: s }] } }
    system_account: SYS";

static MADE: AtomicU32 = AtomicU32::new(0);

/// A stream that is deleted and made again at once may be refused (code 10049) while the one before
/// is on its way out: it is asked for again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_is_on_its_way_out_is_waited_for() {
    let server = Server::with_config(ACCOUNTS).await;
    let bus = Bus::builder().server(server.url()).user_and_password("a", "a");
    let bus = bus.connect().await.unwrap();
    // In an account without JetStream, somebody else can answer for it.
    let options = async_nats::ConnectOptions::with_user_and_password("a".into(), "a".into());
    let client = options.connect(server.url()).await.unwrap();
    let mut calls = client.subscribe("$JS.API.>").await.unwrap();
    client.flush().await.unwrap();
    let answering = tokio::spawn(async move {
        while let Some(call) = calls.next().await {
            let answer = if call.subject.contains(".STREAM.CREATE.") {
                match MADE.fetch_add(1, Ordering::Relaxed) {
                    0 | 1 => r#"{"error":{"code":500,"err_code":10049,"description":"busy"}}"#,
                    _ => r#"{"config":{}}"#,
                }
            } else {
                r#"{"error":{"code":404,"err_code":10059,"description":"stream not found"}}"#
            };
            client.publish(call.reply.unwrap(), answer.into()).await.unwrap();
        }
    });
    bus.provision::<Tiles>().await.unwrap();
    assert_eq!(MADE.load(Ordering::Relaxed), 3);
    answering.abort();
}
