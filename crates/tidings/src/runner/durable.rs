//! Feeding a worker from a durable consumer, for as long as it runs.

use std::time::Duration;

use futures_util::{FutureExt as _, StreamExt as _};

use super::Worker;
use crate::jitter::jittered;
use crate::topology;
use crate::transport::{ConsumerConfig, Fault, Pull, Settlement};

/// The first and the longest wait before a consumer that can't be read is tried again.
const FIRST_RETRY: Duration = Duration::from_millis(100);
const MOST_RETRY: Duration = Duration::from_secs(10);

/// Until the worker stops. What was delivered and not begun comes again elsewhere.
pub(super) async fn run(
    worker: Worker,
    stream: &'static str,
    config: ConsumerConfig,
    prefetch: usize,
) {
    let mut pause = FIRST_RETRY;
    loop {
        let flow = worker.link().transport.pull(stream, &config.name, prefetch);
        let pulled = tokio::select! {
            biased;
            () = worker.stopped() => return,
            pulled = flow => pulled,
        };
        match pulled {
            Ok(mut pull) => {
                let stopped = tokio::select! {
                    biased;
                    () = worker.stopped() => true,
                    delivered = feed(&worker, &mut pull) => {
                        if delivered {
                            pause = FIRST_RETRY;
                        }
                        false
                    }
                };
                if stopped {
                    give_back(&mut pull).await;
                    return;
                }
            }
            Err(fault) => report(&worker, stream, &config, &fault),
        }
        tokio::select! {
            biased;
            () = worker.stopped() => return,
            () = tokio::time::sleep(jittered(pause)) => {}
        }
        pause = pause.saturating_mul(2).min(MOST_RETRY);
        // It may have been deleted: it is made again where it is missing.
        if let Err(error) = topology::ensure_consumer(&worker.link().transport, stream, &config).await
        {
            let route = worker.label();
            tracing::error!(route, stream, %error, "a consumer can't be made again");
        }
    }
}

/// Until the flow ends; says whether anything was delivered.
async fn feed(worker: &Worker, pull: &mut Pull) -> bool {
    let mut delivered = false;
    loop {
        let Some(permit) = worker.permit().await else { return delivered };
        match pull.next().await {
            Some(Ok(incoming)) => {
                delivered = true;
                worker.handle(incoming, permit);
            }
            Some(Err(fault)) => {
                let route = worker.label();
                tracing::warn!(route, %fault, "a consumer reports a fault");
            }
            None => return delivered,
        }
    }
}

/// Messages that are here and not begun go to another instance now, not after the ack wait.
async fn give_back(pull: &mut Pull) {
    while let Some(Some(Ok(incoming))) = pull.next().now_or_never() {
        let Some(settle) = incoming.settle else { continue };
        if let Err(fault) = settle.send(Settlement::Nak(None)).await {
            tracing::warn!(%fault, "a message that was not begun could not be given back");
        }
    }
}

fn report(worker: &Worker, stream: &str, config: &ConsumerConfig, fault: &Fault) {
    let (route, consumer) = (worker.label(), config.name.as_str());
    tracing::error!(route, stream, consumer, %fault, "a consumer can't be read");
}
