//! Settling a batch: removing, parking or holding its rows by the outcome of each.

use std::collections::{HashMap, HashSet};

use tidings::PublishRecordError;

use super::Worker;
use crate::database::{Database, SessionOf};
use crate::relay::publish::Outcome;

impl<Db: Database> Worker<Db> {
    /// Deals with what became of a batch; says whether all went well.
    pub(super) async fn settle(
        &mut self,
        session: &mut SessionOf<Db>,
        outcomes: Vec<(i64, String, Outcome)>,
        done: &mut Vec<i64>,
    ) -> sqlx::Result<bool> {
        let mut failed: HashSet<String> = HashSet::new();
        let (mut duplicates, mut trouble, mut late) = (0, None, false);
        // Streams that are not there, as far as is known, and whether somebody says so.
        let mut missing: HashMap<String, bool> = HashMap::new();
        let before = done.len();
        for (row, key, outcome) in outcomes {
            let error = match outcome {
                Some(Ok(ack)) => {
                    duplicates += u64::from(ack.is_some_and(|ack| ack.duplicate));
                    if !failed.contains(&key) {
                        self.holds.release(&key);
                    }
                    done.push(row);
                    continue;
                }
                // The first of its key says why.
                _ if failed.contains(&key) => continue,
                Some(Err(error)) => error,
                // It is read and looked for again, before those behind it.
                None => {
                    late = true;
                    continue;
                }
            };
            let reason = error.to_string();
            if let PublishRecordError::NoStream { stream, .. } = &error
                && !self.is_answered(stream, &mut missing).await
            {
                trouble.get_or_insert(reason);
            } else if error.is_lasting() {
                self.refuse(session, row, &key, reason).await?;
            } else if error.is_of_record() {
                self.holds.refused(&key, row);
                self.fail(reason);
            } else {
                trouble.get_or_insert(reason);
            }
            failed.insert(key);
        }
        {
            let mut state = self.state.change();
            state.published += (done.len() - before) as u64;
            state.duplicates += duplicates;
            let is_well = failed.is_empty() || (trouble.is_none() && self.holds.is_empty());
            if is_well && !self.ended_early {
                state.error = None;
            }
        }
        if failed.is_empty() {
            self.idle.reset();
            return Ok(!late);
        }
        self.finish(session, done).await?;
        if let Some(reason) = trouble {
            tracing::warn!(reason, "the outbox's relay waits");
            self.fail(reason);
            let wait = self.trouble.lengthen();
            self.pause(wait).await;
        } else if self.holds.are_many() {
            self.pause(self.holds.next().unwrap_or_default()).await;
        }
        Ok(false)
    }

    /// Returns `true` if somebody answers for a stream. Where nobody does, JetStream itself is away, and not a stream.
    async fn is_answered(&mut self, stream: &str, known: &mut HashMap<String, bool>) -> bool {
        if let Some(known) = known.get(stream) {
            return *known;
        }
        let is_answered = self.looks.is_answered(self.outbox.bus(), stream).await;
        known.insert(stream.to_owned(), is_answered);
        is_answered
    }

    /// Holds the key of an event that can't be published for now, or parks the event once it was tried often enough.
    pub(super) async fn refuse(
        &mut self,
        session: &mut SessionOf<Db>,
        row: i64,
        key: &str,
        reason: String,
    ) -> sqlx::Result<()> {
        if self.holds.refused(key, row) >= self.options.attempts {
            self.park(session, row, &reason).await?;
            self.holds.release(key);
        } else {
            tracing::warn!(row, reason, "an event of the outbox is refused");
            self.fail(reason);
        }
        Ok(())
    }
}
