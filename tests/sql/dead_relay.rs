//! A relay that is killed while it holds a part of the rows: another one sends them, and that soon.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test's own functions fail it"
)]

use std::process::Stdio;
use std::time::{Duration, Instant};

use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions};
use sqlx::{Pool, Postgres, Sqlite, query_scalar};
use tidings::prelude::*;
use tidings_sql::{Database, Outbox};
use tidings_tests::{Server, eventually};
use tokio::process::{Child, Command};

/// Time in which what has to happen happens, on a busy machine too.
const SOON: Duration = Duration::from_secs(30);
/// Number of keys, of which each relay has a part.
const KEYS: i64 = 64;
/// A port of loopback where nobody listens.
const NOWHERE: &str = "nats://127.0.0.1:1";

#[derive(EventStream)]
#[stream(name = "PARCELS", subjects("parcels.>"))]
struct Parcels;

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "parcels.sent", stream = Parcels)]
struct ParcelSent {
    #[event(id)]
    parcel: i64,
}

/// A relay in a process of its own, which reads and can publish nothing.
fn relay_that_holds(database: &str) -> Child {
    Command::new(env!("CARGO_BIN_EXE_sql-ordeal"))
        .args(["part", "relay", database, NOWHERE, "0"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("it starts")
}

/// Writes parcels of a key each, from this number on.
async fn write<Db: Database>(outbox: &Outbox<Db>, from: i64) {
    let mut tx = outbox.begin().await.unwrap();
    let parcels = (from..from + KEYS).map(|parcel| ParcelSent { parcel });
    outbox.publish_all_by(&mut tx, parcels, |sent| sent.parcel.to_string()).await.unwrap();
    tx.commit().await.unwrap();
    outbox.wake();
}

/// `at_work` says how many relays the database knows.
async fn what_a_killed_relay_held_is_sent_by_another<Db: Database>(
    pool: Pool<Db>,
    database: &str,
    at_work: impl AsyncFn(&Pool<Db>) -> i64,
) {
    let server = Server::start().await;
    let bus = Bus::connect(server.url()).await.unwrap();
    bus.provision::<Parcels>().await.unwrap();
    tidings_sql::migrate(&pool).await.unwrap();
    let outbox = Outbox::open(&bus, &pool).await.unwrap();

    let mut held = relay_that_holds(database);
    eventually(SOON, "it is at work", async || (at_work(&pool).await == 1).then_some(())).await;
    let other = outbox.relay().start();
    eventually(SOON, "both are at work", async || (at_work(&pool).await == 2).then_some(())).await;

    // What is left once one is done with its part is the other's.
    let mut written = 0;
    loop {
        write(&outbox, written).await;
        written += KEYS;
        let left = eventually(SOON, "a part is sent", async || {
            let pending = outbox.status().await.unwrap().pending;
            (pending < u64::try_from(KEYS).unwrap()).then_some(pending)
        });
        if left.await > 0 {
            break;
        }
    }
    held.kill().await.unwrap();
    let killed = Instant::now();
    eventually(SOON, "the other one sends it", async || {
        (outbox.status().await.unwrap().pending == 0).then_some(())
    })
    .await;
    eprintln!("{}: sent {:.2?} after the relay was killed", Db::NAME, killed.elapsed());
    let stored = bus.stream::<Parcels>().state().await.unwrap().messages;
    assert_eq!(stored, u64::try_from(written).unwrap());
    assert_eq!(other.shutdown().await.published, stored);
}

#[tokio::test]
async fn what_a_killed_relay_held_is_sent_by_another_in_postgres() {
    let postgres = tidings_tests::Postgres::start().await;
    let pool = PgPoolOptions::new().connect(&postgres.url()).await.unwrap();
    let locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' \
        AND classid = 'tidings_outbox'::regclass::oid AND mode = 'ExclusiveLock'";
    what_a_killed_relay_held_is_sent_by_another::<Postgres>(pool, &postgres.url(), async |pool| {
        query_scalar(locks).fetch_one(pool).await.unwrap()
    })
    .await;
}

#[tokio::test]
async fn what_a_killed_relay_held_is_sent_by_another_in_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("parcels.db");
    let options = SqliteConnectOptions::new()
        .filename(&file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .busy_timeout(SOON);
    let pool = SqlitePoolOptions::new().max_connections(4).connect_with(options).await.unwrap();
    let rows = "SELECT count(*) FROM tidings_outbox_relay";
    let file = file.display().to_string();
    what_a_killed_relay_held_is_sent_by_another::<Sqlite>(pool, &file, async |pool| {
        query_scalar(rows).fetch_one(pool).await.unwrap()
    })
    .await;
}
