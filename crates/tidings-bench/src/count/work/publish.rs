//! Publishing, up to where the connection's task takes over: nothing is written to the socket.

use std::hint::black_box;
use std::pin::Pin;
use std::task::{Context, Waker};

use async_nats::header::{HeaderMap, HeaderName};
use async_nats::{Client, Subject};
use serde::Serialize;
use tidings::{Bus, Event, Message as _};
use tokio::runtime::Runtime;
use tokio::task::unconstrained;

use super::handle::seen;
use super::{Part, count, encoded, rounds, runtime};
use crate::event::{Placed, PlacedIn, Stored};
use crate::server::Server;

/// The name of the header that a stream knows a message by.
const ID: HeaderName = HeaderName::from_static("Nats-Msg-Id");

pub(super) fn run() -> anyhow::Result<()> {
    let (server, runtime) = (Server::start()?, runtime()?);
    let bus = runtime.block_on(Bus::connect(server.url()))?;
    let client = runtime.block_on(async_nats::connect(server.url()))?;
    core(&runtime, &bus, &client, "core_publish", &Placed::sample(0))?;
    core(&runtime, &bus, &client, "core_publish_tokens", &PlacedIn::sample(0))?;
    stream(&runtime, &bus, &client)
}

fn core<E: Event<Ack = ()> + Serialize>(
    runtime: &Runtime,
    bus: &Bus,
    client: &Client,
    case: &str,
    event: &E,
) -> anyhow::Result<()> {
    let subject = event.subject()?;
    let (payload, size) = payload_of(event)?;
    let is_constant = E::DECLARATIONS[0].template == subject.as_str();
    for round in rounds() {
        let messages = round.unwrap_or(1);
        let publish = || {
            runtime.block_on(unconstrained(async {
                for _ in 0..messages {
                    let _ = black_box(bus.publish(event).await);
                }
            }));
        };
        measured(case, Part::Ours, round, publish)?;
        runtime.block_on(bus.flush())?;

        let encode = || {
            for _ in 0..messages {
                black_box(encoded(black_box(event), size));
            }
        };
        measured(case, Part::Serde, round, encode)?;

        let mut ready: Vec<_> = (0..messages)
            .map(|_| {
                let subject = if is_constant {
                    Subject::from_static("orders.placed")
                } else {
                    Subject::from(subject.to_string())
                };
                (subject, payload.clone())
            })
            .collect();
        let publish = || {
            runtime.block_on(unconstrained(async {
                for (subject, payload) in ready.drain(..) {
                    let _ = black_box(client.publish(subject, payload.into()).await);
                }
            }));
        };
        measured(case, Part::Client, round, publish)?;
        runtime.block_on(seen(client));
    }
    Ok(())
}

fn stream(runtime: &Runtime, bus: &Bus, client: &Client) -> anyhow::Result<()> {
    let (case, event) = ("stream_publish", Stored::sample(0));
    let (subject, id) = (event.subject()?.to_string(), event.message_id().unwrap_or_default());
    let (payload, size) = payload_of(&event)?;
    for round in rounds() {
        let messages = round.unwrap_or(1);
        // A stream's event is published once it is stored. Here the first poll is counted: all that
        // is done before the answer can be waited for.
        let mut publishes: Vec<Pin<Box<dyn Future<Output = _> + '_>>> = Vec::new();
        publishes.extend((0..messages).map(|_| Box::pin(bus.publish(&event)) as _));
        let publish = || {
            runtime.block_on(unconstrained(async {
                for publish in &mut publishes {
                    let mut cx = Context::from_waker(Waker::noop());
                    let polled = publish.as_mut().poll(&mut cx);
                    assert!(polled.is_pending(), "it is not stored yet: {polled:?}");
                }
            }));
        };
        if round.is_none() {
            // The first subscribes to the answers, which other tasks have to do.
            let _ = runtime.block_on(async {
                let first = std::future::poll_fn(|cx| publishes[0].as_mut().poll(cx));
                tokio::time::timeout(std::time::Duration::from_millis(200), first).await
            });
        } else {
            measured(case, Part::Ours, round, publish)?;
        }
        drop(publishes);
        runtime.block_on(bus.flush())?;

        let encode = || {
            for _ in 0..messages {
                black_box(encoded(black_box(&event), size));
            }
        };
        measured(case, Part::Serde, round, encode)?;

        let mut ids = vec![id.clone(); messages];
        let headers = || {
            for id in ids.drain(..) {
                let mut headers = HeaderMap::new();
                headers.insert(ID, id);
                // Dropping them is another's work.
                std::mem::forget(black_box(headers));
            }
        };
        measured(case, Part::Headers, round, headers)?;

        let mut ready: Vec<_> = (0..messages)
            .map(|number| {
                let mut headers = HeaderMap::new();
                headers.insert(ID, id.as_str());
                let reply =
                    Subject::from(format!("_INBOX.0191e8a03c5e7a419d5e6f1f0c7f2b11.{number}"));
                (Subject::from_static("sales.placed"), reply, headers, payload.clone())
            })
            .collect();
        debug_assert_eq!(subject, "sales.placed");
        let publish = || {
            runtime.block_on(unconstrained(async {
                for (subject, reply, headers, payload) in ready.drain(..) {
                    let payload = payload.into();
                    let sent =
                        client.publish_with_reply_and_headers(subject, reply, headers, payload);
                    let _ = black_box(sent.await);
                }
            }));
        };
        measured(case, Part::Client, round, publish)?;
        runtime.block_on(seen(client));
    }
    Ok(())
}

/// Payload that is sent, and its length in bytes.
pub(super) fn payload_of(event: &impl Serialize) -> serde_json::Result<(Vec<u8>, usize)> {
    let mut payload = serde_json::to_vec(event)?;
    // As a buffer that is longer than its text is shared with an allocation more.
    payload.shrink_to_fit();
    let size = payload.len();
    Ok((payload, size))
}

/// Counts it, but for the round that wakes everything up.
pub(super) fn measured(
    case: &str,
    part: Part,
    round: Option<usize>,
    mut work: impl FnMut(),
) -> anyhow::Result<()> {
    match round {
        None => work(),
        Some(messages) => count(case, part, messages, work)?,
    }
    Ok(())
}
