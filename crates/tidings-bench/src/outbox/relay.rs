//! Throughput: a relay's, that of the loop that everybody writes, and that of publishing from memory.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use sqlx::{PgPool, Postgres, Row as _};
use tidings::prelude::*;
use tidings::{Headers, Record};
use tidings_bench::processor_time;
use tidings_sql::Outbox;

use crate::event::{Batches, OrderBatched, Orders, orders};

/// Number of events of a turn.
const EVENTS: u64 = 20_000;
/// Number of events that the naive loop relays in a turn: it takes long.
const FEW: u64 = 1000;
/// Number of records that a stream stores as one in a turn.
const AS_ONE: usize = 1000;

/// Events to be relayed, and the way in which they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Each order has a key of its own.
    ByOrder,
    /// The orders share three keys.
    FewKeys,
    FewKeysRelaxed,
    /// The orders share three keys, and their stream stores many as one.
    FewKeysAsOne,
}

/// The three that are measured.
pub(crate) struct Bench {
    pub(crate) bus: Bus,
    pub(crate) pool: PgPool,
    pub(crate) outbox: Outbox<Postgres>,
}

impl Bench {
    /// Events for each second that are published from memory, and the processor time of all of them.
    pub(crate) async fn publish_from_memory(&self) -> Result<(f64, Duration)> {
        let events = orders(EVENTS);
        let (begun, processor) = (Instant::now(), processor_time());
        self.bus.publish_all(events).await?;
        Ok((per_second(EVENTS, begun), processor_time().saturating_sub(processor)))
    }

    /// Events for each second that are published from memory as records, of which their stream stores many as one.
    pub(crate) async fn publish_as_one(&self) -> Result<f64> {
        let events = orders(EVENTS).into_iter().map(OrderBatched::from);
        let records = events.map(|event| self.bus.message(&event).record());
        let records: Vec<Record> = records.collect::<Result<_, _>>()?;
        let begun = Instant::now();
        for records in records.chunks(AS_ONE) {
            self.bus.publish_records_atomically(records).await?;
        }
        Ok(per_second(EVENTS, begun))
    }

    /// Events, committed as the time begins.
    async fn fill(&self, count: u64, way: Way) -> Result<Instant> {
        let mut tx = self.outbox.begin().await?;
        for part in orders(count).chunks(1000) {
            let (part, outbox) = (part.to_vec(), &self.outbox);
            if way == Way::FewKeysAsOne {
                outbox.publish_all(&mut tx, part.into_iter().map(OrderBatched::from)).await?;
            } else if way == Way::ByOrder {
                outbox.publish_all_by(&mut tx, part, |order| order.order.to_string()).await?;
            } else {
                outbox.publish_all(&mut tx, part).await?;
            }
        }
        tx.commit().await?;
        Ok(Instant::now())
    }

    /// Events for each second that relays publish which are at work already, and the processor time of all of them.
    pub(crate) async fn relayed(&self, relays: usize, way: Way) -> Result<(f64, Duration)> {
        let target = self.last_stored().await? + EVENTS;
        let relay = || {
            let relay = self.outbox.relay();
            if way == Way::FewKeysRelaxed { relay.relaxed_order().start() } else { relay.start() }
        };
        let relays: Vec<_> = (0..relays).map(|_| relay()).collect();
        // They know each other by then.
        tokio::time::sleep(Duration::from_millis(500)).await;
        let begun = self.fill(EVENTS, way).await?;
        let processor = processor_time();
        while self.last_stored().await? < target {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let rate = per_second(EVENTS, begun);
        for relay in relays {
            relay.shutdown().await;
        }
        // With what is removed last.
        let processor = processor_time().saturating_sub(processor);
        ensure!(self.outbox.status().await?.pending == 0, "rows are left");
        Ok((rate, processor))
    }

    /// Number of events that were stored, in both streams.
    async fn last_stored(&self) -> Result<u64> {
        let orders = self.bus.stream::<Orders>().state().await?.last_sequence;
        Ok(orders + self.bus.stream::<Batches>().state().await?.last_sequence)
    }

    /// Events for each second of the loop that everybody writes.
    pub(crate) async fn naive(&self) -> Result<f64> {
        let begun = self.fill(FEW, Way::ByOrder).await?;
        loop {
            let rows = sqlx::query(
                "SELECT id, subject, headers, payload FROM tidings_outbox \
                 WHERE sent_at IS NULL ORDER BY id LIMIT 100",
            )
            .fetch_all(&self.pool)
            .await?;
            if rows.is_empty() {
                break;
            }
            for row in rows {
                let headers: Headers = serde_json::from_str(row.try_get(2)?)?;
                let payload: Vec<u8> = row.try_get(3)?;
                let record = Record::new(row.try_get::<String, _>(1)?, headers, payload)?;
                self.bus.publish_record(&record.in_stream("ORDERS")?).await?;
                sqlx::query("UPDATE tidings_outbox SET sent_at = now() WHERE id = $1")
                    .bind(row.try_get::<i64, _>(0)?)
                    .execute(&self.pool)
                    .await?;
            }
        }
        let rate = per_second(FEW, begun);
        sqlx::query("DELETE FROM tidings_outbox WHERE sent_at >= now() - interval '10 minutes'")
            .execute(&self.pool)
            .await?;
        Ok(rate)
    }
}

#[expect(clippy::cast_precision_loss, reason = "a rate")]
fn per_second(events: u64, begun: Instant) -> f64 {
    events as f64 / begun.elapsed().as_secs_f64()
}
