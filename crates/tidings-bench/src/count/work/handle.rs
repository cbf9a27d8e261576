//! Handling what a server has sent: it waits in the socket when the count begins, and the acks are
//! with the connection when it ends.

use std::hint::black_box;

use async_nats::Client;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tidings::{Bus, Context, DeadLetterPolicy, Decode, Event, Failure, Registry, Route};

use super::{MESSAGES, Part, count, rounds, runtime};
use crate::event::{Placed, Stored};
use crate::latch::Latch;
use crate::server::{Delivery, Server, To};

pub(super) fn run() -> anyhow::Result<()> {
    handled("core_handle", &Placed::sample(0), To::Subject, Bus::clone)?;
    handled("stream_handle", &Stored::sample(0), To::Pull, Bus::clone)
}

/// Handling with what a program can switch on, beside handling without.
#[cfg(feature = "optional")]
pub(super) fn run_optional() -> anyhow::Result<()> {
    handled("core_handle_untraced", &Placed::sample(0), To::Subject, Bus::clone)?;
    handled("core_handle_traces", &Placed::sample(0), To::Subject, unrecorded)?;
    span_by_hand("span_by_hand")
}

/// Counts what OpenTelemetry alone takes for a span that nobody records, and in which something is done.
#[cfg(feature = "optional")]
fn span_by_hand(case: &str) -> anyhow::Result<()> {
    use opentelemetry::Context;
    use opentelemetry::trace::{
        Span as _, SpanBuilder, SpanKind, TraceContextExt as _, Tracer as _,
    };
    let tracer = opentelemetry::global::tracer("count");
    let spans = |messages| {
        for _ in 0..messages {
            let builder =
                SpanBuilder::from_name("process orders.placed").with_kind(SpanKind::Consumer);
            let parent = Context::new();
            let span = tracer.build_with_context(builder, &parent);
            let context = parent.with_remote_span_context(span.span_context().clone());
            drop(span);
            let _active = black_box(context.clone().attach());
        }
    };
    for round in rounds() {
        match round {
            None => spans(1),
            Some(messages) => count(case, Part::Ours, messages, || spans(messages))?,
        }
    }
    Ok(())
}

/// The bus with traces of which nothing is recorded.
#[cfg(feature = "optional")]
fn unrecorded(bus: &Bus) -> Bus {
    use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
    let provider = SdkTracerProvider::builder().with_sampler(Sampler::AlwaysOff).build();
    opentelemetry::global::set_tracer_provider(provider);
    bus.with_traces(tidings::Traces::new())
}

fn handled<E>(case: &str, event: &E, to: To, with: fn(&Bus) -> Bus) -> anyhow::Result<()>
where
    E: Event + Decode + Serialize + DeserializeOwned,
{
    let (server, runtime) = (Server::start()?, runtime()?);
    let (subject, id) = (event.subject()?, event.message_id());
    let payload = serde_json::to_vec(event)?;
    let delivery = Delivery { subject: subject.as_str(), id: id.as_deref(), payload: &payload };

    let bus = with(&runtime.block_on(Bus::connect(server.url()))?);
    let latch = Latch::default();
    let handler = {
        let latch = latch.clone();
        move |event: E, _: Context| {
            black_box(&event);
            latch.arrived();
            std::future::ready(Ok::<_, Failure>(()))
        }
    };
    // As many as there are at once: what is asked for meanwhile does not depend on the run.
    let route = Route::of::<E>(handler).concurrency(2 * MESSAGES);
    // The consumer that the server says it delivers from.
    let route = if matches!(to, To::Pull) { route.durable("count") } else { route };
    let registry = Registry::new("count").dead_letters(DeadLetterPolicy::off()).route(route);
    let _running = runtime.block_on(registry.start(&bus))?;
    for round in rounds() {
        let messages = round.unwrap_or(1);
        latch.expect(messages);
        runtime.block_on(server.deliver(to, messages, delivery))?;
        let wait = || runtime.block_on(latch.none_left());
        if round.is_none() {
            wait();
        } else {
            let _held = server.hold();
            count(case, Part::Ours, messages, wait)?;
        }
        // What is left to say about them is said now.
        runtime.block_on(bus.flush())?;
    }

    for round in rounds() {
        let decode = || {
            for _ in 0..round.unwrap_or(1) {
                let _ = black_box(serde_json::from_slice::<E>(black_box(&payload)));
            }
        };
        if let Some(messages) = round {
            count(case, Part::Serde, messages, decode)?;
        }
    }
    by_hand(case, to, delivery)
}

/// Counts the client alone: messages are taken, and acknowledged where a stream sent them.
fn by_hand(case: &str, to: To, delivery: Delivery<'_>) -> anyhow::Result<()> {
    let (server, runtime) = (Server::start()?, runtime()?);
    let inbox = match to {
        To::Subject => "orders.placed",
        _ => "_INBOX.0191e8a03c5e7a419d5e6f1f0c7f2b11",
    };
    let client = runtime.block_on(async_nats::connect(server.url()))?;
    let latch = Latch::default();
    let subscriber = runtime.block_on(client.subscribe(inbox))?;
    runtime.block_on(client.flush())?;
    let to = if matches!(to, To::Pull) { To::Inbox(inbox) } else { to };
    runtime.spawn(take(client.clone(), subscriber, latch.clone()));
    for round in rounds() {
        let messages = round.unwrap_or(1);
        latch.expect(messages);
        runtime.block_on(server.deliver(to, messages, delivery))?;
        let wait = || runtime.block_on(latch.none_left());
        if round.is_none() {
            wait();
        } else {
            let _held = server.hold();
            count(case, Part::Client, messages, wait)?;
        }
        runtime.block_on(seen(&client));
    }
    Ok(())
}

/// Waits until the server has seen all that was sent: it answers that nobody is there.
pub(super) async fn seen(client: &Client) {
    let _ = client.request("nobody", "".into()).await;
}

async fn take(client: Client, mut messages: async_nats::Subscriber, latch: Latch) {
    use futures_util::StreamExt as _;
    while let Some(message) = messages.next().await {
        black_box(&message.payload);
        if let Some(reply) = message.reply {
            let _ = client.publish(reply, "+ACK".into()).await;
        }
        latch.arrived();
    }
}
