//! The whole way from a publish to a handler, within this process.

use std::hint::black_box;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tidings::{Bus, Context, Decode, Event, Failure, Registry, Route};
use tokio::task::unconstrained;

use super::{MESSAGES, Part, count, encoded, rounds, runtime};
use crate::event::{Placed, Small, Stored};
use crate::latch::Latch;

pub(super) fn run() -> anyhow::Result<()> {
    way("memory_handle", Placed::sample, Whole::Yes)?;
    way("memory_handle_stream", Stored::sample, Whole::Yes)?;
    way("memory_consume_small", Small::sample, Whole::No)
}

/// Choice whether publishing is counted, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whole {
    Yes,
    /// The messages are in the queue when the count begins.
    No,
}

fn way<E>(case: &str, sample: impl Fn(u128) -> E, whole: Whole) -> anyhow::Result<()>
where
    E: Event + Decode + Serialize + DeserializeOwned,
{
    let (runtime, latch) = (runtime()?, Latch::default());
    let bus = Bus::in_memory();
    let handler = {
        let latch = latch.clone();
        move |event: E, _: Context| {
            black_box(&event);
            latch.arrived();
            std::future::ready(Ok::<_, Failure>(()))
        }
    };
    let route = Route::of::<E>(handler).concurrency(2 * MESSAGES);
    let registry = Registry::new("count").route(route);
    let _running = runtime.block_on(registry.start(&bus))?;
    let mut orders = 0..;
    for round in rounds() {
        let messages = round.unwrap_or(1);
        latch.expect(messages);
        // Each another one: a stream would take the same for a duplicate.
        let events: Vec<E> = orders.by_ref().take(messages).map(&sample).collect();
        let publish = || {
            runtime.block_on(unconstrained(async {
                for event in &events {
                    let _ = black_box(bus.publish(event).await);
                }
            }));
        };
        let wait = || runtime.block_on(latch.none_left());
        if whole == Whole::No {
            publish();
        }
        let work = || {
            if whole == Whole::Yes {
                publish();
            }
            wait();
        };
        match round {
            None => work(),
            Some(_) => count(case, Part::Ours, messages, work)?,
        }
        runtime.block_on(bus.flush())?;
    }

    let event = &sample(0);
    let payload = serde_json::to_vec(event)?;
    let size = payload.len();
    for messages in rounds().into_iter().flatten() {
        let bare = || {
            for _ in 0..messages {
                if whole == Whole::Yes {
                    black_box(encoded(black_box(event), size));
                }
                let _ = black_box(serde_json::from_slice::<E>(black_box(&payload)));
            }
        };
        count(case, Part::Serde, messages, bare)?;
    }
    Ok(())
}
