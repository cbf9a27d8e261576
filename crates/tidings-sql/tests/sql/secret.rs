//! The database's password is told to nobody: not in any log at `trace`, not by `Debug`, not by an error.

use std::fmt::Write as _;
use std::io;
use std::sync::{Arc, LazyLock, Mutex};

use sqlx::PgPool;
use tidings::prelude::*;
use tidings_sql::{Inbox, Outbox, OutboxTable};
use tidings_tests::{Postgres, eventually};
use tracing_subscriber::filter::LevelFilter;

use crate::event::{Orders, SOON, order};

/// All that is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A second one, that hears nothing. While there is one alone, whether somebody listens at a place of the code is decided
/// for all by the thread that comes there first.
static DEAF: LazyLock<tracing::Dispatch> =
    LazyLock::new(|| tracing::Dispatch::new(tracing::subscriber::NoSubscriber::default()));

async fn work() -> String {
    let mut postgres = Postgres::start().await;
    let url = postgres.url().replace("postgres@", "postgres:s3cret@");
    let pool = PgPool::connect(&url).await.unwrap();
    tidings_sql::migrate(&pool).await.unwrap();
    let bus = Bus::in_memory();
    bus.provision::<Orders>().await.unwrap();
    let outbox = Outbox::open(&bus, &pool).await.unwrap();
    let (table, inbox) =
        (OutboxTable::open(&pool).await.unwrap(), Inbox::open(&pool).await.unwrap());
    let relay = outbox.relay();
    let mut said = format!("{outbox:?} {table:?} {inbox:?} {relay:?}");
    let relay = relay.start();
    let mut tx = outbox.begin().await.unwrap();
    let enqueue = outbox.publish(&mut tx, &order(1));
    write!(said, "{enqueue:?} {relay:?}").unwrap();
    enqueue.await.unwrap();
    tx.commit().await.unwrap();
    eventually(SOON, "it is sent", async || outbox.status().await.unwrap().pending == 0).await;
    postgres.kill();
    let missed = eventually(SOON, "it misses its database", async || relay.status().error);
    write!(said, "{} {relay:?}", missed.await).unwrap();
    let error = outbox.status().await.unwrap_err();
    write!(said, "{error} {error:?}").unwrap();
    let error = tidings_sql::migrate(&pool).await.unwrap_err();
    write!(said, "{error} {error:?}").unwrap();
    relay.shutdown().await;
    said
}

#[test]
fn no_log_error_or_debug_text_has_the_password_of_the_database() {
    LazyLock::force(&DEAF);
    let log = Log::default();
    let into = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_ansi(false)
        .with_writer(move || into.clone())
        .finish();
    let said = tracing::subscriber::with_default(subscriber, || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(work())
    });
    let log = String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned();
    assert!(log.contains("sqlx") && log.contains("begins again"), "the log is kept: {log}");
    let told = said.lines().chain(log.lines()).find(|line| line.contains("s3cret"));
    assert!(told.is_none(), "{told:?}");
}
