//! Feeding a route from a durable consumer, for as long as it runs.

use std::slice;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use tokio_util::task::AbortOnDropHandle;
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::audit;
use super::consumer_check;
use super::keep_alive;
use crate::backoff::Backoff;
use crate::dead_letter::in_turn;
use crate::jitter::jittered;
use crate::probe::Listener;
use crate::runner::Worker;
use crate::runner::in_flight::InFlight;
use crate::runner::in_flight::cumulative_ack::AckWindow;
use crate::runner::schedule::Scheduler;
use crate::runner::schedule::message_feed::{MessageFeed, StopReason};
use crate::runner::status::route_state::RouteFault;
use crate::runner::supervise;
use crate::stream::{Retention, StreamDeclaration};
use crate::subject::Subject;
use crate::topology::{self, Modes, PlanAction, RestoreFault, Topology};
use crate::transport::{ApiError, ConsumerConfig, DeliverFrom, Fault, Pull};

/// The first and the longest wait before a consumer that can't be read is tried again.
const RETRY: Backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(10));
/// How often an instance that stands by looks whether it is its turn.
const FIRST_LOOK: Duration = Duration::from_millis(150);
const LOOK: Duration = Duration::from_millis(500);
/// How long handlers may go on before a consumer is made again that delivers their messages anew.
const MOST_HANDLED: Duration = Duration::from_secs(30);
/// How old a look at the consumer may be before it counts for as good as none.
const MOST_OLD: Duration = Duration::from_secs(6);
/// How long an instance that can't go on leaves the turn to others: longer than one that stands by
/// takes to see that it is its own.
const YIELD: Duration = Duration::from_secs(5);
/// How long the server may take to see that a pull has ended.
const BARRIER: Duration = Duration::from_secs(2);

/// The consumer that a route reads.
#[derive(Debug)]
pub(crate) struct Durable {
    pub(crate) stream: StreamDeclaration,
    pub(crate) config: ConsumerConfig,
    pub(crate) prefetch: usize,
    /// How far it may be made again, and its stream with it.
    pub(crate) modes: Modes,
    seen: Mutex<Option<Box<Seen>>>,
}

/// A consumer when it was looked at last.
#[derive(Debug)]
struct Seen {
    /// Filters that it had: more than the route's own, where instances of another version share it.
    selects: Vec<Subject>,
    at: Instant,
}

impl Durable {
    pub(crate) fn new(
        stream: StreamDeclaration,
        config: ConsumerConfig,
        prefetch: usize,
        modes: Modes,
    ) -> Self {
        Self { stream, config, prefetch, modes, seen: Mutex::default() }
    }

    fn seen(&self) -> MutexGuard<'_, Option<Box<Seen>>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The consumer selects these.
    pub(crate) fn learn(&self, selects: &[Subject]) {
        if !selects.is_empty() {
            let seen = Seen { selects: selects.to_vec(), at: Instant::now() };
            *self.seen() = Some(Box::new(seen));
        }
    }

    /// How long to wait before it is made again: whoever has looked at it since another filter was
    /// added goes first.
    fn shyness(&self) -> Duration {
        let age = self.seen().as_ref().map_or(MOST_OLD, |seen| seen.at.elapsed());
        age.min(MOST_OLD) / 2
    }

    /// The consumer as it is to be made again: whoever does it must not take from the others what
    /// they asked for.
    fn wanted(&self) -> ConsumerConfig {
        let selects = self.seen().as_ref().map(|seen| seen.selects.clone());
        let filters = selects.unwrap_or_else(|| self.config.filters.clone());
        ConsumerConfig { filters, ..self.config.clone() }
    }
}

/// Until the worker stops. What was delivered and not begun comes again elsewhere.
pub(crate) async fn run(scheduler: &mut Scheduler, durable: &Arc<Durable>, listener: &Listener) {
    let (worker, state) = (scheduler.worker().clone(), scheduler.worker().state());
    let in_flight = Arc::clone(&scheduler.in_flight);
    let beside = beside(&worker, &in_flight, durable);
    let _beside = beside.map(AbortOnDropHandle::new);
    let mut waits = RETRY.waits();
    loop {
        let opened = tokio::select! {
            biased;
            () = worker.stopped() => return give_back(scheduler, None).await,
            opened = scheduler.meanwhile(open(&worker, durable)) => opened,
        };
        match opened {
            Ok((pull, anew)) => {
                state.well(RouteFault::Feed);
                if let Some(from) = anew {
                    scheduler.let_go(from);
                }
                let mut feed = MessageFeed::durable(pull);
                let feeding = worker.feeding();
                in_flight.attach(&feed);
                let halt = scheduler.run(&mut feed, listener).await;
                if let Some(reach) = in_flight.reach() {
                    worker.shared.ack_floor.close(reach);
                }
                in_flight.detach();
                if scheduler.has_delivered() {
                    waits.reset();
                }
                match halt {
                    StopReason::Stopped => {
                        return give_back(scheduler, Some((feed, feeding))).await;
                    }
                    // What is here and not begun would wait as long as the route does.
                    StopReason::Paused => {
                        give_back(scheduler, Some((feed, feeding))).await;
                        tokio::select! {
                            biased;
                            () = worker.stopped() => return,
                            () = state.is_paused(false) => continue,
                        }
                    }
                    StopReason::Yielding => {
                        give_back(scheduler, Some((feed, feeding))).await;
                        tokio::select! {
                            biased;
                            () = worker.stopped() => return,
                            () = sleep(jittered(YIELD)) => continue,
                        }
                    }
                    StopReason::Crowded => {
                        if let Some(pull) = feed.into_pull() {
                            for incoming in scheduler.meanwhile(pull.end()).await {
                                scheduler.take(incoming);
                            }
                        }
                        continue;
                    }
                    StopReason::Broken => {
                        let route = worker.label();
                        tracing::warn!(route, "others take messages of a consumer that is for one");
                        // What is on its way here comes first.
                        if let Some(pull) = feed.into_pull() {
                            for incoming in scheduler.meanwhile(pull.end()).await {
                                scheduler.take(incoming);
                            }
                        }
                        continue;
                    }
                    StopReason::Dry | StopReason::Open(_) => {}
                }
            }
            Err(Fault::Closed) => return give_back(scheduler, None).await,
            Err(fault) => report(&worker, durable, &fault),
        }
        loop {
            tokio::select! {
                biased;
                () = worker.stopped() => return give_back(scheduler, None).await,
                () = scheduler.meanwhile(sleep(waits.lengthen())) => {}
            }
            let restored = tokio::select! {
                biased;
                () = worker.stopped() => return give_back(scheduler, None).await,
                restored = restore(&worker, durable, scheduler) => restored,
            };
            // One that has become another's is not read: what it delivers is not meant for us.
            if restored {
                break;
            }
        }
    }
}

/// What goes on beside the intake: the teller and the audit.
fn beside(
    worker: &Worker,
    in_flight: &Arc<InFlight>,
    durable: &Arc<Durable>,
) -> [JoinHandle<()>; 3] {
    let of = || (worker.clone(), Arc::clone(in_flight), Arc::clone(durable));
    let (told, ledger_told, _) = of();
    let telling = tokio::spawn(async move {
        let tell = || keep_alive::run(told.clone(), Arc::clone(&ledger_told));
        supervise::again(slice::from_ref(&told), &told.shared.stop, tell).await;
    });
    let (watched, _, durable_watched) = of();
    let (worker, in_flight, durable) = of();
    let auditing = tokio::spawn(async move {
        let audit = || audit::run(worker.clone(), Arc::clone(&in_flight), Arc::clone(&durable));
        supervise::again(slice::from_ref(&worker), &worker.shared.stop, audit).await;
    });
    let watching = tokio::spawn(async move {
        let watch = || consumer_check::run(watched.clone(), Arc::clone(&durable_watched));
        supervise::again(slice::from_ref(&watched), &watched.shared.stop, watch).await;
    });
    [telling, auditing, watching]
}

/// Makes the consumer again where it is missing: it may have been deleted. Says whether there may
/// be one to read.
async fn restore(worker: &Worker, durable: &Durable, scheduler: &mut Scheduler) -> bool {
    let Durable { stream, config, .. } = durable;
    let transport = &worker.link().transport;
    let error = match restore_once(worker, durable, scheduler).await {
        Ok(is_there) => return is_there,
        Err(error) => error,
    };
    let (route, stream, consumer) = (worker.label(), stream.name, &config.name);
    tracing::error!(route, stream, consumer, %error, "a consumer can't be made again");
    let why = format!("consumer `{consumer}` of `{stream}`: {error}");
    worker.shared.state.failing(RouteFault::Feed, transport.now(), why);
    !error.is_another()
}

async fn restore_once(
    worker: &Worker,
    durable: &Durable,
    scheduler: &mut Scheduler,
) -> Result<bool, RestoreFault> {
    let Durable { stream, config, modes, .. } = durable;
    let transport = &worker.link().transport;
    let is_missing = scheduler.meanwhile(async {
        topology::restore_stream(transport, &(stream.config)(), modes.streams).await?;
        let found = transport.consumer_standing(stream.name, &config.name).await?;
        Ok::<_, RestoreFault>(found.is_none())
    });
    if is_missing.await? && modes.consumers != Topology::BindOnly {
        return make_again(worker, durable, scheduler).await;
    }
    let ensuring = topology::ensure_consumer(transport, stream.name, config, modes.consumers);
    let letters = worker.shared.letters.as_deref();
    scheduler.meanwhile(Box::pin(in_turn(transport, letters, ensuring))).await?;
    Ok(true)
}

/// Makes a consumer again that goes on behind what is settled; in a stream that is another one, or
/// where nothing is known of it, as one that is new. Says whether there is one to read.
async fn make_again(
    worker: &Worker,
    durable: &Durable,
    scheduler: &mut Scheduler,
) -> Result<bool, RestoreFault> {
    let Durable { stream, config, modes, .. } = durable;
    let (transport, ack_floor) = (&worker.link().transport, &worker.shared.ack_floor);
    let (name, consumer) = (stream.name, config.name.as_str());
    let shyness = ack_floor.shyness().max(durable.shyness());
    if !shyness.is_zero() {
        scheduler.meanwhile(sleep(jittered(shyness))).await;
    }
    // What is not begun comes again. So would what is being handled, unless it has ended by then.
    scheduler.let_go_of_all();
    scheduler.end_begun(config.ack_wait.min(MOST_HANDLED)).await;
    scheduler.let_go_of_all();
    let here = worker.shared.in_flight.unsettled();
    let standing = transport.stream_standing(name).await?;
    let resume = standing.as_ref().and_then(|found| ack_floor.resume(found, here));
    let is_work_queue = (stream.config)().retention == Retention::WorkQueue;
    let from = match &resume {
        // It has nothing that is settled, and its consumers begin at its beginning.
        Some(_) if is_work_queue => config.from,
        Some(resume) => DeliverFrom::Sequence(resume.from),
        None => config.from,
    };
    let wanted = ConsumerConfig { from, ..durable.wanted() };
    let plan = topology::ensure_consumer(transport, name, &wanted, modes.consumers).await?;
    if plan.action != PlanAction::Create {
        return Ok(true);
    }
    let route = worker.label();
    tracing::warn!(route, stream = name, consumer, ?from, "a consumer is gone, and is made again");
    let after = transport.stream_standing(name).await?.map(|found| found.identity);
    if after != standing.map(|found| found.identity) {
        // It would wait for a sequence of the stream before.
        transport.delete_consumer(name, consumer).await?;
        return Ok(false);
    }
    if let Some(made) = transport.consumer_standing(name, consumer).await? {
        ack_floor.carry(after, &made, resume.and_then(|resume| resume.carried));
        worker.shared.in_flight.ack_window(AckWindow::begin_anew);
    }
    Ok(true)
}

/// Reads the consumer behind what was delivered of it. Gives also the sequence with which it begins,
/// where it is another one than before.
async fn open(worker: &Worker, durable: &Durable) -> Result<(Pull, Option<u64>), Fault> {
    let (mut behind, mut anew) = look(worker, durable).await?;
    if worker.shared.acks_all {
        stand_by(worker, durable).await?;
        let (later, again) = look(worker, durable).await?;
        (behind, anew) = (later, again.or(anew));
    }
    let Durable { stream, config, prefetch, .. } = durable;
    let mut pull = worker.link().transport.pull(stream.name, &config.name, *prefetch).await?;
    pull.count_in(worker.shared.counters.passed().clone());
    pull.begin_behind(behind);
    Ok((pull, anew))
}

/// How many deliveries of the consumer there were; and the sequence with which it begins, where it is
/// another one than before.
async fn look(
    worker: &Worker,
    Durable { stream, config, .. }: &Durable,
) -> Result<(u64, Option<u64>), Fault> {
    let transport = &worker.link().transport;
    let found = transport.consumer_standing(stream.name, &config.name).await?;
    let standing = found.ok_or_else(ApiError::consumer_not_found)?;
    // Without it nothing is known of the stream: then a consumer that is made again is a new one.
    let of = transport.stream_standing(stream.name).await.ok().flatten();
    let is_another = worker.shared.ack_floor.open(of.map(|found| found.identity), &standing);
    let begins = match standing.from {
        DeliverFrom::Beginning => 0,
        DeliverFrom::Sequence(sequence) => sequence,
        _ => u64::MAX,
    };
    if is_another {
        worker.shared.in_flight.ack_window(AckWindow::begin_anew);
    }
    Ok((standing.delivered, is_another.then_some(begins)))
}

/// Waits while another instance takes what is for one alone.
async fn stand_by(worker: &Worker, Durable { stream, config, .. }: &Durable) -> Result<(), Fault> {
    if !worker.shared.acks_all {
        return Ok(());
    }
    let mut looks = 0_u64;
    loop {
        let state = worker.link().transport.consumer_state(stream.name, &config.name).await?;
        if worker.shared.in_flight.ack_window(|window| window.may_open(&state, Instant::now())) {
            return Ok(());
        }
        if looks == 1 {
            let (route, consumer) = (worker.label(), config.name.as_str());
            tracing::info!(route, consumer, "another instance takes messages; this one stands by");
        }
        looks += 1;
        sleep(jittered(if looks == 1 { FIRST_LOOK } else { LOOK })).await;
    }
}

/// Messages that are here and not begun go to another instance now, not after the ack wait.
async fn give_back(scheduler: &mut Scheduler, feed: Option<(MessageFeed, TaskTrackerToken)>) {
    let transport = scheduler.worker().link().transport.clone();
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
        let route = scheduler.worker().label();
        tracing::warn!(route, %fault, "messages that were not begun come again after the ack wait");
    }
}

fn report(worker: &Worker, Durable { stream, config, .. }: &Durable, fault: &Fault) {
    let (route, stream, consumer) = (worker.label(), stream.name, config.name.as_str());
    tracing::error!(route, stream, consumer, %fault, "a consumer can't be read");
    let now = worker.link().transport.now();
    worker.shared.state.failing(
        RouteFault::Feed,
        now,
        format!("consumer `{consumer}` of `{stream}`: {fault}"),
    );
}
