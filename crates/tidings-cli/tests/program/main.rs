//! The program against a real nats-server.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test's own functions fail it"
)]

mod catalog;
#[cfg(unix)]
mod colour;
mod doctor;
mod format;
mod hostile;
mod kv;
mod letter;
mod message;
mod object;
#[cfg(feature = "sql")]
mod outbox;
mod schema;
mod stream;
mod trace;

use std::fs;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hostile::{HOSTILE, is_harmless};
use serde_json::Value;
use tidings::prelude::*;
use tidings::{DeadLetterFilter, Running};
use tidings_tests::{Server, eventually};

const SOON: Duration = Duration::from_secs(10);

#[derive(EventStream)]
#[stream(name = "ORDERS", subjects("orders.>"))]
struct Orders;

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orders.{region}.created", stream = Orders)]
struct OrderCreated {
    #[event(id)]
    number: u64,
    region: String,
}

/// Runs the program and waits for its end; it has nobody to ask.
async fn tidings(server: &Server, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidings"));
    command.args(arguments).stdin(Stdio::null());
    for name in
        ["NATS_CREDS", "NATS_NKEY", "NATS_TOKEN", "NATS_USER", "NATS_PASSWORD", "DATABASE_URL"]
    {
        command.env_remove(name);
    }
    command.env("NATS_URL", server.url());
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

/// Standard output of the program, which must end with code 0.
async fn said(server: &Server, arguments: &[&str]) -> String {
    let output = tidings(server, arguments).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Standard output as JSON, a value for each line.
async fn told(server: &Server, arguments: &[&str]) -> Vec<Value> {
    let arguments = [arguments, &["--format", "json"]].concat();
    let text = said(server, &arguments).await;
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Exit code and standard error of a program that refuses.
async fn refused(server: &Server, arguments: &[&str]) -> (Option<i32>, String) {
    let output = tidings(server, arguments).await;
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

/// A shop that rejects its orders until it is mended, with so many letters.
async fn shop(bus: &Bus, letters: u64) -> (Running, Arc<AtomicBool>) {
    let mended = Arc::new(AtomicBool::new(false));
    let well = Arc::clone(&mended);
    let handler = move |order: OrderCreated, _: Context| {
        let well = well.load(Ordering::SeqCst);
        async move {
            if well {
                Ok(())
            } else {
                Err(Failure::reject(format!("no stock for {}", order.number)))
            }
        }
    };
    let route = Route::of::<OrderCreated>(handler).concurrency(1);
    let running = Registry::new("shop").route(route).start(bus).await.unwrap();
    for number in 1..=letters {
        let region = if number % 2 == 0 { "eu" } else { "us" };
        bus.publish(&OrderCreated { number, region: region.into() }).await.unwrap();
    }
    eventually(SOON, "the letters", || async {
        bus.dead_letters("shop").count(DeadLetterFilter::all()).await.unwrap() == letters
    })
    .await;
    (running, mended)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_can_not_be_done_is_said_with_a_code() {
    let server = Server::start().await;
    let (code, text) = refused(&server, &["dlq", "list", "--registry", "nobody"]).await;
    assert_eq!(code, Some(1));
    assert!(text.contains("nobody-dead-letters"), "{text}");
    for wrong in [
        &["dlq", "list"][..],
        &["dlq", "list", "--registry", "a", "--in", "b"],
        &["dlq", "list", "--registry", "a", "--since", "yesterday"],
        &["dlq", "purge", "--registry", "a", "seven", "--consumer", "b"],
        &["dlq"],
    ] {
        assert_eq!(refused(&server, wrong).await.0, Some(2), "{wrong:?}");
    }
    let nowhere = ["dlq", "list", "--registry", "a", "--server", "nats://127.0.0.1:1"];
    let (code, text) = refused(&server, &nowhere).await;
    assert_eq!(code, Some(1), "{text}");
    let (code, text) = refused(&server, &["dlq", "list", "--registry", "a", "--server", ""]).await;
    assert_eq!(code, Some(2));
    assert!(text.contains("NATS_URL"), "{text}");

    // One that can't go back ends with a code, too.
    let bus = Bus::connect(server.url()).await.unwrap();
    let (running, _mended) = shop(&bus, 2).await;
    running.shutdown().await;
    bus.stream::<Orders>().delete().await.unwrap();
    let output = tidings(&server, &["dlq", "redrive", "--registry", "shop", "--yes"]).await;
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("0 put back, 2 failed"), "{text}");
}

/// A folder of this test's own.
fn tempfile(server: &Server) -> std::path::PathBuf {
    let port = server.url().rsplit(':').next().unwrap().to_owned();
    let name = format!("schemas-{}-{port}", std::process::id());
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&folder).unwrap();
    folder
}
