//! Settling a batch: removing, parking or holding its rows by the outcome of each.

use std::collections::HashSet;

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
            if error.is_lasting() {
                if self.holds.refused(&key, row) >= self.options.attempts {
                    self.park(session, row, &reason).await?;
                    self.holds.release(&key);
                } else {
                    tracing::warn!(row, reason, "an event of the outbox is refused");
                    self.fail(reason);
                }
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
            if failed.is_empty() || (trouble.is_none() && self.holds.is_empty()) {
                state.error = None;
            }
        }
        if failed.is_empty() {
            self.trouble.reset();
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
}
