//! The parts of the shop, each a process: who places orders, who publishes, who handles.

use std::io::Write as _;
use std::time::Duration;

use anyhow::{Result, bail};
use sqlx::Pool;
use tidings::prelude::*;
use tidings_sql::{Inbox, LayoutError, Outbox, OutboxContext as _};
use tokio::time::sleep;

use crate::event::{OrderBilled, OrderPlaced};
use crate::store::Store;

/// Number of those who place orders in one process.
const PLACERS: i64 = 4;
/// Wait of who finds the database away.
const AWAY: Duration = Duration::from_millis(50);
/// Time after which what a killed consumer had comes to another one.
const ACK_WAIT: Duration = Duration::from_secs(2);

/// Runs one until it is killed; who places orders ends once all are placed.
pub(crate) async fn run<Db: Store>(
    role: &str,
    database: &str,
    server: &str,
    orders: i64,
) -> Result<()> {
    let pool = Db::pool(database)?;
    let bus = Bus::builder().server(server).connect_lazily().await?;
    match role {
        "service" => place_all(&opened(|| Outbox::open(&bus, &pool)).await, &pool, orders).await,
        "relay" => {
            let outbox = opened(|| Outbox::open(&bus, &pool)).await;
            outbox.relay().run_until(std::future::pending()).await;
            Ok(())
        }
        "consumer" => consume(opened(|| Inbox::open(&pool)).await, &bus).await,
        _ => bail!("{role:?} is no part"),
    }
}

/// Opens what is there as soon as the database is.
async fn opened<T, F: Future<Output = Result<T, LayoutError>>>(mut open: impl FnMut() -> F) -> T {
    loop {
        match open().await {
            Ok(opened) => return opened,
            Err(_) => sleep(AWAY).await,
        }
    }
}

/// Places all orders that are not placed yet.
async fn place_all<Db: Store>(outbox: &Outbox<Db>, pool: &Pool<Db>, orders: i64) -> Result<()> {
    let placers = (0..PLACERS).map(|place| {
        let (outbox, pool) = (outbox.clone(), pool.clone());
        tokio::spawn(async move {
            let mut number = loop {
                match Db::last(&pool, PLACERS, place).await {
                    Ok(last) => break last.map_or(place, |last| last + PLACERS),
                    Err(_) => sleep(AWAY).await,
                }
            };
            while number < orders {
                // Whether it was committed or not: the order is there once, and so is its event.
                match place_one(&outbox, number).await {
                    Ok(()) => number += PLACERS,
                    Err(_) => sleep(AWAY).await,
                }
            }
        })
    });
    for placer in placers.collect::<Vec<_>>() {
        placer.await?;
    }
    Ok(())
}

async fn place_one<Db: Store>(outbox: &Outbox<Db>, number: i64) -> Result<()> {
    let mut tx = outbox.begin().await?;
    if Db::place(&mut tx, number).await? {
        outbox.publish(&mut tx, &OrderPlaced { number }).key(number.to_string()).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// Handles orders, and tells of those that were handled before.
async fn consume<Db: Store>(inbox: Inbox<Db>, bus: &Bus) -> Result<()> {
    let handler = move |order: OrderPlaced, cx: Context| {
        let inbox = inbox.clone();
        async move {
            let number = order.number;
            let mut tx = inbox.begin().await?;
            if inbox.once(&mut tx, &cx).await?.is_first() {
                Db::effect(&mut tx, number).await?;
                cx.outbox(&mut tx).publish(&OrderBilled { number }).key(number.to_string()).await?;
                tx.commit().await?;
            } else {
                writeln!(std::io::stdout(), "before")?;
            }
            Ok(())
        }
    };
    // As often as it takes: a database that is away is no fault of an order.
    let retry = Retry::fixed(Duration::from_millis(200)).max_attempts(100_000);
    let route = Route::of::<OrderPlaced>(handler).ack_wait(ACK_WAIT).retry(retry).concurrency(8);
    let _running = Registry::new("billing").route(route).start(bus).await?;
    std::future::pending().await
}
