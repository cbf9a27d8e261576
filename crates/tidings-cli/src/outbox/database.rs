//! The database to look at.

use clap::Args;
use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::SqlitePoolOptions;
use sqlx::{Pool, Postgres, Sqlite};
use std::time::Duration;

use crate::exit::Usage;

/// Longest time that the database may take to answer at first.
const CONNECTED_WITHIN: Duration = Duration::from_secs(10);

/// The database, by its URL.
#[derive(Debug, Args)]
pub(crate) struct DatabaseUrl {
    /// The database's URL: `postgres://…` or `sqlite://…`.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    database: Option<String>,
}

/// A database of either kind.
#[derive(Debug)]
pub(crate) enum AnyPool {
    Postgres(Pool<Postgres>),
    Sqlite(Pool<Sqlite>),
}

/// Does the same with the pool of either kind.
macro_rules! with_pool {
    ($any:expr, $pool:ident => $work:expr) => {
        match $any {
            $crate::outbox::database::AnyPool::Postgres($pool) => $work,
            $crate::outbox::database::AnyPool::Sqlite($pool) => $work,
        }
    };
}
pub(super) use with_pool;

impl DatabaseUrl {
    /// Connects. A file that is not there is not made.
    pub(crate) async fn open(&self) -> anyhow::Result<AnyPool> {
        let Some(url) = self.database.as_deref().filter(|url| !url.is_empty()) else {
            let text = "which database? Give `--database postgres://…`, or set DATABASE_URL";
            return Err(Usage(text.to_owned()).into());
        };
        // Nothing else of it is shown: it may hold a password.
        let scheme = url.split_once(':').map(|(scheme, _)| scheme);
        match scheme {
            Some("postgres" | "postgresql") => {
                let pool = PgPoolOptions::new().acquire_timeout(CONNECTED_WITHIN).connect(url);
                Ok(AnyPool::Postgres(pool.await.map_err(|error| opened(error, "no connection to the database"))?))
            }
            Some("sqlite") => {
                let pool = SqlitePoolOptions::new().acquire_timeout(CONNECTED_WITHIN).connect(url);
                Ok(AnyPool::Sqlite(pool.await.map_err(|error| opened(error, "the database can't be opened"))?))
            }
            Some(other) => Err(Usage(format!(
                "an outbox is in `postgres://…` or `sqlite://…`, and this URL begins with `{other}:`"
            ))
            .into()),
            None => Err(Usage("the database is no URL: `postgres://…` or `sqlite://…`".into()).into()),
        }
    }
}

/// Tells why a database can't be had; of a URL that can't be read how one is written.
fn opened(error: sqlx::Error, what: &'static str) -> anyhow::Error {
    match error {
        sqlx::Error::Configuration(error) => Usage(format!(
            "the database's URL can't be read: {error}; in a user or a password, what is neither a letter nor a digit is \
             percent-encoded, such as `/` as `%2F` and `@` as `%40`"
        ))
        .into(),
        error => anyhow::Error::from(error).context(what),
    }
}
