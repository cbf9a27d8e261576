//! Sorting the rows that were read: those to be sent, and those that are stored, parked or wait.

use std::collections::{HashMap, HashSet};

use tidings::ListError;
use tokio::time::Instant;

use super::{RoundError, Worker};
use crate::database::{Database, Session, SessionOf};
use crate::relay::publish::Outbound;
use crate::row::QueuedRow;

impl<Db: Database> Worker<Db> {
    /// Takes out what is not to be sent: what waits behind a parked row, can't be read, or is stored already.
    pub(super) async fn sort(
        &mut self,
        session: &mut SessionOf<Db>,
        rows: Vec<QueuedRow>,
        read: Instant,
        done: &mut Vec<i64>,
    ) -> Result<Vec<Outbound>, RoundError> {
        let mut outbound = Vec::with_capacity(rows.len());
        let mut behind: Vec<(i64, i64)> = Vec::new();
        let mut unreadable: Vec<(String, i64)> = Vec::new();
        // Streams that may not be looked at, with the reason, and the keys that wait for that.
        let mut denied: HashMap<String, String> = HashMap::new();
        let mut waiting: HashSet<String> = HashSet::new();
        for mut row in rows {
            if waiting.contains(&row.key) {
                continue;
            }
            let first = unreadable.iter().find(|(key, _)| *key == row.key).map(|(_, id)| *id);
            if let Some(first) = row.behind.or(first) {
                behind.push((row.id, first));
                continue;
            }
            let record = match row.record() {
                Ok(record) => record,
                Err(error) => {
                    self.park(session, row.id, &error.to_string()).await?;
                    unreadable.push((row.key, row.id));
                    continue;
                }
            };
            let age = row.age.map(|age| age.saturating_add(read.elapsed()));
            let id = record.message_id().unwrap_or_default();
            let looked = match denied.get(&row.stream) {
                Some(reason) => Err(reason.clone()),
                None => match self.looks.is_stored(self.outbox.bus(), &row.stream, id, age).await {
                    Err(error @ ListError::Denied(_)) => {
                        let reason = format!("`{}` can't be looked at: {error}", row.stream);
                        denied.insert(row.stream, reason.clone());
                        Err(reason)
                    }
                    looked => Ok(looked?),
                },
            };
            match looked {
                Ok(true) => done.push(row.id),
                Ok(false) => outbound.push(Outbound { row: row.id, key: row.key, record }),
                Err(reason) => {
                    self.refuse(session, row.id, &row.key, reason).await?;
                    waiting.insert(row.key);
                }
            }
        }
        if !behind.is_empty() {
            session.park_behind(&behind).await?;
            self.state.change().parked += behind.len() as u64;
        }
        Ok(outbound)
    }

    pub(super) async fn park(
        &self,
        session: &mut SessionOf<Db>,
        row: i64,
        reason: &str,
    ) -> sqlx::Result<()> {
        tracing::error!(row, reason, "an event of the outbox can't be published: it is parked");
        session.park(row, reason).await?;
        self.state.change().parked += 1;
        Ok(())
    }
}
