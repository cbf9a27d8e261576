//! Answers of the server, asked for now and then, however many want to know.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use crate::transport::{Fault, Transport};

/// Age up to which an answer is given once more.
const FRESH: Duration = Duration::from_millis(500);

/// The server's last sign of life that was asked for. Who asks while somebody else does waits for the same
/// answer.
#[derive(Debug, Default)]
pub(crate) struct Pulse(Mutex<Option<Felt>>);

#[derive(Debug)]
struct Felt {
    at: Instant,
    /// Maximum time that an answer was waited for.
    within: Duration,
    /// Fault, if anything is wrong.
    fault: Option<String>,
}

impl Pulse {
    /// Asks whether the server answers, unless that is known; gives what is wrong, if anything is.
    pub(crate) async fn feel(&self, transport: &Transport, within: Duration) -> Option<String> {
        let begun = Instant::now();
        let Ok(mut last) = timeout(within, self.0.lock()).await else {
            return Some(Fault::Timeout.to_string());
        };
        if let Some(felt) = &*last
            && felt.at.elapsed() < FRESH
            // Who waits for longer may hear more.
            && (felt.fault.is_none() || felt.within >= within)
        {
            return felt.fault.clone();
        }
        let left = within.saturating_sub(begun.elapsed());
        let fault = transport.barrier(left).await.err().map(|fault| fault.to_string());
        *last = Some(Felt { at: Instant::now(), within, fault: fault.clone() });
        fault
    }
}
