//! Cost of an outbox in PostgreSQL, beside publishing from memory and beside the loop that everybody writes:
//! `cargo run --release -p tidings-bench --features outbox --bin outbox [rows that were sent before]`.
//!
//! Each figure is a ratio of two measured in turns, the median of the rounds.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use sqlx::postgres::PgPoolOptions;
use sqlx::{PgPool, Postgres, Row as _};
use tidings::prelude::*;
use tidings::{Headers, Record};
use tidings_bench::processor_time;
use tidings_sql::{Outbox, ParkedFilter};
use tidings_tests::Server;

/// Number of turns that each of two takes.
const ROUNDS: usize = 7;
/// Number of events of a turn.
const EVENTS: u64 = 20_000;
/// Number of events that the naive loop relays in a turn: it takes long.
const FEW: u64 = 1000;
/// Number of rows that one statement writes of those that were sent before.
const AT_ONCE: usize = 500_000;
/// Number of single events whose latency is measured.
const SINGLE: u64 = 300;

#[derive(EventStream)]
#[stream(name = "ORDERS", subjects("orders.>"), storage = "memory")]
struct Orders;

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orders.{region}.placed", stream = Orders)]
struct OrderPlaced {
    #[event(id)]
    order: Uuid,
    region: String,
    customer: String,
    total_cents: u64,
    note: String,
}

/// Stores many as one.
#[derive(EventStream)]
#[stream(name = "BATCHES", subjects("batches.>"), storage = "memory", allow_atomic_publish)]
struct Batches;

/// The same in such a stream.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "batches.{region}.placed", stream = Batches)]
struct OrderBatched {
    #[event(id)]
    order: Uuid,
    region: String,
    customer: String,
    total_cents: u64,
    note: String,
}

impl From<OrderPlaced> for OrderBatched {
    fn from(placed: OrderPlaced) -> Self {
        let OrderPlaced { order, region, customer, total_cents, note } = placed;
        Self { order, region, customer, total_cents, note }
    }
}

/// Events to be relayed, and the way in which they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Each order is a key.
    ByOrder,
    /// There are three keys.
    FewKeys,
    FewKeysRelaxed,
    /// Their stream stores many as one.
    FewKeysAsOne,
}

fn order(number: u64) -> OrderPlaced {
    OrderPlaced {
        order: Uuid::now_v7(),
        region: ["eu", "us", "ap"][usize::try_from(number % 3).unwrap_or(0)].into(),
        customer: "Ada Lovelace".into(),
        total_cents: number,
        note: "leave it with the neighbour, who is at home until noon".repeat(3),
    }
}

fn orders(count: u64) -> Vec<OrderPlaced> {
    (0..count).map(order).collect()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

struct Bench {
    bus: Bus,
    pool: PgPool,
    outbox: Outbox<Postgres>,
}

impl Bench {
    /// Events for each second that are published from memory, and the processor time of all of them.
    async fn publish_from_memory(&self) -> Result<(f64, Duration)> {
        let events = orders(EVENTS);
        let (begun, processor) = (Instant::now(), processor_time());
        self.bus.publish_all(events).await?;
        Ok((per_second(EVENTS, begun), processor_time().saturating_sub(processor)))
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
    async fn relayed(&self, relays: usize, way: Way) -> Result<(f64, Duration)> {
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
    async fn naive(&self) -> Result<f64> {
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

    /// Median time of publishing one event from memory, and of one from its commit until it is stored.
    async fn latency(&self) -> Result<(f64, f64)> {
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
    async fn writing(&self, one_by_one: bool) -> Result<(f64, f64)> {
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

#[expect(clippy::cast_precision_loss, reason = "a rate")]
fn per_second(events: u64, begun: Instant) -> f64 {
    events as f64 / begun.elapsed().as_secs_f64()
}

/// Rows that were sent before, so many.
async fn sent_before(pool: &PgPool, rows: i64) -> Result<()> {
    let mut connection = pool.acquire().await?;
    // They have their places.
    sqlx::query("ALTER TABLE tidings_outbox DISABLE TRIGGER USER")
        .execute(&mut *connection)
        .await?;
    for from in (0..rows).step_by(AT_ONCE) {
        let to = rows.min(from + i64::try_from(AT_ONCE)?);
        sqlx::query(
            "INSERT INTO tidings_outbox \
             (slot, key, stream, subject, message_id, headers, payload, position, sent_at) \
             SELECT n % 32768, n::text, 'ORDERS', 'orders.eu.placed', n::text, '[]', '\\x7b7d', 0, \
             now() - interval '1 day' FROM generate_series($1 + 1, $2) AS n",
        )
        .bind(from)
        .bind(to)
        .execute(&mut *connection)
        .await?;
    }
    sqlx::query("ALTER TABLE tidings_outbox ENABLE TRIGGER USER").execute(&mut *connection).await?;
    sqlx::query("VACUUM ANALYZE tidings_outbox").execute(&mut *connection).await?;
    Ok(())
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "what it is for")]
async fn main() -> Result<()> {
    let before: i64 = std::env::args().nth(1).map_or(Ok(0), |rows| rows.parse())?;
    let (postgres, server) = (tidings_tests::Postgres::start().await, Server::start().await);
    let bus = Bus::connect(server.url()).await?;
    bus.provision::<Orders>().await?;
    bus.provision::<Batches>().await?;
    let pool = PgPoolOptions::new().max_connections(20).connect(&postgres.url()).await?;
    tidings_sql::migrate(&pool).await?;
    let plain = "CREATE TABLE plain (id bigserial PRIMARY KEY, region text, customer text, \
                 total bigint, body bytea)";
    sqlx::query(plain).execute(&pool).await?;
    if before > 0 {
        sent_before(&pool, before).await?;
    }
    let outbox = Outbox::open(&bus, &pool).await?;
    ensure!(outbox.purge(&ParkedFilter::All).await? == 0, "it is empty");
    let bench = Bench { bus, pool, outbox };
    println!("rows sent before: {before}");
    let (mut one, mut two, mut naive) = (Vec::new(), Vec::new(), Vec::new());
    let (mut few, mut unordered, mut as_one) = (Vec::new(), Vec::new(), Vec::new());
    let (mut absolute, mut memory, mut processor) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let (from_memory, of_memory) = bench.publish_from_memory().await?;
        let (relay, of_relay) = bench.relayed(1, Way::ByOrder).await?;
        let (relays, _) = bench.relayed(2, Way::ByOrder).await?;
        few.push(bench.relayed(1, Way::FewKeys).await?.0 / from_memory);
        unordered.push(bench.relayed(1, Way::FewKeysRelaxed).await?.0 / from_memory);
        as_one.push(bench.relayed(1, Way::FewKeysAsOne).await?.0 / from_memory);
        processor.push(of_relay.as_secs_f64() / of_memory.as_secs_f64());
        let by_hand = bench.naive().await?;
        one.push(relay / from_memory);
        two.push(relays / relay);
        naive.push(relay / by_hand);
        absolute.push(relay);
        memory.push(from_memory);
    }
    println!("relay / publish_all from memory: {:.2}", median(one));
    println!("the same, three keys: {:.2}", median(few));
    println!("the same, three keys, relaxed order: {:.2}", median(unordered));
    println!("the same, three keys, stored as one: {:.2}", median(as_one));
    println!("processor time, relay / publish_all: {:.2}", median(processor));
    println!("two relays / one: {:.2}", median(two));
    println!("relay / naive loop: {:.1}", median(naive));
    println!("(relay {:.0}/s, publish_all {:.0}/s)", median(absolute), median(memory));
    let (plain, relayed) = bench.latency().await?;
    println!("commit to stored / publish: {:.2} ({:.0} us)", relayed / plain, relayed * 1e6);
    // As PostgreSQL does by itself once it looks.
    sqlx::query("VACUUM tidings_outbox").execute(&bench.pool).await?;
    let (plain, relayed) = bench.latency().await?;
    println!("the same, vacuumed: {:.2} ({:.0} us)", relayed / plain, relayed * 1e6);
    let (plain, events) = bench.writing(false).await?;
    println!("10 events / 10 rows, one call: {:.2}", events / plain);
    let (plain, events) = bench.writing(true).await?;
    println!("10 events / 10 rows, ten calls: {:.2} ({:.0} us)", events / plain, events * 1e6);
    Ok(())
}
