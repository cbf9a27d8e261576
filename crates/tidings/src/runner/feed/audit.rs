//! Compares the account of a durable consumer with the server's, now and then: where others take
//! its messages too, only the server knows what they have settled.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::consumer::Durable;
use crate::backoff::Backoff;
use crate::runner::active_route::ActiveRoute;
use crate::runner::in_flight::InFlight;

/// Interval at which the server is asked while messages come that others take too.
const OFTEN: Duration = Duration::from_millis(250);
/// Interval while none come.
const SELDOM: Duration = Duration::from_secs(30);
/// The waits between two looks.
const LOOKS: Backoff = Backoff::new(OFTEN, SELDOM);

/// Runs until it is dropped.
pub(crate) async fn run(active: Arc<ActiveRoute>, in_flight: Arc<InFlight>, durable: Arc<Durable>) {
    let ack_floor = &active.ack_floor;
    let (mut quiet, mut seen) = (0_u64, None);
    let mut asked = Instant::now();
    loop {
        // Whoever begins to take messages wakes it.
        if timeout(LOOKS.after(quiet + 1), in_flight.audit_resumed()).await.is_ok() {
            quiet = 0;
            continue;
        }
        let reach = in_flight.reach();
        let number = reach.map(|reach| reach.number);
        let moves = std::mem::replace(&mut seen, number) != number;
        quiet = if moves { 0 } else { quiet + 1 };
        if moves {
            ack_floor.record_delivery();
        }
        if let Some(reach) = reach
            && (!ack_floor.is_complete(reach) || asked.elapsed() >= SELDOM)
        {
            let Durable { stream, config, .. } = &*durable;
            let snapshot = active.link.transport.consumer_snapshot(stream.name, &config.name);
            asked = Instant::now();
            match Box::pin(snapshot).await {
                // What has come meanwhile is not in what the server says.
                Ok(Some(snapshot)) => {
                    let is_whole = ack_floor.ask(&snapshot, in_flight.reach().unwrap_or(reach));
                    if is_whole {
                        in_flight.begin_behind(snapshot.delivered);
                    }
                }
                // It is made again by whoever reads it.
                Ok(None) => {}
                Err(fault) => {
                    let (route, consumer) = (active.label(), config.name.as_str());
                    tracing::debug!(route, consumer, %fault, "a consumer can't be looked at");
                }
            }
        }
        if LOOKS.after(quiet + 1) == SELDOM {
            in_flight.suspend_audit();
        }
    }
}
