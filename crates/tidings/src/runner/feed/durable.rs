//! Feeding a route from a durable consumer, for as long as it runs.

use std::slice;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use tokio_util::task::AbortOnDropHandle;
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::audit;
use super::consumer::Durable;
use super::consumer_check;
use super::keep_alive;
use super::recreate::restore;
use crate::backoff::Backoff;
use crate::jitter::jittered;
use crate::probe::Listener;
use crate::runner::active_route::ActiveRoute;
use crate::runner::in_flight::InFlight;
use crate::runner::in_flight::cumulative_ack::AckWindow;
use crate::runner::schedule::Scheduler;
use crate::runner::schedule::message_feed::{MessageFeed, StopReason};
use crate::runner::status::route_state::RouteFault;
use crate::runner::supervise;
use crate::transport::{ApiError, DeliverFrom, Fault};

/// The first and the longest wait before a consumer that can't be read is tried again.
const RETRY: Backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(10));
/// Intervals at which an instance that stands by looks whether it is its turn.
const FIRST_LOOK: Duration = Duration::from_millis(150);
const LOOK: Duration = Duration::from_millis(500);
/// Time for which an instance that can't go on leaves the turn to others: longer than one that
/// stands by takes to see that it is its own.
const YIELD: Duration = Duration::from_secs(5);
/// Time that the server has to see that a pull has ended.
const BARRIER: Duration = Duration::from_secs(2);

/// Runs until the route stops. What was delivered and not begun comes again elsewhere.
pub(crate) async fn run(scheduler: &mut Scheduler, durable: &Arc<Durable>, listener: &Listener) {
    let (active, state) = (scheduler.route().clone(), scheduler.route().state());
    let in_flight = Arc::clone(&scheduler.in_flight);
    let beside = spawn_watchers(&active, &in_flight, durable);
    let _beside = beside.map(AbortOnDropHandle::new);
    let mut waits = RETRY.waits();
    loop {
        // What is seldom waited for has memory of its own, and only then: of these tasks there may be thousands.
        let opened = tokio::select! {
            biased;
            () = active.stopped() => return give_back(scheduler, None).await,
            opened = scheduler.run_until(Box::pin(open(&active, durable))) => opened,
        };
        match opened {
            Ok((mut feed, anew)) => {
                state.clear_fault(RouteFault::Feed);
                if let Some(from) = anew {
                    scheduler.discard_queued(from);
                }
                let feeding = active.feeding();
                in_flight.attach(feed.flow());
                let reason = scheduler.run(&mut feed, listener).await;
                if let Some(reach) = in_flight.reach() {
                    active.ack_floor.close(reach);
                }
                in_flight.detach();
                if scheduler.has_delivered() {
                    waits.reset();
                }
                match reason {
                    StopReason::Stopped => {
                        return give_back(scheduler, Some((feed, feeding))).await;
                    }
                    // What is here and not begun would wait as long as the route does.
                    StopReason::Paused => {
                        give_back(scheduler, Some((feed, feeding))).await;
                        tokio::select! {
                            biased;
                            () = active.stopped() => return,
                            () = state.is_paused(false) => continue,
                        }
                    }
                    StopReason::Yielding => {
                        give_back(scheduler, Some((feed, feeding))).await;
                        tokio::select! {
                            biased;
                            () = active.stopped() => return,
                            () = sleep(jittered(YIELD)) => continue,
                        }
                    }
                    StopReason::Crowded => {
                        finish(scheduler, feed).await;
                        continue;
                    }
                    StopReason::Broken => {
                        let route = active.label();
                        tracing::warn!(route, "others take messages of a consumer that is for one");
                        // What is on its way here comes first.
                        finish(scheduler, feed).await;
                        continue;
                    }
                    StopReason::Dry | StopReason::Open(_) => {}
                }
            }
            Err(Fault::Closed) => return give_back(scheduler, None).await,
            Err(fault) => report(&active, durable, &fault),
        }
        loop {
            tokio::select! {
                biased;
                () = active.stopped() => return give_back(scheduler, None).await,
                () = scheduler.run_until(sleep(waits.lengthen())) => {}
            }
            let restored = tokio::select! {
                biased;
                () = active.stopped() => return give_back(scheduler, None).await,
                restored = Box::pin(restore(&active, durable, scheduler)) => restored,
            };
            // One that has become another's is not read: what it delivers is not meant for us.
            if restored {
                break;
            }
        }
    }
}

/// Spawns the tasks beside the scheduler: keep-alive, audit and check of the consumer.
fn spawn_watchers(
    active: &Arc<ActiveRoute>,
    in_flight: &Arc<InFlight>,
    durable: &Arc<Durable>,
) -> [JoinHandle<()>; 3] {
    let of = || (active.clone(), Arc::clone(in_flight), Arc::clone(durable));
    let (told, floor_told, _) = of();
    let telling = tokio::spawn(async move {
        let tell = || keep_alive::run(told.clone(), Arc::clone(&floor_told));
        supervise::again(slice::from_ref(&told), &told.lifecycle.stop, tell).await;
    });
    let (watched, _, durable_watched) = of();
    let (active, in_flight, durable) = of();
    let auditing = tokio::spawn(async move {
        let audit = || audit::run(active.clone(), Arc::clone(&in_flight), Arc::clone(&durable));
        supervise::again(slice::from_ref(&active), &active.lifecycle.stop, audit).await;
    });
    let watching = tokio::spawn(async move {
        let watch = || consumer_check::run(watched.clone(), Arc::clone(&durable_watched));
        supervise::again(slice::from_ref(&watched), &watched.lifecycle.stop, watch).await;
    });
    [telling, auditing, watching]
}

/// Reads the consumer behind what was delivered of it. Gives also the sequence with which it begins,
/// where it is another one than before.
async fn open(
    active: &Arc<ActiveRoute>,
    durable: &Durable,
) -> Result<(MessageFeed, Option<u64>), Fault> {
    let (mut behind, mut anew) = look(active, durable).await?;
    if active.acks_all {
        stand_by(active, durable).await?;
        let (later, again) = look(active, durable).await?;
        (behind, anew) = (later, again.or(anew));
    }
    let Durable { stream, config, prefetch, .. } = durable;
    let mut pull = active.link.transport.pull(stream.name, &config.name, *prefetch).await?;
    pull.count_in(active.counters.skip_counters().clone());
    pull.begin_behind(behind);
    Ok((MessageFeed::durable(pull), anew))
}

/// Looks at the consumer: gives the number of its deliveries so far, and the sequence with which it
/// begins, where it is another one than before.
async fn look(
    active: &Arc<ActiveRoute>,
    Durable { stream, config, .. }: &Durable,
) -> Result<(u64, Option<u64>), Fault> {
    let transport = &active.link.transport;
    let found = transport.consumer_snapshot(stream.name, &config.name).await?;
    let snapshot = found.ok_or_else(ApiError::consumer_not_found)?;
    // Without it nothing is known of the stream: then a consumer that is made again is a new one.
    let of = transport.stream_snapshot(stream.name).await.ok().flatten();
    let is_another = active.ack_floor.open(of.map(|found| found.identity), &snapshot);
    let begins = match snapshot.from {
        DeliverFrom::Beginning => 0,
        DeliverFrom::Sequence(sequence) => sequence,
        _ => u64::MAX,
    };
    if is_another {
        active.in_flight.ack_window(AckWindow::reset);
        active.given_back.compare(None).await;
    }
    Ok((snapshot.delivered, is_another.then_some(begins)))
}

/// Waits while another instance takes what is for one alone.
async fn stand_by(
    active: &Arc<ActiveRoute>,
    Durable { stream, config, .. }: &Durable,
) -> Result<(), Fault> {
    if !active.acks_all {
        return Ok(());
    }
    let mut looks = 0_u64;
    loop {
        let state = active.link.transport.consumer_state(stream.name, &config.name).await?;
        if active.in_flight.ack_window(|window| window.may_open(&state, Instant::now())) {
            return Ok(());
        }
        if looks == 1 {
            let (route, consumer) = (active.label(), config.name.as_str());
            tracing::info!(route, consumer, "another instance takes messages; this one stands by");
        }
        looks += 1;
        sleep(jittered(if looks == 1 { FIRST_LOOK } else { LOOK })).await;
    }
}

/// Takes what is on its way here, and ends what brings it.
fn finish(scheduler: &mut Scheduler, feed: MessageFeed) -> BoxFuture<'_, ()> {
    Box::pin(async move {
        if let Some(pull) = feed.into_pull() {
            for incoming in scheduler.run_until(pull.end()).await {
                scheduler.take(incoming);
            }
        }
    })
}

/// Messages that are here and not begun go to another instance now, not after the ack wait.
fn give_back(
    scheduler: &mut Scheduler,
    feed: Option<(MessageFeed, TaskTrackerToken)>,
) -> BoxFuture<'_, ()> {
    Box::pin(give_back_all(scheduler, feed))
}

async fn give_back_all(scheduler: &mut Scheduler, feed: Option<(MessageFeed, TaskTrackerToken)>) {
    let transport = scheduler.route().link.transport.clone();
    if let Some((feed, _feeding)) = feed
        && let Some(pull) = feed.into_pull()
    {
        // The pull ends first: as long as the server knows of it, it would send them here again.
        for incoming in pull.end().await {
            scheduler.take(incoming);
        }
    }
    let ended = if scheduler.has_waiting() { transport.barrier(BARRIER).await } else { Ok(()) };
    if let Err(fault) = ended.and(scheduler.give_back().await) {
        let route = scheduler.route().label();
        tracing::warn!(route, %fault, "messages that were not begun come again after the ack wait");
    }
}

fn report(active: &Arc<ActiveRoute>, Durable { stream, config, .. }: &Durable, fault: &Fault) {
    let (route, stream, consumer) = (active.label(), stream.name, config.name.as_str());
    tracing::error!(route, stream, consumer, %fault, "a consumer can't be read");
    let now = active.link.transport.now();
    active.state.failing(
        RouteFault::Feed,
        now,
        format!("consumer `{consumer}` of `{stream}`: {fault}"),
    );
}
