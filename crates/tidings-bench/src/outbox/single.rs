//! Single events: from commit to stored, and writing ten.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use crate::event::{OrderPlaced, order, orders};
use crate::median;
use crate::relay::Bench;

/// Number of single events whose latency is measured.
const SINGLE: u64 = 300;

impl Bench {
    /// Median time of publishing one event from memory, and of one from its commit until it is stored.
    pub(crate) async fn latency(&self) -> Result<(f64, f64)> {
        let mut heard = self.bus.subscribe::<OrderPlaced>().await?;
        let relay = self.outbox.relay().start();
        let (mut plain, mut relayed) = (Vec::new(), Vec::new());
        for number in 0..SINGLE {
            let event = order(number);
            let begun = Instant::now();
            self.bus.publish(&event).await?;
            plain.push(begun.elapsed().as_secs_f64());
            heard.next().await.context("the bus is closed")??;

            let mut tx = self.outbox.begin().await?;
            self.outbox.publish(&mut tx, &order(number)).await?;
            tx.commit().await?;
            let begun = Instant::now();
            // Heard as it is stored.
            heard.next().await.context("the bus is closed")??;
            relayed.push(begun.elapsed().as_secs_f64());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        relay.shutdown().await;
        Ok((median(plain), median(relayed)))
    }

    /// Median times of a transaction with ten plain rows, and of one with ten events.
    pub(crate) async fn writing(&self, one_by_one: bool) -> Result<(f64, f64)> {
        let (mut plain, mut events) = (Vec::new(), Vec::new());
        for turn in 0..SINGLE {
            let ten = orders(10);
            let begun = Instant::now();
            let mut tx = self.pool.begin().await?;
            for order in &ten {
                sqlx::query(
                    "INSERT INTO plain (region, customer, total, body) VALUES ($1, $2, $3, $4)",
                )
                .bind(&order.region)
                .bind(&order.customer)
                .bind(i64::try_from(turn)?)
                .bind(serde_json::to_vec(order)?)
                .execute(&mut *tx)
                .await?;
            }
            tx.commit().await?;
            plain.push(begun.elapsed().as_secs_f64());

            let begun = Instant::now();
            let mut tx = self.outbox.begin().await?;
            if one_by_one {
                for order in &ten {
                    self.outbox.publish(&mut tx, order).await?;
                }
            } else {
                self.outbox.publish_all(&mut tx, ten).await?;
            }
            tx.commit().await?;
            events.push(begun.elapsed().as_secs_f64());
        }
        sqlx::query("DELETE FROM tidings_outbox WHERE sent_at IS NULL").execute(&self.pool).await?;
        Ok((median(plain), median(events)))
    }
}
