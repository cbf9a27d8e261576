//! Delayed messages that a consumer delivers before they are due (ADR-51).

use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use crate::header;
use crate::stream::Retention;
use crate::timestamp;
use crate::transport::{Fault, Incoming, Settlement, SettlementReason, Transport};

/// The ack of a message that is passed over, on its way.
pub(super) type Passing = Pin<Box<dyn Future<Output = Result<(), Fault>> + Send>>;

/// Time that a message that waits is given back for where it does not say until when, and the
/// longest.
const A_WHILE: Duration = Duration::from_secs(60);
const LONGEST: Duration = Duration::from_secs(24 * 3600);
/// A message that is due is soon gone from where it waited.
const MARGIN: Duration = Duration::from_secs(1);

/// Leaving of messages that wait in one consumer's stream.
pub(super) struct Waiting {
    transport: Transport,
    /// `true` if an ack cancels them; asked when the first comes.
    ack_cancels: Arc<OnceLock<bool>>,
}

impl Waiting {
    pub(super) fn new(transport: &Transport) -> Self {
        Self { transport: transport.clone(), ack_cancels: Arc::default() }
    }

    /// Settles one so that it stays in its stream: an ack is for the consumer alone only where the
    /// stream keeps what is acknowledged. Else it is given back until it is due.
    #[cold]
    pub(super) fn leave(&self, message: &Incoming) -> Option<Passing> {
        let (settle, receipt) = (message.settle.clone()?, message.receipt.as_ref()?);
        let (transport, known) = (self.transport.clone(), Arc::clone(&self.ack_cancels));
        let stream = Arc::clone(&receipt.stream);
        let due = message.headers.get(header::SCHEDULE).and_then(due);
        Some(Box::pin(async move {
            let ack_cancels = if let Some(known) = known.get() {
                *known
            } else {
                let ack_cancels = ack_cancels(&transport, &stream).await?;
                *known.get_or_init(|| ack_cancels)
            };
            let due_in = || {
                let left = due.map(|due| due.duration_since(transport.now()).unwrap_or_default());
                left.map_or(A_WHILE, |left| left.min(LONGEST) + MARGIN)
            };
            let reason = SettlementReason::NotDue { ack_cancels, due_in: due_in() };
            settle.send(Settlement::of(reason)).await
        }))
    }
}

async fn ack_cancels(transport: &Transport, stream: &str) -> Result<bool, Fault> {
    let config = transport.stream(stream).await?;
    Ok(config.is_some_and(|config| config.retention != Retention::Limits))
}

fn due(schedule: &str) -> Option<SystemTime> {
    timestamp::read(schedule.strip_prefix("@at ")?)
}
