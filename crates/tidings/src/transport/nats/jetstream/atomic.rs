//! Messages that a stream stores all or nothing (ADR-50).

use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::timeout;

use crate::publish_ack::PublishAck;
use crate::transport::atomic::in_batch;
use crate::transport::nats::connection::nats::Nats;
use crate::transport::nats::request::publish_ack::publish_ack;
use crate::transport::{ApiError, AtomicFault, Fault, Outgoing};

/// The first version whose batches take message ids.
const SINCE: [u64; 3] = [2, 12, 1];

impl Nats {
    /// The server's version, where it is older than this one.
    pub(crate) fn older_than(&self, since: [u64; 3]) -> Option<String> {
        let version = self.client().server_info().version;
        let numbers = version.split(['-', '+']).next().unwrap_or_default().split('.');
        let numbers: Vec<u64> = numbers.map_while(|number| number.parse().ok()).collect();
        // A version that can't be read is taken for new enough.
        (!numbers.is_empty() && numbers[..] < since[..]).then_some(version)
    }

    /// The first message opens the batch, and the others are sent only once it is open: what a
    /// stream that knows no batches is sent, it stores.
    pub(crate) async fn store_atomically(
        &self,
        messages: &[Outgoing],
        within: Duration,
    ) -> Result<PublishAck, AtomicFault> {
        if let Some(version) = self.older_than(SINCE) {
            return Err(AtomicFault::TooOld(version));
        }
        let batch = in_batch(messages);
        for (place, message) in batch.iter().enumerate() {
            self.check_size(message).map_err(|fault| AtomicFault::Message(place, fault))?;
        }
        let mut batch = batch.into_iter().enumerate();
        if let Some((place, first)) = batch.next() {
            let opened = self.ask_server(first, within).await;
            let opened = opened.map_err(|fault| AtomicFault::Message(place, fault))?;
            if !opened.payload.is_empty() {
                let refused = publish_ack(&opened.payload).err();
                // A message that is acked here was stored alone, by a server that is older than the
                // one that took it.
                let too_old = || AtomicFault::TooOld("an older server of its cluster".to_owned());
                return Err(refused.map_or_else(too_old, |f| AtomicFault::Message(place, f)));
            }
        }
        let mut answers = Vec::with_capacity(messages.len());
        let mut under_way = 0;
        let sending = async {
            for (place, message) in batch {
                under_way = place;
                answers.push(self.question(&message).await?);
            }
            Ok(())
        };
        // What is not sent to its end is never stored.
        match timeout(within, sending).await {
            Ok(Ok(())) => {}
            Ok(Err(fault)) => return Err(AtomicFault::Message(under_way, fault)),
            Err(_) => return Err(AtomicFault::Message(under_way, Fault::Timeout)),
        }
        let Some(last) = answers.pop() else { return Err(AtomicFault::Batch(Fault::Timeout)) };
        let stored = match timeout(within, last).await {
            Ok(Ok(answer)) => publish_ack(&answer.payload),
            Ok(Err(Fault::Closed)) => Err(Fault::Closed),
            Ok(Err(fault)) => return Err(AtomicFault::Message(messages.len() - 1, fault)),
            Err(_) => Err(Fault::Timeout),
        };
        match stored {
            Err(Fault::Api(error)) if error.code == ApiError::BATCH_INCOMPLETE => {
                // One did not get there. Whoever knows why has said so before this is answered.
                let _ = self.main_barrier(within).await;
                for (place, answer) in (1..).zip(answers) {
                    let fault = match answer.now_or_never() {
                        Some(Ok(answer)) if answer.payload.is_empty() => continue,
                        Some(Ok(answer)) => publish_ack(&answer.payload).err(),
                        Some(Err(fault)) => Some(fault),
                        None => None,
                    };
                    match fault {
                        Some(Fault::Api(error)) if error.code == ApiError::BATCH_INCOMPLETE => {}
                        Some(fault) => return Err(AtomicFault::Message(place, fault)),
                        None => {}
                    }
                }
                Err(AtomicFault::Batch(Fault::Api(error)))
            }
            stored => stored.map_err(AtomicFault::Batch),
        }
    }
}
