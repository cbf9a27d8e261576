//! The database's password is told to nobody: not in any log at `trace`, not by `Debug`, not by an error.

use std::fmt::Write as _;

use sqlx::postgres::PgPoolOptions;
use tidings::prelude::*;
use tidings_sql::{Inbox, Outbox, OutboxTable};
use tidings_tests::{Log, Postgres, eventually};
use tracing_subscriber::filter::LevelFilter;

use crate::event::{Orders, SOON, order};

async fn work() -> String {
    let mut postgres = Postgres::start().await;
    let url = postgres.url().replace("postgres@", "postgres:s3cret@");
    // Without its database the pool says so soon.
    let options = PgPoolOptions::new().acquire_timeout(Duration::from_secs(5));
    let pool = options.connect(&url).await.unwrap();
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
    let (log, _kept) = Log::keep(LevelFilter::TRACE);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let said = runtime.block_on(work());
    let log = log.text();
    assert!(log.contains("sqlx") && log.contains("begins again"), "the log is kept: {log}");
    let told = said.lines().chain(log.lines()).find(|line| line.contains("s3cret"));
    assert!(told.is_none(), "{told:?}");
}
