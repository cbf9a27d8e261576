//! Two versions of an event in one stream, and one handler, which knows only the newer.

use anyhow::Context as _;
use tidings::prelude::*;
use tokio::sync::mpsc::unbounded_channel;

/// Stream of all that is invoiced.
#[derive(EventStream)]
#[stream(name = "INVOICES", subjects("invoices.>"))]
struct Invoices;

/// An invoice as it was sent years ago: in whole euros.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "invoices.sent", version = 1, stream = Invoices)]
struct InvoiceSentV1 {
    #[event(id)]
    invoice: Uuid,
    euros: u64,
}

/// An invoice was sent. No program of before reads cents, so this is another version.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "invoices.sent", version = 2, upcasts = InvoiceSentV1, stream = Invoices)]
struct InvoiceSent {
    #[event(id)]
    invoice: Uuid,
    cents: u64,
}

impl Upcast<InvoiceSentV1> for InvoiceSent {
    fn upcast(old: InvoiceSentV1) -> Self {
        Self { invoice: old.invoice, cents: old.euros * 100 }
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let bus = tidings_examples::bus().await?;
    let (tell, mut handled) = unbounded_channel();
    let ledger = move |sent: InvoiceSent, _: Context| {
        // Nobody is told any more once this program has ended.
        let _ = tell.send(sent);
        std::future::ready(Ok(()))
    };
    let running = Registry::new("ledger").handle::<InvoiceSent>(ledger).start(&bus).await?;

    // Two programs publish: one that was not changed for years, and one of today.
    let (old, new) = (Uuid::now_v7(), Uuid::now_v7());
    let first = bus.publish(&InvoiceSentV1 { invoice: old, euros: 12 }).await?;
    bus.publish(&InvoiceSent { invoice: new, cents: 350 }).await?;
    let mut sum = 0;
    for _ in 0..2 {
        let sent = handled.recv().await.context("the ledger has ended")?;
        println!("handled: {} cents", sent.cents);
        sum += sent.cents;
    }
    assert_eq!(sum, 1200 + 350);
    running.shutdown().await;

    // A replay reads both in the same way.
    let mut history = bus.replay::<InvoiceSent>(DeliverFrom::Sequence(first.sequence)).await?;
    for invoice in [old, new] {
        let sent = history.next().await.context("the bus is closed")??;
        assert_eq!(sent.invoice, invoice);
        println!("stored as {}: {} cents", sent.sequence(), sent.cents);
    }
    Ok(())
}
