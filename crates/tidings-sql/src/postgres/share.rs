//! Relays of one outbox: each holds a lock that ends with its connection, and looks whether the one before it still does.

use std::time::Duration;

use sqlx::PgConnection;
use tokio::time::Instant;

use super::statement;
use crate::database::Share;

/// Interval at which it is tried whether the relay before this one is at work.
const PROBE: Duration = Duration::from_millis(100);
/// Interval at which all are counted, though none is missed and none has come.
const COUNT: Duration = Duration::from_secs(2);
/// Notification that relays have come or gone.
const RELAYS: &str = "relays";

/// Error of a relay whose lock is gone.
const NOT_ITS_OWN: &str = "the relay's lock is gone: it needs a connection for itself alone, and not one that a pooler gives to \
    others between its transactions";

/// Knowledge of the relays at work.
#[derive(Debug)]
pub(super) struct Sharing {
    /// Number by which others know that this relay is at work.
    own: i32,
    /// Number of the relay before this one, in a ring; `None` if it is alone.
    before: Option<i32>,
    share: Share,
    probed: Instant,
    counted: Instant,
    /// `true` if relays have come or gone.
    told: bool,
}

/// The next thing to be done about the other relays.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Round {
    Rest,
    Probe(i32),
    Count,
}

impl Sharing {
    pub(super) async fn join(connection: &mut PgConnection) -> sqlx::Result<Self> {
        let own = loop {
            let [a, b, c, d, ..] = *uuid::Uuid::new_v4().as_bytes();
            let own = i32::from_ne_bytes([a, b, c, d]);
            let join = sqlx::query_scalar(statement::JOIN).bind(own);
            if join.fetch_one(&mut *connection).await? {
                break own;
            }
        };
        let (now, share) = (Instant::now(), Share::of(0, 1));
        let mut sharing = Self { own, before: None, share, probed: now, counted: now, told: false };
        sharing.count(connection, true).await?;
        Ok(sharing)
    }

    pub(super) fn share(&self) -> Share {
        self.share
    }

    /// Takes in a notification.
    pub(super) fn hear(&mut self, payload: &str) {
        self.told |= payload == RELAYS;
    }

    pub(super) fn round(&mut self) -> Round {
        if self.told || self.counted.elapsed() >= COUNT {
            return Round::Count;
        }
        match self.before {
            Some(before) if self.probed.elapsed() >= PROBE => {
                self.probed = Instant::now();
                Round::Probe(before)
            }
            _ => Round::Rest,
        }
    }

    /// Time at which something is to be done about the others again.
    pub(super) fn next_round(&self) -> Instant {
        match self.before {
            Some(_) => (self.probed + PROBE).min(self.counted + COUNT),
            None => self.counted + COUNT,
        }
    }

    /// Counts all, and tells the others where it has noticed something that they may not know.
    pub(super) async fn count(
        &mut self,
        connection: &mut PgConnection,
        tells: bool,
    ) -> sqlx::Result<()> {
        self.told = false;
        let relays: Vec<i64> =
            sqlx::query_scalar(statement::RELAYS).fetch_all(&mut *connection).await?;
        let own = i64::from(self.own.cast_unsigned());
        let place = relays.iter().position(|relay| *relay == own);
        // Its own lock is gone only with its connection, or where somebody has put that back as it was.
        let place = place.ok_or_else(|| sqlx::Error::Protocol(NOT_ITS_OWN.to_owned()))?;
        let before = relays[..place].last().or(relays.last()).filter(|relay| **relay != own);
        self.before = before.and_then(|relay| u32::try_from(*relay).ok()).map(u32::cast_signed);
        self.share = Share::of(place, relays.len());
        (self.probed, self.counted) = (Instant::now(), Instant::now());
        if tells && self.before.is_some() {
            tell(connection).await?;
        }
        Ok(())
    }

    pub(super) async fn leave(self, connection: &mut PgConnection) -> sqlx::Result<()> {
        sqlx::query(statement::LEAVE).bind(self.own).fetch_one(&mut *connection).await?;
        tell(connection).await
    }
}

async fn tell(connection: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query(statement::TELL).bind(RELAYS).fetch_one(connection).await.map(drop)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use sqlx::PgPool;

    use super::*;

    #[tokio::test]
    async fn a_relay_whose_lock_is_gone_says_that_it_needs_a_connection_for_itself() {
        let server = tidings_tests::Postgres::start().await;
        let pool = PgPool::connect(&server.url()).await.unwrap();
        crate::migrate(&pool).await.unwrap();
        let mut connection = pool.acquire().await.unwrap();
        let mut sharing = Sharing::join(&mut connection).await.unwrap();
        assert_eq!(sharing.share(), Share { place: 0, relays: 1 });
        // As a pooler does that gives the connection to another one.
        sqlx::query("SELECT pg_advisory_unlock_all()").execute(&mut *connection).await.unwrap();
        let error = sharing.count(&mut connection, false).await.unwrap_err();
        assert!(error.to_string().contains("a pooler gives to others"), "{error}");
    }
}
