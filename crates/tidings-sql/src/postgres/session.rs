//! A relay's connections: one that reads and writes rows, one that hears of commits.

use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgListener, PgRow};
use sqlx::{Connection as _, Executor as _, PgConnection, PgPool, Postgres, Row as _};

use super::statement;
use crate::database::{Session, Share};
use crate::row::{Cursor, QueuedRow};

/// Channel on which commits are told.
const CHANNEL: &str = "tidings_outbox";

/// A relay's connections.
#[derive(Debug)]
pub struct PostgresSession {
    connection: PgConnection,
    listener: PgListener,
    /// Number by which others know that this relay is at work.
    relay: i32,
}

impl PostgresSession {
    pub(super) async fn open(pool: &PgPool) -> sqlx::Result<Self> {
        let mut listener = PgListener::connect_with(pool).await?;
        // A lost connection is told: then everything is begun again.
        listener.eager_reconnect(false);
        listener.listen(CHANNEL).await?;
        let connection: PoolConnection<Postgres> = pool.acquire().await?;
        let mut connection = connection.detach();
        // What is lost of its writes in a crash is sent again, and known again by its id.
        connection.execute("SET synchronous_commit TO off").await?;
        let relay = loop {
            let relay = i32::from_ne_bytes(random());
            let join = sqlx::query_scalar(statement::JOIN).bind(relay);
            if join.fetch_one(&mut connection).await? {
                break relay;
            }
        };
        Ok(Self { connection, listener, relay })
    }
}

/// Four random bytes.
fn random() -> [u8; 4] {
    let [a, b, c, d, ..] = *uuid::Uuid::new_v4().as_bytes();
    [a, b, c, d]
}

impl Session for PostgresSession {
    async fn share(&mut self) -> sqlx::Result<Share> {
        let relays = sqlx::query_scalar(statement::RELAYS).fetch_all(&mut self.connection).await?;
        let own = i64::from(self.relay.cast_unsigned());
        let place = relays.iter().position(|relay: &i64| *relay == own);
        // Its own lock is gone only with its connection.
        let place = place.ok_or(sqlx::Error::WorkerCrashed)?;
        let of = |count: usize| i16::try_from(count).unwrap_or(i16::MAX);
        Ok(Share { place: of(place), relays: of(relays.len()) })
    }

    async fn next(
        &mut self,
        share: Share,
        after: Cursor,
        without: &[String],
        limit: i64,
    ) -> sqlx::Result<Vec<QueuedRow>> {
        let next = sqlx::query(statement::NEXT)
            .bind(after.position)
            .bind(after.id)
            .bind(share.relays)
            .bind(share.place)
            .bind(without)
            .bind(limit);
        let rows = next.fetch_all(&mut self.connection).await?;
        rows.iter().map(queued).collect()
    }

    async fn finish(&mut self, rows: &[i64], keep: bool) -> sqlx::Result<()> {
        let statement = if keep { statement::MARK } else { statement::DELETE };
        sqlx::query(statement).bind(rows).execute(&mut self.connection).await.map(|_| ())
    }

    async fn park(&mut self, row: i64, reason: &str) -> sqlx::Result<()> {
        let park = sqlx::query(statement::PARK).bind(row).bind(reason);
        park.execute(&mut self.connection).await.map(|_| ())
    }

    async fn park_behind(&mut self, rows: &[(i64, i64)]) -> sqlx::Result<()> {
        let (ids, behind): (Vec<i64>, Vec<i64>) = rows.iter().copied().unzip();
        let park = sqlx::query(statement::PARK_BEHIND).bind(ids).bind(behind);
        park.execute(&mut self.connection).await.map(|_| ())
    }

    async fn wait(&mut self, most: Duration) -> sqlx::Result<bool> {
        match tokio::time::timeout(most, self.listener.try_recv()).await {
            // All that is there by now is one wake.
            Ok(Ok(Some(_))) => {
                while self.listener.next_buffered().is_some() {}
                Ok(true)
            }
            // Notifications of a lost connection are lost.
            Ok(Ok(None)) => Err(sqlx::Error::WorkerCrashed),
            Ok(Err(error)) => Err(error),
            Err(_) => Ok(false),
        }
    }

    async fn close(self) {
        // It ends with the socket anyway.
        let _ = self.connection.close().await;
    }
}

fn queued(row: &PgRow) -> sqlx::Result<QueuedRow> {
    let age: i64 = row.try_get(7)?;
    Ok(QueuedRow {
        id: row.try_get(0)?,
        position: row.try_get(1)?,
        key: row.try_get(2)?,
        stream: row.try_get(3)?,
        subject: row.try_get(4)?,
        headers: row.try_get(5)?,
        payload: row.try_get(6)?,
        age: Duration::from_millis(age.max(0).unsigned_abs()),
        behind: row.try_get(8)?,
    })
}
