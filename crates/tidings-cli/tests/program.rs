//! The program against a real nats-server.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test's own functions fail it"
)]

use std::fs;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::StreamExt as _;
use serde_json::Value;
use tidings::prelude::*;
use tidings::{DeadLetterFilter, Running, StreamConfig};
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
    for name in ["NATS_CREDS", "NATS_NKEY", "NATS_TOKEN", "NATS_USER", "NATS_PASSWORD"] {
        command.env_remove(name);
    }
    command.env("NATS_URL", server.url());
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

/// What it says, where it is content.
async fn said(server: &Server, arguments: &[&str]) -> String {
    let output = tidings(server, arguments).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The same as JSON, a value for each line.
async fn told(server: &Server, arguments: &[&str]) -> Vec<Value> {
    let arguments = [arguments, &["--format", "json"]].concat();
    let text = said(server, &arguments).await;
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// How it ends where it is not content, and what it says then.
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
async fn letters_are_listed_shown_put_back_and_purged() {
    let server = Server::start().await;
    let bus = Bus::connect(server.url()).await.unwrap();
    let (running, mended) = shop(&bus, 6).await;
    let of = ["--registry", "shop"];

    let text = said(&server, &["dlq", "list", of[0], of[1]]).await;
    assert_eq!(text.lines().count(), 6, "{text}");
    assert!(text.lines().next().unwrap().contains("no stock for 1"), "{text}");
    let listed = told(&server, &["dlq", "list", of[0], of[1], "--subject", "orders.eu.>"]).await;
    let errors: Vec<_> = listed.iter().map(|letter| letter["error"].as_str().unwrap()).collect();
    assert_eq!(errors, ["no stock for 2", "no stock for 4", "no stock for 6"]);
    assert_eq!(listed[0]["reason"], "rejected");
    assert_eq!(listed[0].get("payload"), None);
    let recent = ["dlq", "list", of[0], of[1], "--since", "1h", "--limit", "2"];
    assert_eq!(told(&server, &recent).await.len(), 2);
    let older = ["dlq", "list", "--in", "shop-dead-letters", "--until", "1h"];
    assert_eq!(told(&server, &older).await.len(), 0);

    let second = listed[0]["sequence"].to_string();
    let shown = told(&server, &["dlq", "show", of[0], of[1], &second]).await;
    assert_eq!(shown[0]["payload"]["number"], 2);
    assert_eq!(shown[0]["consumer"], "shop-orders_created");
    assert_eq!(shown[0]["headers"][0][0], "Nats-Msg-Id");
    let text = said(&server, &["dlq", "show", of[0], of[1], &second]).await;
    assert!(text.contains("\"region\":\"eu\"") && text.contains("orders.eu.created"), "{text}");

    // All of them only with a yes.
    for what in ["redrive", "purge"] {
        let (code, text) = refused(&server, &["dlq", what, of[0], of[1]]).await;
        assert_eq!(code, Some(2));
        assert!(text.contains("--yes"), "{text}");
    }
    let planned = told(&server, &["dlq", "redrive", of[0], of[1], "--dry-run"]).await;
    assert_eq!((&planned[0]["redriven"], &planned[0]["dry_run"]), (&6.into(), &true.into()));
    let purged = told(&server, &["dlq", "purge", of[0], of[1], &second]).await;
    assert_eq!(purged[0]["purged"], 1);
    let eu = ["dlq", "purge", of[0], of[1], "--subject", "orders.eu.>"];
    assert_eq!(said(&server, &eu).await, "2 removed\n");

    mended.store(true, Ordering::SeqCst);
    let one = told(&server, &["dlq", "list", of[0], of[1], "--limit", "1"]).await;
    let first = one[0]["sequence"].to_string();
    let text = said(&server, &["dlq", "redrive", of[0], of[1], &first, "--only-failed"]).await;
    assert_eq!(text, "1 put back\n");
    let rest = told(&server, &["dlq", "redrive", of[0], of[1], "--yes"]).await;
    assert_eq!((&rest[0]["redriven"], &rest[0]["failed"]), (&2.into(), &0.into()));
    eventually(SOON, "they are handled", || async { running.report()[0].handled == 3 }).await;
    assert_eq!(said(&server, &["dlq", "list", of[0], of[1]]).await, "");
    running.shutdown().await;
}

/// A sequence is one condition among others: one of which another does not hold is left alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn letters_by_their_sequences_are_those_that_are_asked_for() {
    let server = Server::start().await;
    let bus = Bus::connect(server.url()).await.unwrap();
    let (running, mended) = shop(&bus, 6).await;
    let listed = told(&server, &["dlq", "list", "--registry", "shop"]).await;
    let all: Vec<String> = listed.iter().map(|letter| letter["sequence"].to_string()).collect();
    let run = async |command: &[&str], sequences: &[String]| {
        let sequences = sequences.iter().map(String::as_str);
        let arguments: Vec<&str> =
            ["dlq"].into_iter().chain(command.iter().copied()).chain(sequences).collect();
        told(&server, &arguments).await.remove(0)
    };
    let of = ["--registry", "shop"];
    // Those of `eu` are the second, the fourth and the sixth.
    let eu = ["purge", of[0], of[1], "--subject", "orders.eu.>"];
    assert_eq!(run(&[&eu[..], &["--dry-run"]].concat(), &all[..4]).await["purged"], 2);
    assert_eq!(run(&eu, &all[..1]).await["purged"], 0);
    assert_eq!(run(&eu, &all[..3]).await["purged"], 1);
    let other = ["purge", of[0], of[1], "--consumer", "nobody", "--reason", "attempts"];
    assert_eq!(run(&other, &all[2..]).await["purged"], 0);
    mended.store(true, Ordering::SeqCst);
    // Of four that are asked for, the two oldest.
    let some = ["redrive", of[0], of[1], "--reason", "rejected", "--limit", "2"];
    let asked: Vec<String> = [5, 3, 2, 4].iter().map(|place| all[*place].clone()).collect();
    assert_eq!(run(&some, &asked).await["redriven"], 2);
    let left = told(&server, &["dlq", "list", of[0], of[1]]).await;
    let left: Vec<String> = left.iter().map(|letter| letter["sequence"].to_string()).collect();
    assert_eq!(left, [all[0].clone(), all[4].clone(), all[5].clone()]);
    let wrong = ["dlq", "purge", of[0], of[1], &all[0], "--subject", "orders..x"];
    assert_eq!(refused(&server, &wrong).await.0, Some(1));
    running.shutdown().await;
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_are_planned_and_applied() {
    let server = Server::start().await;
    let folder = tempfile(&server);
    let schemas = folder.to_str().unwrap();
    let write = |config: &StreamConfig| {
        fs::write(folder.join(format!("{}.stream.json", config.name)), config.to_json()).unwrap();
    };
    let plan = ["stream", "plan", "--schemas", schemas];
    let apply = ["stream", "apply", "--schemas", schemas];
    assert_eq!(refused(&server, &plan).await.0, Some(2), "an empty folder");

    let mut orders = StreamConfig::new("ORDERS", ["orders.>"]);
    write(&orders);
    write(&StreamConfig::new("STOCK", ["stock.>"]));
    let output = tidings(&server, &plan).await;
    assert_eq!(output.status.code(), Some(3));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("stream ORDERS: create") && text.contains("stream STOCK"), "{text}");
    let only = told(&server, &["stream", "apply", "--schemas", schemas, "ORDERS"]).await;
    assert_eq!((only.len(), &only[0]["action"]), (1, &"create".into()));
    said(&server, &apply).await;
    assert_eq!(tidings(&server, &plan).await.status.code(), Some(0));

    // What loses messages is made only where that is said.
    orders.max_messages = Some(10);
    write(&orders);
    assert_eq!(tidings(&server, &plan).await.status.code(), Some(3));
    let output = tidings(&server, &apply).await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let dry = [&apply[..], &["--allow-data-loss", "--dry-run"]].concat();
    assert!(said(&server, &dry).await.contains("max_msgs"));
    assert_eq!(tidings(&server, &plan).await.status.code(), Some(3));
    said(&server, &[&apply[..], &["--allow-data-loss"]].concat()).await;
    assert_eq!(tidings(&server, &plan).await.status.code(), Some(0));
    fs::remove_dir_all(&folder).unwrap();
}

/// What a terminal would act on: C0, DEL and C1 controls, a line end, a change of direction, and a
/// text that is not seen.
const HOSTILE: &str = "x\u{1b}[2J\u{7f}\u{9b}31m\r\n\u{202e}\u{2066}\u{200b}\u{2028}y";

/// Whether none of it is there but line ends.
fn is_harmless(text: &str) -> bool {
    let acts = |char: char| {
        HOSTILE.contains(char)
            && !matches!(char, 'x' | 'y' | '[' | '2' | 'J' | '3' | '1' | 'm' | '\n')
    };
    !text.chars().any(acts)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_terminal_acts_on_nothing_that_others_wrote() {
    let server = Server::start().await;
    let client = server.client().await;
    let jetstream = async_nats::jetstream::new(client);
    let letters = async_nats::jetstream::stream::Config {
        name: "letters".to_owned(),
        subjects: vec!["_dead_letters.letters.>".to_owned()],
        ..Default::default()
    };
    jetstream.create_stream(letters).await.unwrap();
    // A letter as nobody writes it who keeps to the contract; a header holds no line end.
    let hostile = HOSTILE.replace(['\r', '\n'], "");
    let subject = format!("_dead_letters.letters.ORDERS.shop.{}", hostile.replace('\u{2028}', ""));
    let mut headers = async_nats::HeaderMap::new();
    for name in ["Reason", "Error", "Subject", "Stream", "Consumer", "Original-Nats-Msg-Id"] {
        headers.insert(format!("Tidings-Dl-{name}").as_str(), hostile.as_str());
    }
    headers.insert("Tidings-Dl-Stored-At", "2026-01-01T00:00:00Z");
    headers.insert("tenant", hostile.as_str());
    let payload = format!(r#"{{"number": 12345678901234567890123, "a": "{HOSTILE}", "a": 2}}"#);
    let stored = jetstream.publish_with_headers(subject, headers, payload.into()).await.unwrap();
    stored.await.unwrap();

    let of = ["--in", "letters"];
    let mut seen = String::new();
    for format in ["text", "json"] {
        for command in [
            &["dlq", "list"][..],
            &["dlq", "show", "1"],
            &["dlq", "redrive", "1"],
            &["dlq", "redrive", "--yes", "--dry-run"],
            &["dlq", "purge", "--dry-run", "--subject", &hostile],
        ] {
            let arguments = [command, &of, &["--format", format]].concat();
            let output = tidings(&server, &arguments).await;
            for text in [output.stdout, output.stderr] {
                let text = String::from_utf8(text).unwrap();
                assert!(is_harmless(&text), "{arguments:?}: {text:?}");
                seen.push_str(&text);
            }
        }
    }
    // It was there, and was written out.
    assert!(seen.contains("\\u{9b}31m") && seen.contains("\\u009b31m"), "{seen}");
    // What was stored, with every digit and every key.
    let shown = said(&server, &["dlq", "show", "--in", "letters", "1"]).await;
    assert!(shown.contains("12345678901234567890123") && shown.contains("\"a\": 2"), "{shown}");

    let folder = tempfile(&server);
    let mut config = StreamConfig::new("ORDERS", ["orders.>"]);
    config.description = Some(HOSTILE.to_owned());
    config.metadata.insert(HOSTILE.to_owned(), HOSTILE.to_owned());
    let theirs = async_nats::jetstream::stream::Config {
        name: "ORDERS".to_owned(),
        subjects: vec!["orders.>".to_owned()],
        description: Some(format!("theirs {HOSTILE}")),
        ..Default::default()
    };
    jetstream.create_stream(theirs).await.unwrap();
    fs::write(folder.join("ORDERS.stream.json"), config.to_json()).unwrap();
    for format in ["text", "json"] {
        for command in ["plan", "apply"] {
            let folder = folder.to_str().unwrap();
            let arguments = ["stream", command, "--schemas", folder, "--format", format];
            let output = tidings(&server, &arguments).await;
            let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
            assert!(is_harmless(&text), "{arguments:?}: {text:?}");
        }
    }
    fs::remove_dir_all(&folder).unwrap();
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_from_elsewhere_is_read_with_care() {
    let server = Server::start().await;
    let folder = tempfile(&server);
    let schemas = folder.to_str().unwrap();
    let file = folder.join("ORDERS.stream.json");
    let outside = folder.join("outside.json");
    fs::write(&outside, StreamConfig::new("ORDERS", ["orders.>"]).to_json()).unwrap();
    let plan = async |why: &str| {
        let arguments = ["stream", "apply", "--schemas", schemas];
        let output = tokio::time::timeout(SOON, tidings(&server, &arguments)).await;
        let output = output.expect("it does not wait");
        let text = String::from_utf8(output.stderr).unwrap();
        assert_ne!(output.status.code(), Some(0));
        assert!(text.contains("ORDERS.stream.json") && text.contains(why), "{text}");
    };

    std::os::unix::fs::symlink(&outside, &file).unwrap();
    plan("plain file").await;
    fs::remove_file(&file).unwrap();
    assert!(Command::new("mkfifo").arg(&file).status().unwrap().success());
    plan("plain file").await;
    fs::remove_file(&file).unwrap();
    fs::File::create(&file).unwrap().set_len(5 * 1024 * 1024).unwrap();
    plan("larger than 4 MiB").await;
    for name in ["SHOP", "a.b", "../ORDERS"] {
        fs::write(&file, StreamConfig::new(name, ["orders.>"]).to_json()).unwrap();
        plan(name).await;
    }
    fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn letters_that_name_what_is_not_theirs_are_refused_and_the_rest_goes_back() {
    let server = Server::start().await;
    let bus = Bus::connect(server.url()).await.unwrap();
    let (running, mended) = shop(&bus, 1).await;
    mended.store(true, Ordering::SeqCst);
    let jetstream = async_nats::jetstream::new(server.client().await);
    let vault = async_nats::jetstream::stream::Config {
        name: "VAULT".to_owned(),
        subjects: vec!["vault.>".to_owned(), "$KV.vault.>".to_owned()],
        ..Default::default()
    };
    let mut vault = jetstream.create_stream(vault).await.unwrap();
    // Whoever may write letters names what others keep, and what the server does.
    for place in [
        "VAULT.shop.$KV.vault.key",
        "ORDERS.shop.vault.opened",
        "ORDERS.shop.$JS.API.STREAM.INFO.VAULT",
        "ORDERS.shop._INBOX.a.b",
        "NOWHERE.shop.orders.eu.created",
    ] {
        let subject = format!("_dead_letters.shop-dead-letters.{place}");
        jetstream.publish(subject, "{}".into()).await.unwrap().await.unwrap();
    }
    let mut heard = server.client().await.subscribe("_INBOX.a.>").await.unwrap();

    let of = ["--registry", "shop"];
    let begun = std::time::Instant::now();
    for (dry, said) in
        [(true, "1 would be put back, 5 would be refused"), (false, "1 put back, 5 failed")]
    {
        let flag = if dry { "--dry-run" } else { "--yes" };
        let output = tidings(&server, &["dlq", "redrive", of[0], of[1], flag]).await;
        assert_eq!(output.status.code(), Some(1));
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.starts_with(said), "{text}");
        for named in ["$KV.vault.key", "vault.opened", "$JS.API", "_INBOX.a.b", "NOWHERE"] {
            assert!(text.contains(named), "{named}: {text}");
        }
    }
    // What is no stream is not asked again and again.
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
    eventually(SOON, "it is handled", || async { running.report()[0].handled == 1 }).await;
    assert_eq!(vault.info().await.unwrap().state.messages, 0);
    let unheard = tokio::time::timeout(Duration::from_millis(100), heard.next()).await;
    assert!(unheard.is_err(), "{unheard:?}");
    assert_eq!(told(&server, &["dlq", "list", of[0], of[1]]).await.len(), 5);
    running.shutdown().await;
}

/// A folder of this test's own.
fn tempfile(server: &Server) -> std::path::PathBuf {
    let port = server.url().rsplit(':').next().unwrap().to_owned();
    let name = format!("schemas-{}-{port}", std::process::id());
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&folder).unwrap();
    folder
}
