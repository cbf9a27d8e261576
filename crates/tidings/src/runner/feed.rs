//! Feeding a route, from core subscriptions or from a durable consumer: both are begun again where
//! they panic.

mod audit;
mod consumer;
mod consumer_check;
mod core;
mod durable;
mod keep_alive;
mod recreate;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt as _;

pub(crate) use self::consumer::Durable;
pub(crate) use self::core::Subscriptions;
use super::schedule::Scheduler;
use super::supervise::RestartDelay;
use crate::probe::Listener;
use crate::transport::Inbox;
use crate::user_code::panic_text;

/// Feeds a route from core subscriptions, until the worker stops.
pub(crate) async fn from_subscriptions(
    mut scheduler: Scheduler,
    subscriptions: Subscriptions,
    inboxes: Vec<Inbox>,
    listener: Listener,
) {
    let (active, mut inboxes) = (scheduler.route().clone(), Some(inboxes));
    let mut delay = RestartDelay::default();
    loop {
        let run = core::run(&mut scheduler, &subscriptions, inboxes.take(), &listener);
        let Err(panic) = AssertUnwindSafe(run).catch_unwind().await else { return };
        active.panicked(&panic_text(panic));
        scheduler.recover();
        if !delay.wait(&active.lifecycle.stop).await {
            return;
        }
    }
}

/// Feeds a route from a durable consumer, until the worker stops.
pub(crate) async fn from_consumer(mut scheduler: Scheduler, consumer: Durable, listener: Listener) {
    let (active, consumer) = (scheduler.route().clone(), Arc::new(consumer));
    let mut delay = RestartDelay::default();
    loop {
        let run = durable::run(&mut scheduler, &consumer, &listener);
        let Err(panic) = AssertUnwindSafe(run).catch_unwind().await else { return };
        active.panicked(&panic_text(panic));
        scheduler.recover();
        if !delay.wait(&active.lifecycle.stop).await {
            return;
        }
    }
}
