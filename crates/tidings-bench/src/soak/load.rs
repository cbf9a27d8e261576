//! Load: tasks that publish, and that handle, as fast as they can.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use anyhow::{Context as _, Result};
use tidings::{Bus, Context, Failure, Handler};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::tally::Tally;
use crate::event::{Order as _, OrderPlaced, OrderSoaked};

/// Largest number of messages under way, published and not handled: else a stream would grow as
/// long as it is published faster than handled.
const UNDER_WAY: usize = 20_000;

/// Number of messages given to `publish_all` at a time.
const AT_ONCE: u32 = 2_000;

/// Number of tasks that publish one message after the other beside that.
const TASKS: usize = 64;

/// Publishers and handlers of a soak run.
pub(super) struct Load {
    bus: Bus,
    tally: Arc<Tally>,
    room: Arc<Semaphore>,
    stopped: Arc<AtomicBool>,
    number: Arc<AtomicU32>,
}

/// Tasks that publish until they are stopped.
pub(super) struct Loading {
    tasks: JoinSet<Result<()>>,
    stopped: Arc<AtomicBool>,
}

/// Counts what arrives, and gives its room to the next.
pub(super) struct Handling {
    tally: Arc<Tally>,
    room: Arc<Semaphore>,
}

impl Load {
    pub(super) fn new(bus: Bus, tally: Arc<Tally>) -> Self {
        Self {
            bus,
            tally,
            room: Arc::new(Semaphore::new(UNDER_WAY)),
            stopped: Arc::default(),
            number: Arc::default(),
        }
    }

    pub(super) fn handler(&self) -> Handling {
        Handling { tally: Arc::clone(&self.tally), room: Arc::clone(&self.room) }
    }

    /// Starts to publish: many at once in one task, one after the other in many.
    pub(super) fn start(self) -> Loading {
        let load = Arc::new(self);
        let mut tasks = JoinSet::new();
        let many = Arc::clone(&load);
        tasks.spawn(async move { many.publish_many().await });
        for _ in 0..TASKS {
            let each = Arc::clone(&load);
            tasks.spawn(async move { each.publish_each().await });
        }
        Loading { tasks, stopped: Arc::clone(&load.stopped) }
    }

    async fn publish_many(&self) -> Result<()> {
        while !self.stopped.load(Ordering::Relaxed) {
            self.room.acquire_many(AT_ONCE).await?.forget();
            let events = (0..AT_ONCE).map(|_| self.next());
            self.bus.publish_all(events).await.context("`publish_all` failed")?;
            self.tally.published(u64::from(AT_ONCE));
        }
        Ok(())
    }

    async fn publish_each(&self) -> Result<()> {
        while !self.stopped.load(Ordering::Relaxed) {
            self.room.acquire().await?.forget();
            self.bus.publish(&self.next()).await.context("`publish` failed")?;
            self.tally.published(1);
        }
        Ok(())
    }

    fn next(&self) -> OrderSoaked {
        OrderSoaked::numbered(self.number.fetch_add(1, Ordering::Relaxed))
    }
}

impl Loading {
    /// Publishes no more, and waits for what was begun.
    ///
    /// # Errors
    /// If anything was not published.
    pub(super) async fn stop(mut self) -> Result<()> {
        self.stopped.store(true, Ordering::Relaxed);
        while let Some(ended) = self.tasks.join_next().await {
            ended??;
        }
        Ok(())
    }
}

impl Handler<OrderSoaked> for Handling {
    async fn handle(&self, _: OrderSoaked, cx: Context) -> Result<(), Failure> {
        if cx.attempt() == 1 {
            self.room.add_permits(1);
        }
        self.tally.handled(cx.attempt());
        Ok(())
    }
}

/// Publishes what no stream keeps, without a pause, until it is dropped.
pub(super) fn flood(bus: Bus) -> JoinSet<Result<()>> {
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let order = OrderPlaced::numbered(0);
        loop {
            bus.publish(&order).await?;
        }
    });
    tasks
}
