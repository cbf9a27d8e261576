//! Spans of OpenTelemetry: an order goes through two services, one of which asks the other, and all of it is one trace.

use std::sync::{Arc, Mutex};

use anyhow::Context as _;
use opentelemetry::{SpanId, global};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanData, SpanExporter};
use tidings::Traces;
use tidings::prelude::*;
use tidings_examples::shop::{OrderCreated, Orders, Region};
use tokio::sync::mpsc;

/// Question for the rest of a credit, in cents.
#[derive(Debug, Serialize, Deserialize, JsonSchema, Request)]
#[request(subject = "credits.check", reply = u64)]
struct CheckCredit {
    cents: u64,
}

/// The order was paid.
#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "payments.received")]
struct PaymentReceived {
    order_id: Uuid,
}

/// Keeps spans for this example; a program takes an exporter of OTLP.
#[derive(Debug, Clone, Default)]
struct Kept(Arc<Mutex<Vec<SpanData>>>);

impl SpanExporter for Kept {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).extend(batch);
        Ok(())
    }
}

impl Kept {
    fn spans(&self) -> Vec<SpanData> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }
}

/// Prints a span, and below it its children; gives how many there are.
fn print(spans: &[SpanData], parent: SpanId, depth: usize) -> usize {
    let mut count = 0;
    for span in spans.iter().filter(|span| span.parent_span_id == parent) {
        println!("{:depth$}{} ({:?})", "", span.name, span.span_kind, depth = 2 * depth);
        count += 1 + print(spans, span.span_context.span_id(), depth + 1);
    }
    count
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let kept = Kept::default();
    let provider = SdkTracerProvider::builder().with_simple_exporter(kept.clone()).build();
    global::set_tracer_provider(provider);
    let bus = tidings_examples::bus().await?.with_traces(Traces::new());
    bus.provision::<Orders>().await?;

    let (sender, mut paid) = mpsc::unbounded_channel();
    let charge = move |order: OrderCreated, cx: Context| {
        let sender = sender.clone();
        async move {
            cx.request(&CheckCredit { cents: order.total_cents }).await?;
            cx.publish(&PaymentReceived { order_id: order.order_id }).await?;
            Ok(sender.send(order.order_id)?)
        }
    };
    let bank = Registry::new("traced-bank")
        .handle::<CheckCredit>(async |ask: CheckCredit, _: Context| Ok(10_000 - ask.cents))
        .start(&bus)
        .await?;
    let shop = Registry::new("traced-shop")
        .route(Route::of::<OrderCreated>(charge).from(DeliverFrom::New))
        .start(&bus)
        .await?;

    let order = OrderCreated { order_id: Uuid::now_v7(), region: Region::Eu, total_cents: 4200 };
    bus.publish(&order).await?;
    while paid.recv().await.context("it has ended")? != order.order_id {}
    // Each waits until what was begun is settled: then all spans have ended.
    shop.shutdown().await;
    bank.shutdown().await;
    // The publish, its handler, the request and its handler, the payment.
    let mut spans = kept.spans();
    let of_order = |span: &&SpanData| span.name.ends_with("orders.{region}.created");
    let trace = spans.iter().find(of_order).context("it has a span")?.span_context.trace_id();
    spans.retain(|span| span.span_context.trace_id() == trace);
    assert_eq!(print(&spans, SpanId::INVALID, 0), 5, "each span hangs together with the first");
    Ok(())
}
