//! Tables that are missing, or not those that this version knows.

use sqlx::{Executor, Pool};
use tidings::prelude::*;
use tidings_sql::{Database, Inbox, LayoutError, Outbox};

use crate::event::{Env, each_database, order};
#[cfg(feature = "postgres")]
use crate::event::{Orders, SOON};
#[cfg(feature = "postgres")]
use tidings_tests::eventually;

each_database! {
    tables_of_another_layout_are_refused_at_the_start,
    tables_are_made_once_by_many_programs,
    a_program_that_runs_goes_on_while_a_newer_one_migrates,
    sqlx_makes_the_tables_of_its_folder,
}

async fn refused<Db: Database>(bus: &Bus, pool: &Pool<Db>) -> LayoutError {
    Outbox::open(bus, pool).await.map(|_| ()).expect_err("it is refused")
}

async fn tables_of_another_layout_are_refused_at_the_start<Db>(env: Env<Db>)
where
    Db: Database,
    for<'p> &'p Pool<Db>: Executor<'p, Database = Db>,
{
    let Env { bus, pool, .. } = &env;
    pool.execute("UPDATE tidings_layout SET version = 99 WHERE part = 'outbox'").await.unwrap();
    let error = refused(bus, pool).await;
    let LayoutError::Newer { part: "outbox", found: 99, known, .. } = error else {
        panic!("{error:?}")
    };
    let error = tidings_sql::migrate(pool).await.expect_err("nobody goes back");
    assert!(matches!(error, LayoutError::Newer { .. }), "{error:?}");

    let known = format!("UPDATE tidings_layout SET version = {known} WHERE part = 'outbox'");
    pool.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(known))).await.unwrap();
    pool.execute("ALTER TABLE tidings_outbox RENAME COLUMN reason TO why").await.unwrap();
    let error = refused(bus, pool).await;
    assert!(matches!(error, LayoutError::Different { part: "outbox", .. }), "{error:?}");

    pool.execute("DROP TABLE tidings_outbox").await.unwrap();
    pool.execute("DELETE FROM tidings_layout WHERE part = 'outbox'").await.unwrap();
    let error = refused(bus, pool).await;
    assert!(error.to_string().contains("20261129000001_tidings_outbox"), "{error}");
    pool.execute("DROP TABLE tidings_layout").await.unwrap();
    let error = refused(bus, pool).await;
    assert!(matches!(error, LayoutError::Missing { part: "outbox", .. }), "{error:?}");
}

async fn tables_are_made_once_by_many_programs<Db: Database>(env: Env<Db>) {
    let pool = &env.pool;
    let made = (0..4).map(|_| tidings_sql::migrate(pool));
    for made in futures_util::future::join_all(made).await {
        made.unwrap();
    }
    env.outbox().await;
}

async fn a_program_that_runs_goes_on_while_a_newer_one_migrates<Db>(env: Env<Db>)
where
    Db: Database,
    for<'p> &'p Pool<Db>: Executor<'p, Database = Db>,
{
    let outbox = env.outbox().await;
    let relay = outbox.relay().start();
    env.pool.execute("UPDATE tidings_layout SET version = 99 WHERE part = 'outbox'").await.unwrap();
    refused(&env.bus, &env.pool).await;
    let mut tx = outbox.begin().await.unwrap();
    outbox.publish(&mut tx, &order(1)).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(env.stored(1).await, [1]);
    assert_eq!(relay.shutdown().await.error, None);
}

/// Migration by `sqlx migrate run`, which reads the folder in which the files are shipped.
async fn sqlx_makes_the_tables_of_its_folder<Db>(env: Env<Db>)
where
    Db: Database,
    Db::Connection: sqlx::migrate::Migrate,
    for<'p> &'p Pool<Db>: Executor<'p, Database = Db>,
{
    let Env { bus, pool, .. } = &env;
    for table in ["outbox", "inbox", "layout"] {
        let drop = format!("DROP TABLE tidings_{table}");
        pool.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(drop))).await.unwrap();
    }
    let folder = if Db::NAME == "SQLite" {
        pool.execute("DROP TABLE tidings_outbox_relay").await.unwrap();
        "sqlite"
    } else {
        pool.execute("DROP FUNCTION tidings_outbox_place, tidings_outbox_place_all").await.unwrap();
        "postgres"
    };
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(folder);
    let migrations = sqlx::migrate::Migrator::new(folder).await.unwrap();
    for _ in 0..2 {
        let mut connection = pool.acquire().await.unwrap();
        migrations.run_direct(None, &mut *connection, false).await.unwrap();
        drop(connection);
        // Whoever migrates by call beside finds nothing left to do.
        tidings_sql::migrate(pool).await.unwrap();
    }
    let outbox = Outbox::open(bus, pool).await.unwrap();
    let relay = outbox.relay().start();
    let mut tx = outbox.begin().await.unwrap();
    outbox.publish(&mut tx, &order(1)).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(env.stored(1).await, [1]);
    relay.shutdown().await;
    Inbox::open(pool).await.unwrap();
}

/// A database as a program left it that knew the first migrations only.
#[cfg(feature = "postgres")]
#[tokio::test]
async fn an_older_layout_is_refused_with_the_migration_that_is_missing_and_goes_on_from_there() {
    let server = tidings_tests::Postgres::start().await;
    let pool = sqlx::PgPool::connect(&server.url()).await.unwrap();
    let first = [
        include_str!("../../migrations/postgres/20261129000001_tidings_outbox.sql"),
        include_str!("../../migrations/postgres/20261129000002_tidings_inbox.sql"),
    ];
    for migration in first {
        pool.execute(sqlx::raw_sql(migration)).await.unwrap();
    }
    let bus = Bus::in_memory();
    bus.provision::<Orders>().await.unwrap();
    let error = refused(&bus, &pool).await;
    assert!(matches!(error, LayoutError::Older { found: 1, known: 2, .. }), "{error:?}");
    assert!(error.to_string().contains("20261129000003_tidings_outbox_place"), "{error}");
    // What was written by then is published all the same, and what is written while it is migrated.
    let mut open = pool.begin().await.unwrap();
    let write = "INSERT INTO tidings_outbox (slot, key, stream, subject, message_id, headers, payload) \
        VALUES (1, 'k', 'ORDERS', 'orders.eu.created', 'one', '[[\"Nats-Msg-Id\",\"one\"]]', '{}')";
    pool.execute(write).await.unwrap();
    let write_beside = write.replace("one", "two");
    open.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(write_beside))).await.unwrap();
    let migrating = tokio::spawn({
        let pool = pool.clone();
        async move { tidings_sql::migrate(&pool).await }
    });
    eventually(SOON, "it waits for who writes", async || {
        let waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted";
        sqlx::query_scalar::<_, i64>(waiting).fetch_one(&pool).await.unwrap() > 0
    })
    .await;
    open.commit().await.unwrap();
    migrating.await.unwrap().unwrap();
    let outbox = Outbox::open(&bus, &pool).await.unwrap();
    let mut tx = outbox.begin().await.unwrap();
    outbox.publish(&mut tx, &order(2)).await.unwrap();
    tx.commit().await.unwrap();
    let relay = outbox.relay().start();
    eventually(SOON, "all are stored", async || {
        bus.stream::<Orders>().state().await.unwrap().messages == 3
    })
    .await;
    relay.shutdown().await;
}

/// A pool that has this schema alone in its search path, and the tables there.
#[cfg(feature = "postgres")]
async fn in_schema(url: &str, schema: &str) -> sqlx::PgPool {
    let quoted = format!("\"{}\"", schema.replace('"', "\"\""));
    let options = sqlx::postgres::PgPoolOptions::new().after_connect(move |connection, _| {
        let path = sqlx::query("SELECT set_config('search_path', $1, false)").bind(quoted.clone());
        Box::pin(async move { path.execute(connection).await.map(drop) })
    });
    let pool = options.connect(url).await.unwrap();
    let create = format!("CREATE SCHEMA \"{}\"", schema.replace('"', "\"\""));
    pool.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(create))).await.unwrap();
    tidings_sql::migrate(&pool).await.unwrap();
    pool
}

#[cfg(feature = "postgres")]
#[tokio::test]
async fn an_outbox_stands_in_a_schema_of_any_name() {
    let server = tidings_tests::Postgres::start().await;
    let bus = Bus::in_memory();
    bus.provision::<Orders>().await.unwrap();
    let names = ["My Shop", "o'hara", "a\"b", "$$", "%s.%1$s", "\u{fc}\\"];
    for (number, schema) in (1..).zip(names) {
        let pool = in_schema(&server.url(), schema).await;
        let outbox = Outbox::open(&bus, &pool).await.unwrap();
        let relay = outbox.relay().start();
        let mut tx = outbox.begin().await.unwrap();
        outbox.publish(&mut tx, &order(number)).await.unwrap();
        tx.commit().await.unwrap();
        eventually(SOON, schema, async || {
            bus.stream::<Orders>().state().await.unwrap().messages == number.unsigned_abs()
        })
        .await;
        relay.shutdown().await;
        Inbox::open(&pool).await.unwrap();
    }
}

/// As a shop might that has a schema for each of its customers.
#[cfg(feature = "postgres")]
#[tokio::test]
async fn one_transaction_writes_to_the_outboxes_of_two_schemas() {
    let server = tidings_tests::Postgres::start().await;
    let bus = Bus::in_memory();
    bus.provision::<Orders>().await.unwrap();
    let (one, other) =
        (in_schema(&server.url(), "one").await, in_schema(&server.url(), "other").await);
    let first = Outbox::open(&bus, &one).await.unwrap();
    let second = Outbox::open(&bus, &other).await.unwrap();
    let relays = [first.relay().start(), second.relay().start()];
    let mut tx = first.begin().await.unwrap();
    first.publish_all(&mut tx, [order(1), order(2), order(3)]).await.unwrap();
    tx.execute("SET LOCAL search_path TO other").await.unwrap();
    second.publish(&mut tx, &order(4)).await.unwrap();
    tx.commit().await.unwrap();
    eventually(SOON, "all are stored", async || {
        bus.stream::<Orders>().state().await.unwrap().messages == 4
    })
    .await;
    for relay in relays {
        relay.shutdown().await;
    }
}
