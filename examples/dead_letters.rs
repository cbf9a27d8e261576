//! Dead letters: what can't be handled is tried again, then put aside with its reason, and put back once the
//! cause is mended.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context as _;
use tidings::prelude::*;
use tidings::{DeadLetterFilter, DeadLetterReason};
use tokio::sync::mpsc;

/// A customer pays.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "payments.{customer}.due", stream = Payments)]
struct PaymentDue {
    #[event(id)]
    payment: Uuid,
    customer: String,
    cents: u64,
}

#[derive(EventStream)]
#[stream(name = "PAYMENTS", subjects("payments.*.due"))]
struct Payments;

/// Charges a card, if the bank answers.
struct Charging {
    bank_answers: Arc<AtomicBool>,
    charged: mpsc::UnboundedSender<PaymentDue>,
}

impl Handler<PaymentDue> for Charging {
    async fn handle(&self, payment: PaymentDue, cx: Context) -> Result<(), Failure> {
        if payment.cents == 0 {
            // No retry will help: it is put aside at once.
            return Err(Failure::reject("nothing to pay"));
        }
        if !self.bank_answers.load(Ordering::Relaxed) {
            println!("attempt {}: the bank does not answer", cx.attempt());
            // Any other error is tried again, as the route's policy says.
            return Err(Failure::retry("the bank does not answer"));
        }
        self.charged.send(payment)?;
        Ok(())
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let bus = tidings_examples::bus().await?;
    let bank_answers = Arc::new(AtomicBool::new(false));
    let (sender, mut charged) = mpsc::unbounded_channel();
    let charging = Charging { bank_answers: Arc::clone(&bank_answers), charged: sender };

    // Three attempts, 50 and 100 ms apart. Then it is a dead letter of this registry, in a stream of
    // its own. (The name is this run's, since a server may still have the letters of the last.)
    let name = format!("bank-{}", Uuid::now_v7());
    let retry = Retry::exponential(3).first_delay(Duration::from_millis(50));
    let running = Registry::new(&name)
        .route(Route::of::<PaymentDue>(charging).retry(retry).deadline(Duration::from_secs(5)))
        .start(&bus)
        .await?;
    let customer = format!("ada-{}", Uuid::now_v7());
    let due = |cents| PaymentDue { payment: Uuid::now_v7(), customer: customer.clone(), cents };
    bus.publish_all([due(0), due(1900)]).await?;

    // Two letters are to come; a list shows those that are there.
    let letters = bus.dead_letters(&name);
    let mine = DeadLetterFilter::all().subject(format!("payments.{customer}.due"));
    while letters.count(mine.clone()).await? < 2 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let mut list = letters.list(mine.clone());
    while let Some(letter) = list.next().await {
        let letter = letter?;
        let payment: PaymentDue = letter.decode()?;
        println!("{} cents, {}: {}", payment.cents, letter.reason(), letter.error());
    }

    // The bank is back: what used up its attempts is put back, for the consumer that failed.
    bank_answers.store(true, Ordering::Relaxed);
    let tired = mine.clone().reason(DeadLetterReason::Attempts);
    let report = letters.redrive(tired).only_failed_consumer().await?;
    let payment = charged.recv().await.context("the handler is gone")?;
    println!("{} put back, and {} cents are charged", report.redriven, payment.cents);
    assert_eq!((report.redriven, payment.cents), (1, 1900));

    // What nobody will pay is thrown away.
    let report = letters.purge(mine).await?;
    assert_eq!(report.purged, 1);
    running.shutdown().await;
    Ok(())
}
