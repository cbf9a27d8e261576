//! Lease for changes of the dead-letter stream, or of the consumers whose letters it keeps: several
//! registries and versions add what they want to it, and a server would let the last one that writes
//! undo what the others wrote.
//!
//! The lease is a message in the stream itself, which is stored only where there is none.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::naming;
use super::store::remove;
use crate::confirm::of_stream;
use crate::header::{self, Headers};
use crate::jitter::jittered;
use crate::subject::Subject;
use crate::transport::{Fault, Outgoing, Transport, Which};

/// Time for which somebody may hold the lease; then it is taken to be dead.
const HELD: Duration = Duration::from_secs(5);
/// Time for which the lease is waited for. What is changed without it is looked at again while the
/// registry runs.
const WAITS: Duration = Duration::from_secs(12);
/// Interval at which the lease is asked for.
const PAUSE: Duration = Duration::from_millis(25);

/// Does this while the lease is held, if it can be had: what is read meanwhile and written back is
/// changed by nobody else who waits for it.
pub(crate) async fn with_lease<T>(
    transport: &Transport,
    letters: Option<&str>,
    work: impl Future<Output = T>,
) -> T {
    let lease = match letters {
        Some(letters) => Lease::take(transport, letters).await,
        None => None,
    };
    let done = work.await;
    if let Some(lease) = lease {
        lease.release().await;
    }
    done
}

/// A lease that is held, which is to be [given back](Self::release).
#[derive(Debug)]
pub(super) struct Lease<'a> {
    transport: &'a Transport,
    letters: &'a str,
    sequence: u64,
}

impl<'a> Lease<'a> {
    /// Waits for the lease; `None` if it can't be had, as where the stream is full.
    pub(super) async fn take(transport: &'a Transport, letters: &'a str) -> Option<Self> {
        let deadline = Instant::now() + WAITS;
        while Instant::now() < deadline {
            match store(transport, letters).await {
                Ok(sequence) => return Some(Self { transport, letters, sequence }),
                Err(Fault::Api(error)) if error.is_conflict() => {
                    if let Err(fault) = end_old(transport, letters).await {
                        tracing::debug!(letters, %fault, "who has the lease can't be seen");
                    }
                }
                Err(fault) => {
                    tracing::debug!(letters, %fault, "the lease can't be taken");
                    return None;
                }
            }
            sleep(jittered(PAUSE)).await;
        }
        None
    }

    pub(super) async fn release(self) {
        let Self { transport, letters, sequence } = self;
        if let Err(fault) = remove(transport, letters, sequence).await {
            tracing::debug!(letters, %fault, "the lease ends by its time");
        }
    }
}

async fn store(transport: &Transport, letters: &str) -> Result<u64, Fault> {
    let mut headers = Headers::new();
    headers.push(header::EXPECTED_LAST_SUBJECT_SEQUENCE, "0");
    let message = Outgoing {
        subject: Subject::from(naming::lease_subject(letters)),
        headers,
        payload: bytes::Bytes::new(),
    };
    let within = HELD;
    let stored = async { transport.store(&message).await?.await };
    let ack = tokio::time::timeout(within, stored).await.map_err(|_| Fault::Timeout)??;
    Ok(of_stream(ack, letters)?.sequence)
}

/// Ends the lease of one who has died with it.
async fn end_old(transport: &Transport, letters: &str) -> Result<(), Fault> {
    let subject = naming::lease_subject(letters);
    let which = Which::Next { from: 1, filter: &subject };
    if let Some(held) = transport.stored(letters, which).await?
        // By the stream's own clock: another one may be wrong.
        && let Some(now) = transport.stream_time(letters).await?
        && now.duration_since(held.stored_at).unwrap_or_default() > HELD
    {
        remove(transport, letters, held.sequence).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dead_letter::naming::stream_config;
    use crate::transport::ConsumerConfig;
    use crate::transport::memory::Memory;

    const LETTERS: &str = "shop-dead-letters";

    /// Additions to what was read: each in turn, so that none of them undoes another's.
    #[tokio::test(start_paused = true)]
    async fn who_has_the_turn_is_alone() {
        let transport = Transport::Memory(Memory::new());
        let orders = crate::stream::StreamConfig::new("ORDERS", ["orders.>"]);
        transport.create_stream(&orders).await.unwrap();
        transport.create_stream(&stream_config(LETTERS, [("ORDERS", "shop")])).await.unwrap();
        let first = ConsumerConfig {
            filters: vec![Subject::from_static("orders.first")],
            ..ConsumerConfig::new("shop")
        };
        transport.create_consumer("ORDERS", &first).await.unwrap();
        let add = async |filter: String| {
            let mut found = transport.consumer("ORDERS", "shop").await.unwrap().unwrap();
            // As long as a server may take to answer.
            sleep(Duration::from_millis(20)).await;
            found.filters.push(Subject::from(filter));
            transport.update_consumer("ORDERS", &found).await.unwrap();
        };
        let all =
            (0..8).map(|n| with_lease(&transport, Some(LETTERS), add(format!("orders.n{n}"))));
        futures_util::future::join_all(all).await;
        let found = transport.consumer("ORDERS", "shop").await.unwrap().unwrap();
        assert_eq!(found.filters.len(), 9, "{:?}", found.filters);
        assert_eq!(transport.stream_state(LETTERS).await.unwrap().messages, 0);
    }
}
