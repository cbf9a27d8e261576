//! Tables that are missing, or not those that this version knows.

use sqlx::{Executor, Pool};
use tidings::prelude::*;
use tidings_sql::{Database, LayoutError, Outbox};

use crate::event::{Env, each_database};

each_database! {
    tables_of_another_layout_are_refused_at_the_start,
    tables_are_made_once_by_many_programs,
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
    assert!(matches!(error, LayoutError::Newer { found: 99, known: 1, .. }), "{error:?}");
    let error = tidings_sql::migrate(pool).await.expect_err("nobody goes back");
    assert!(matches!(error, LayoutError::Newer { .. }), "{error:?}");

    pool.execute("UPDATE tidings_layout SET version = 1 WHERE part = 'outbox'").await.unwrap();
    pool.execute("ALTER TABLE tidings_outbox RENAME COLUMN reason TO why").await.unwrap();
    let error = refused(bus, pool).await;
    assert!(matches!(error, LayoutError::Different { version: 1, .. }), "{error:?}");

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
