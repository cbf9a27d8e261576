//! `tidings outbox`: an outbox from a shell, in either database.

use std::process::Stdio;

use serde_json::Value;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{PgPool, Pool};
use tidings::prelude::*;
use tidings_sql::{Database, Outbox, ParkedFilter};
use tidings_tests::{Postgres, Server, eventually, signal};

use super::{SOON, refused, said, told};

/// An event of a stream that nobody has made.
#[derive(EventStream)]
#[stream(name = "NOWHERE", subjects("nowhere.>"))]
struct Nowhere;

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "nowhere.told", stream = Nowhere)]
struct Told {
    #[event(id)]
    number: u64,
}

/// Writes so many events that can't be published, under one key, and has a relay try.
async fn park<Db: Database>(server: &Server, pool: &Pool<Db>, count: u64) -> Outbox<Db> {
    let bus = Bus::connect(server.url()).await.unwrap();
    let outbox = Outbox::open(&bus, pool).await.unwrap();
    let mut tx = outbox.begin().await.unwrap();
    for number in 1..=count {
        outbox.publish(&mut tx, &Told { number }).key("seven").await.unwrap();
    }
    tx.commit().await.unwrap();
    let relay = outbox.relay().attempts(1).start();
    eventually(SOON, "they are parked", || async {
        let status = outbox.status().await.unwrap();
        if status.parked == count { Ok(()) } else { Err(status) }
    })
    .await;
    relay.shutdown().await;
    outbox
}

/// The whole of a shell's session.
async fn session<Db: Database>(server: &Server, pool: &Pool<Db>, url: &str) {
    tidings_sql::migrate(pool).await.unwrap();
    let run = async |words: &[&str]| {
        let words = [&["outbox"], words, &["--database", url]].concat();
        said(server, &words).await
    };
    let empty = run(&["status"]).await;
    assert!(empty.starts_with("0 to be published\n0 parked\n"), "{empty}");

    let outbox = park(server, pool, 3).await;
    let text = run(&["parked"]).await;
    assert_eq!(text.lines().count(), 3, "{text}");
    assert!(text.contains("NOWHERE") && text.contains("  seven  "), "{text}");
    let listed = told(server, &["outbox", "parked", "--database", url]).await;
    let first = listed[0]["row"].to_string();
    assert!(listed[0]["reason"].as_str().unwrap().contains("NOWHERE"), "{listed:?}");
    assert_eq!((&listed[1]["behind"], &listed[1]["reason"]), (&listed[0]["row"], &Value::Null));
    let status = told(server, &["outbox", "status", "--database", url]).await;
    assert_eq!((&status[0]["pending"], &status[0]["parked"]), (&0.into(), &3.into()));

    for (words, whom) in [
        (["retry", "--row", "999999"], "row 999999"),
        (["purge", "--row", "999999"], "row 999999"),
        (["retry", "--event-key", "eight"], "key \"eight\""),
        (["purge", "--event-key", "eight"], "key \"eight\""),
    ] {
        let words = [&["outbox"], &words[..], &["--database", url]].concat();
        let (code, text) = refused(server, &words).await;
        assert_eq!(code, Some(1), "{text}");
        assert!(text.contains(whom) && text.contains("`tidings outbox parked`"), "{text}");
    }
    assert_eq!(run(&["purge", "--row", &first]).await, "1 removed\n");
    // The other two go on, to where there is a stream now.
    let bus = Bus::connect(server.url()).await.unwrap();
    bus.provision::<Nowhere>().await.unwrap();
    outbox.retry(&ParkedFilter::All).await.unwrap();
    let mut relay = std::process::Command::new(env!("CARGO_BIN_EXE_tidings"))
        .args(["outbox", "relay", "--database", url, "--server", &server.url()])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let stream = bus.stream::<Nowhere>();
    eventually(SOON, "they are published", || async {
        stream.state().await.is_ok_and(|state| state.messages == 2)
    })
    .await;
    eventually(SOON, "nothing is left", || async {
        outbox.status().await.is_ok_and(|status| status.pending == 0)
    })
    .await;
    signal("TERM", relay.id());
    let ended = tokio::task::spawn_blocking(move || {
        let status = relay.wait().unwrap();
        (status.code(), std::io::read_to_string(relay.stdout.take().unwrap()).unwrap())
    });
    assert_eq!(ended.await.unwrap(), (Some(0), "2 published, 0 parked\n".to_owned()));

    stream.delete().await.unwrap();
    park(server, pool, 2).await;
    assert_eq!(run(&["retry", "--event-key", "seven"]).await, "2 will be published again\n");
    let (code, text) = refused(server, &["outbox", "purge", "--all", "--database", url]).await;
    assert_eq!(code, Some(2));
    assert!(text.contains("--yes"), "{text}");
    assert_eq!(run(&["purge", "--sent-before", "1h"]).await, "0 removed\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outbox_in_sqlite_is_looked_after() {
    let server = Server::start().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("shop.db");
    let options = SqliteConnectOptions::new().filename(&file).create_if_missing(true);
    let pool = SqlitePoolOptions::new().max_connections(2).connect_with(options).await.unwrap();
    session(&server, &pool, &format!("sqlite://{}", file.display())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outbox_in_postgres_is_looked_after() {
    let (server, database) = tokio::join!(Server::start(), Postgres::start());
    let pool = PgPool::connect(&database.url()).await.unwrap();
    session(&server, &pool, &database.url()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_without_an_outbox_is_told_with_the_way_out() {
    let server = Server::without_jetstream().await;
    let database = Postgres::start().await;
    let status = async |url: &str| refused(&server, &["outbox", "status", "--database", url]).await;
    let (code, text) = status(&database.url()).await;
    assert_eq!(code, Some(1));
    assert!(text.contains("20261129000001_tidings_outbox") && text.contains("migrate"), "{text}");
    let (code, text) = status("mysql://root:secret@localhost/shop").await;
    assert_eq!(code, Some(2));
    assert!(text.contains("postgres://") && text.contains("mysql"), "{text}");
    assert!(!text.contains("secret"), "{text}");
    let (code, text) = status("postgres://root:secret@127.0.0.1:1/shop").await;
    assert_eq!(code, Some(1));
    assert!(text.contains("no connection to the database") && !text.contains("secret"), "{text}");
    for url in [
        "postgres://shop:s3/cret@127.0.0.1/shop",
        "postgres://shop:s3cret@127.0.0.1:99999/shop",
        "postgres://shop:s3cret@[::1/shop",
        "postgres://shop:s3cret@127.0.0.1/shop?sslmode=bogus",
    ] {
        let (code, text) = status(url).await;
        assert_eq!(code, Some(2), "{url}: {text}");
        assert!(text.contains("percent-encoded") && !text.contains("cret"), "{url}: {text}");
    }
    for url in ["postgres://shop:s3cret@nowhere.invalid/shop", "shop:s3cret@host/shop", "s3cret"] {
        let (code, text) = status(url).await;
        assert!(matches!(code, Some(1 | 2)) && !text.contains("s3cret"), "{url}: {text}");
    }
    let (code, text) = status("sqlite:///nowhere/at/all.db").await;
    assert_eq!(code, Some(1));
    assert!(text.contains("can't be opened"), "{text}");
    let (code, text) = refused(&server, &["outbox", "status"]).await;
    assert_eq!(code, Some(2));
    assert!(text.contains("DATABASE_URL"), "{text}");
    let (code, _) = refused(&server, &["outbox", "retry", "--database", &database.url()]).await;
    assert_eq!(code, Some(2));
}
