//! Cost of an outbox in PostgreSQL, beside publishing from memory and beside the loop that everybody writes:
//! `cargo run --release -p tidings-bench --features outbox --bin outbox [rows that were sent before]`.
//!
//! Each figure is a ratio of two measured in turns, the median of the rounds.

mod event;
mod relay;
mod sent_before;
mod single;

use anyhow::{Result, ensure};
use sqlx::postgres::PgPoolOptions;
use tidings::prelude::*;
use tidings_sql::{Outbox, ParkedFilter};
use tidings_tests::Server;

use event::{Batches, Orders};
use relay::{Bench, Way};

/// Number of turns that each of two takes.
const ROUNDS: usize = 7;

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
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
        sent_before::write(&pool, before).await?;
    }
    let outbox = Outbox::open(&bus, &pool).await?;
    ensure!(outbox.purge(&ParkedFilter::All).await? == 0, "it is empty");
    let bench = Bench { bus, pool, outbox };
    println!("rows sent before: {before}");
    let (mut one, mut two, mut naive) = (Vec::new(), Vec::new(), Vec::new());
    let (mut few, mut unordered, mut as_one) = (Vec::new(), Vec::new(), Vec::new());
    let mut atomic = Vec::new();
    let (mut absolute, mut memory, mut processor) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let (from_memory, of_memory) = bench.publish_from_memory().await?;
        let (relay, of_relay) = bench.relayed(1, Way::ByOrder).await?;
        let (relays, _) = bench.relayed(2, Way::ByOrder).await?;
        few.push(bench.relayed(1, Way::FewKeys).await?.0 / from_memory);
        unordered.push(bench.relayed(1, Way::FewKeysRelaxed).await?.0 / from_memory);
        as_one.push(bench.relayed(1, Way::FewKeysAsOne).await?.0 / from_memory);
        atomic.push(bench.publish_as_one().await? / from_memory);
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
    println!("publish_records_atomically, 1,000 at a time / publish_all: {:.2}", median(atomic));
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
