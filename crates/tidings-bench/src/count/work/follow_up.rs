//! Publishing in a handler, up to where the connection's task takes over: what it carries beside the same published
//! by the bus are the ids by which it belongs to the message that is handled.

use std::hint::black_box;

use anyhow::Context as _;
use async_nats::Subject;
use async_nats::header::{HeaderMap, HeaderName};
use tidings::{Bus, Context, DeadLetterPolicy, Failure, Message as _, Registry};
use tokio::sync::mpsc;
use tokio::task::unconstrained;

use super::handle::seen;
use super::publish::{measured, payload_of};
use super::{Part, encoded, rounds, runtime};
use crate::event::Placed;
use crate::server::{Delivery, Server, To};

/// Id of the message that is handled, as long as those that a bus makes.
const ID: &str = "0191e8a03c5e7a419d5e6f1f0c7f2b11";
const IDS: [HeaderName; 2] = [
    HeaderName::from_static("Tidings-Correlation-Id"),
    HeaderName::from_static("Tidings-Causation-Id"),
];

pub(super) fn run() -> anyhow::Result<()> {
    let (case, event) = ("follow_up_publish", Placed::sample(0));
    let (server, runtime) = (Server::start()?, runtime()?);
    let bus = runtime.block_on(Bus::connect(server.url()))?;
    let client = runtime.block_on(async_nats::connect(server.url()))?;
    let subject = event.subject()?;
    let (payload, size) = payload_of(&event)?;
    let delivery = Delivery { subject: subject.as_str(), id: Some(ID), payload: &payload };
    let (sender, mut contexts) = mpsc::unbounded_channel();
    let handler = move |_: Placed, cx: Context| {
        std::future::ready(sender.send(cx).map_err(|_| Failure::reject("nobody counts")))
    };
    let registry = Registry::new("count").dead_letters(DeadLetterPolicy::off());
    let running = runtime.block_on(registry.handle::<Placed>(handler).start(&bus))?;
    runtime.block_on(server.deliver(To::Subject, 1, delivery))?;
    let cx = runtime.block_on(contexts.recv()).context("the handler was not called")?;
    runtime.block_on(running.shutdown());

    for round in rounds() {
        let messages = round.unwrap_or(1);
        let publish = || {
            runtime.block_on(unconstrained(async {
                for _ in 0..messages {
                    let _ = black_box(cx.publish(&event).await);
                }
            }));
        };
        measured(case, Part::Ours, round, publish)?;
        runtime.block_on(bus.flush())?;

        let encode = || {
            for _ in 0..messages {
                black_box(encoded(black_box(&event), size));
            }
        };
        measured(case, Part::Serde, round, encode)?;

        let mut ids = vec![[ID.to_owned(), ID.to_owned()]; messages];
        let headers = || {
            for ids in ids.drain(..) {
                // Dropping them is another's work.
                std::mem::forget(black_box(map_of(ids)));
            }
        };
        measured(case, Part::Headers, round, headers)?;

        let mut ready: Vec<_> = (0..messages)
            .map(|_| {
                let subject = Subject::from_static("orders.placed");
                (subject, map_of([ID.to_owned(), ID.to_owned()]), payload.clone())
            })
            .collect();
        let publish = || {
            runtime.block_on(unconstrained(async {
                for (subject, headers, payload) in ready.drain(..) {
                    let sent = client.publish_with_headers(subject, headers, payload.into());
                    let _ = black_box(sent.await);
                }
            }));
        };
        measured(case, Part::Client, round, publish)?;
        runtime.block_on(seen(&client));
    }
    Ok(())
}

fn map_of(ids: [String; 2]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, id) in IDS.into_iter().zip(ids) {
        headers.insert(name, id);
    }
    headers
}
