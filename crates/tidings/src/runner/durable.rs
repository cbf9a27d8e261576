//! Feeding a worker from a durable consumer, for as long as it runs.

use std::time::Duration;

use futures_util::StreamExt as _;

use super::Worker;
use crate::jitter::jittered;
use crate::probe::Listener;
use crate::stream::StreamDeclaration;
use crate::topology::{self, Modes};
use crate::transport::{ConsumerConfig, Fault, Pull, Settlement};

/// The first and the longest wait before a consumer that can't be read is tried again.
const FIRST_RETRY: Duration = Duration::from_millis(100);
const MOST_RETRY: Duration = Duration::from_secs(10);
/// How long the server may take to see that a pull has ended.
const BARRIER: Duration = Duration::from_secs(2);

/// Until the worker stops. What was delivered and not begun comes again elsewhere.
pub(super) async fn run(
    worker: Worker,
    (declared, config, modes): (StreamDeclaration, ConsumerConfig, Modes),
    prefetch: usize,
    _listener: Listener,
) {
    let stream = declared.name;
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
                    give_back(&worker, pull).await;
                    return;
                }
            }
            Err(Fault::Closed) => return,
            Err(fault) => report(&worker, stream, &config, &fault),
        }
        tokio::select! {
            biased;
            () = worker.stopped() => return,
            () = tokio::time::sleep(jittered(pause)) => {}
        }
        pause = pause.saturating_mul(2).min(MOST_RETRY);
        // It may have been deleted: it is made again where it is missing.
        if let Err(error) =
            topology::restore(&worker.link().transport, declared, &config, modes).await
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
///
/// The pull ends first: as long as the server knows of it, it would send them here again.
async fn give_back(worker: &Worker, pull: Pull) {
    let left = pull.end().await;
    if left.is_empty() {
        return;
    }
    let transport = &worker.link().transport;
    let mut given_back = transport.barrier(BARRIER).await;
    for settle in left.into_iter().filter_map(|incoming| incoming.settle) {
        // Where one can't be given back, the next can't either.
        if given_back.is_ok() {
            given_back = settle.send(Settlement::Nak(None)).await;
        }
    }
    if let Err(fault) = given_back {
        let route = worker.label();
        tracing::warn!(route, %fault, "messages that were not begun come again after the ack wait");
    }
}

fn report(worker: &Worker, stream: &str, config: &ConsumerConfig, fault: &Fault) {
    let (route, consumer) = (worker.label(), config.name.as_str());
    tracing::error!(route, stream, consumer, %fault, "a consumer can't be read");
}
