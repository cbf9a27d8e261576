//! Feeding a route from a durable consumer, for as long as it runs.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_util::task::AbortOnDropHandle;
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::Worker;
use super::feed::{Feed, Halt};
use super::gate::Trouble;
use super::intake::Intake;
use super::teller;
use crate::jitter::jittered;
use crate::probe::Listener;
use crate::stream::StreamDeclaration;
use crate::topology::{self, Modes};
use crate::transport::{ConsumerConfig, Fault, Pull};

/// The first and the longest wait before a consumer that can't be read is tried again.
const FIRST_RETRY: Duration = Duration::from_millis(100);
const MOST_RETRY: Duration = Duration::from_secs(10);
/// How often an instance that stands by looks whether it is its turn.
const FIRST_LOOK: Duration = Duration::from_millis(150);
const LOOK: Duration = Duration::from_millis(500);
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
}

/// Until the worker stops. What was delivered and not begun comes again elsewhere.
pub(super) async fn run(mut intake: Intake, durable: Durable, listener: Listener) {
    let (worker, gate) = (intake.worker().clone(), intake.worker().gate());
    let ledger = Arc::clone(&intake.ledger);
    let telling = tokio::spawn(teller::run(worker.clone(), Arc::clone(&ledger)));
    let _telling = AbortOnDropHandle::new(telling);
    let mut pause = FIRST_RETRY;
    loop {
        let opened = tokio::select! {
            biased;
            () = worker.stopped() => return give_back(&mut intake, None).await,
            opened = intake.meanwhile(open(&worker, &durable)) => opened,
        };
        match opened {
            Ok(pull) => {
                gate.well(Trouble::Feed);
                let mut feed = Feed::durable(pull);
                let feeding = worker.feeding();
                ledger.attach(&feed);
                let halt = intake.run(&mut feed, &listener).await;
                ledger.detach();
                if intake.has_delivered() {
                    pause = FIRST_RETRY;
                }
                match halt {
                    Halt::Stopped => return give_back(&mut intake, Some((feed, feeding))).await,
                    // What is here and not begun would wait as long as the route does.
                    Halt::Paused => {
                        give_back(&mut intake, Some((feed, feeding))).await;
                        tokio::select! {
                            biased;
                            () = worker.stopped() => return,
                            () = gate.is_paused(false) => continue,
                        }
                    }
                    Halt::Broken => {
                        let route = worker.label();
                        tracing::warn!(route, "others take messages of a consumer that is for one");
                        // What is on its way here comes first.
                        if let Some(pull) = feed.into_pull() {
                            for incoming in intake.meanwhile(pull.end()).await {
                                intake.take(incoming);
                            }
                        }
                        continue;
                    }
                    Halt::Dry | Halt::Open(_) => {}
                }
            }
            Err(Fault::Closed) => return give_back(&mut intake, None).await,
            Err(fault) => report(&worker, &durable, &fault),
        }
        loop {
            tokio::select! {
                biased;
                () = worker.stopped() => return give_back(&mut intake, None).await,
                () = intake.meanwhile(sleep(jittered(pause))) => {}
            }
            pause = pause.saturating_mul(2).min(MOST_RETRY);
            let restored = tokio::select! {
                biased;
                () = worker.stopped() => return give_back(&mut intake, None).await,
                restored = intake.meanwhile(restore(&worker, &durable)) => restored,
            };
            // One that has become another's is not read: what it delivers is not meant for us.
            if restored {
                break;
            }
        }
    }
}

/// Makes the consumer again where it is missing: it may have been deleted. Says whether there may
/// be one to read.
async fn restore(worker: &Worker, durable: &Durable) -> bool {
    let Durable { stream, config, modes, .. } = durable;
    let transport = &worker.link().transport;
    let Err(error) = topology::restore(transport, *stream, config, *modes).await else {
        return true;
    };
    let (route, stream, consumer) = (worker.label(), stream.name, &config.name);
    tracing::error!(route, stream, consumer, %error, "a consumer can't be made again");
    let why = format!("consumer `{consumer}` of `{stream}`: {error}");
    worker.shared.gate.failing(Trouble::Feed, transport.now(), why);
    !error.is_another()
}

async fn open(worker: &Worker, durable: &Durable) -> Result<Pull, Fault> {
    stand_by(worker, durable).await?;
    let Durable { stream, config, prefetch, .. } = durable;
    worker.link().transport.pull(stream.name, &config.name, *prefetch).await
}

/// Waits while another instance takes what is for one alone.
async fn stand_by(worker: &Worker, Durable { stream, config, .. }: &Durable) -> Result<(), Fault> {
    if !worker.shared.acks_all {
        return Ok(());
    }
    let mut looks = 0_u64;
    loop {
        let state = worker.link().transport.consumer_state(stream.name, &config.name).await?;
        if worker.shared.ledger.cover(|cover| cover.may_open(&state, Instant::now())) {
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
async fn give_back(intake: &mut Intake, feed: Option<(Feed, TaskTrackerToken)>) {
    let transport = intake.worker().link().transport.clone();
    if let Some((feed, _feeding)) = feed
        && let Some(pull) = feed.into_pull()
    {
        // The pull ends first: as long as the server knows of it, it would send them here again.
        for incoming in pull.end().await {
            intake.take(incoming);
        }
    }
    let ended = if intake.has_waiting() { transport.barrier(BARRIER).await } else { Ok(()) };
    if let Err(fault) = ended.and(intake.give_back().await) {
        let route = intake.worker().label();
        tracing::warn!(route, %fault, "messages that were not begun come again after the ack wait");
    }
}

fn report(worker: &Worker, Durable { stream, config, .. }: &Durable, fault: &Fault) {
    let (route, stream, consumer) = (worker.label(), stream.name, config.name.as_str());
    tracing::error!(route, stream, consumer, %fault, "a consumer can't be read");
    let now = worker.link().transport.now();
    worker.shared.gate.failing(
        Trouble::Feed,
        now,
        format!("consumer `{consumer}` of `{stream}`: {fault}"),
    );
}
