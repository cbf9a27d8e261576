//! The program's own span: it is the active one before and after whatever is called, and nobody else ends it.

use opentelemetry::trace::{FutureExt as _, TraceContextExt as _, Tracer as _};
use opentelemetry::{Context as OtelContext, global};
use tokio::sync::mpsc;
use tokio::task::yield_now;

use super::*;

both! {
    the_callers_span_stays,
    a_handlers_span_stays,
}

/// The ways in which a bus makes spans.
fn all_ways() -> [Traces; 4] {
    let all = Traces::new().create_spans().settle_spans();
    [Traces::new(), all.clone(), Traces::new().sampled_only(), all.sampled_only()]
}

/// A span of the program's own, of which a name with `quiet` is recorded by nobody.
#[derive(Clone)]
struct Own(OtelContext, bool);

impl Own {
    fn begin(name: &'static str) -> Self {
        Self::of(OtelContext::current_with_span(global::tracer("program").start(name)))
    }

    fn of(context: OtelContext) -> Self {
        let is_recorded = context.span().is_recording();
        Self(context, is_recorded)
    }

    /// Checks that it is the active one, and goes on.
    #[track_caller]
    fn is_active(&self, after: &str) {
        let current = OtelContext::current();
        assert_eq!(current.span().span_context(), self.0.span().span_context(), "after {after}");
        assert_eq!(current.span().is_recording(), self.1, "after {after}");
    }

    /// Ends it: nobody has before.
    async fn end(self) {
        let Self(context, is_recorded) = self;
        assert_eq!(context.span().is_recording(), is_recorded, "somebody else has ended it");
        let id = context.span().span_context().span_id();
        let has_ended = |span: &Gathered| span.id() == id;
        assert!(gathered::spans(0, has_ended).await.is_empty(), "it has ended");
        context.span().end();
        let ended = usize::from(is_recorded);
        assert_eq!(gathered::spans(ended, has_ended).await.len(), ended);
    }
}

async fn the_callers_span_stays(bus: Bus) {
    bus.provision::<Orbits>().await.unwrap();
    for traces in all_ways() {
        let bus = bus.with_traces(traces);
        for name in ["own", "quiet own"] {
            let own = Own::begin(name);
            assert_eq!(own.1, name == "own");
            everything(&bus, &own).with_context(own.0.clone()).await;
            assert!(!OtelContext::current().has_active_span(), "it is active within alone");
            own.end().await;
        }
    }
}

/// Calls whatever makes a span.
async fn everything(bus: &Bus, own: &Own) {
    own.is_active("beginning");
    let running = Registry::new("inspectors")
        .handle::<Inspect>(async |ask: Inspect, _: Context| match ask.number {
            0 => Err(Failure::reject("nothing to inspect")),
            number => Ok(number),
        })
        .start(bus)
        .await
        .unwrap();
    own.is_active("starting a registry");
    let mut live = bus.subscribe::<Signal>().await.unwrap();
    let mut stored = bus.replay::<Docked>(DeliverFrom::New).await.unwrap();
    let mut durable = bus.consume::<Docked>(format!("logbook-{}", unique())).await.unwrap();
    own.is_active("subscribing");

    let mut docked = 0;
    let mut next = || {
        docked += 1;
        Docked { number: unique() }
    };
    let signal = Signal { number: unique() };
    bus.publish(&signal).await.unwrap();
    own.is_active("publishing what no stream keeps");
    bus.publish(&next()).await.unwrap();
    own.is_active("publishing");
    bus.message(&next()).header("tenant", "a").publish().await.unwrap();
    own.is_active("publishing a draft");
    bus.publish_all([next(), next()]).await.unwrap();
    own.is_active("publishing many");
    let mut batch = bus.atomic();
    batch.add(&next()).unwrap().add(&next()).unwrap();
    batch.publish().await.unwrap();
    own.is_active("publishing all or nothing");
    let record = bus.message(&next()).record().unwrap();
    own.is_active("making a record");
    bus.publish_record(&record).await.unwrap();
    own.is_active("publishing a record");
    bus.request(&Inspect { number: 1 }).await.unwrap();
    own.is_active("asking");
    bus.request(&Inspect { number: 0 }).await.unwrap_err();
    own.is_active("an error reply");

    crate::soon(live.next()).await.unwrap().unwrap();
    own.is_active("hearing");
    for _ in 0..docked {
        crate::soon(stored.next()).await.unwrap().unwrap();
        own.is_active("reading a stream");
    }
    // Durable consumers begin with what was there before.
    let delivery = crate::soon(durable.next()).await.unwrap().unwrap();
    own.is_active("consuming");
    delivery.ack().await.unwrap();
    own.is_active("acknowledging");
    crate::soon(durable.next()).await.unwrap().unwrap().nak(None).await.unwrap();
    own.is_active("giving back");
    crate::soon(durable.next()).await.unwrap().unwrap().reject("no use").await.unwrap();
    own.is_active("rejecting");
    running.shutdown().await;
    own.is_active("a shutdown");
}

async fn a_handlers_span_stays(bus: Bus) {
    for traces in all_ways() {
        for name in ["own", "quiet own"] {
            let number = unique();
            let (sender, mut done) = mpsc::unbounded_channel();
            let handler = move |event: Launched, cx: Context| {
                let sender = sender.clone();
                async move {
                    let of_bus = Own::of(OtelContext::current());
                    let own = Own::begin(name);
                    let work = async {
                        yield_now().await;
                        own.is_active("waiting");
                        cx.publish(&Docked { number: event.number }).await?;
                        own.is_active("publishing");
                        cx.request(&Inspect { number: event.number }).await?;
                        own.is_active("asking");
                        cx.progress().await?;
                        own.is_active("a sign of life");
                        Ok::<_, Failure>(())
                    };
                    work.with_context(own.0.clone()).await?;
                    of_bus.is_active("a span within");
                    cx.publish(&Signal { number: event.number }).await?;
                    of_bus.is_active("publishing");
                    // Only the test's own events are told of: what another round has stored comes, too.
                    if event.number == number {
                        sender.send(own).map_err(|_| Failure::retry("nobody waits"))?;
                    }
                    Ok(())
                }
            };
            let running = Registry::new(format!("station-{number}"))
                .handle::<Launched>(handler)
                .handle::<Inspect>(async |ask: Inspect, _: Context| Ok(ask.number))
                .start(&bus.with_traces(traces.clone()))
                .await
                .unwrap();
            bus.publish(&Launched { number }).await.unwrap();
            crate::soon(done.recv()).await.unwrap().end().await;
            running.shutdown().await;
        }
    }
}
