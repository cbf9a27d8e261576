//! Records of one stream, all of them stored or none.

use std::time::Duration;

use super::data::Record;
use super::error::AtomicRecordsError;
use crate::link::Link;
#[cfg(feature = "metrics")]
use crate::observe::Metrics;
use crate::observe::SendError as _;
use crate::publish_ack::{AtomicAck, PublishAck};
use crate::traces::{Operation, Parent, Sent};
use crate::transport::{ApiError, AtomicFault, Fault, Outgoing};

/// Publishes records of one stream so that it stores all of them or none; tries it once.
pub(crate) async fn publish_records_atomically(
    link: &Link,
    records: &[Record],
) -> Result<AtomicAck, AtomicRecordsError> {
    let Some(stream) = stream_of(records) else { return Err(AtomicRecordsError::Streams) };
    let (operation, transport) = (Operation::Publish, &link.transport);
    let messages = Some(records.len());
    let all = Sent { operation, template: None, stream: None, transport, messages };
    let span = link.traces.send_many(all, &Parent::default());
    for record in records {
        span.link(record.headers());
    }
    let stored = store(link, stream, records).await;
    span.end(&stored, |error| error.kind().into());
    #[cfg(feature = "metrics")]
    if let Ok(stored) = &stored
        && link.measures_every().is_some()
    {
        let ack = PublishAck {
            stream: stored.stream.clone(),
            sequence: stored.last_sequence,
            duplicate: false,
        };
        Metrics::records(records.iter().map(|_| Ok(Some(&ack))));
    }
    stored
}

/// The one stream that is to keep all of these, two at least.
fn stream_of(records: &[Record]) -> Option<&str> {
    let [first, rest @ ..] = records else { return None };
    let stream = first.stream()?;
    let is_one = !rest.is_empty() && rest.iter().all(|record| record.stream() == Some(stream));
    is_one.then_some(stream)
}

async fn store(
    link: &Link,
    stream: &str,
    records: &[Record],
) -> Result<AtomicAck, AtomicRecordsError> {
    let messages: Vec<Outgoing> =
        records.iter().map(|record| record.clone().into_outgoing().0).collect();
    let of_stream = || stream.to_owned();
    let within = link.timeouts.ack;
    let PublishAck { stream: answered, sequence, .. } =
        match link.transport.store_atomically(&messages, within).await {
            Ok(ack) => ack,
            Err(fault) => return Err(error_of(fault, of_stream(), within)),
        };
    if answered != stream {
        return Err(AtomicRecordsError::WrongStream { stream: of_stream(), answered });
    }
    let before = records.len() as u64 - 1;
    let first_sequence = sequence.saturating_sub(before);
    Ok(AtomicAck { stream: answered, first_sequence, last_sequence: sequence, duplicate: false })
}

fn error_of(fault: AtomicFault, stream: String, waited: Duration) -> AtomicRecordsError {
    match fault {
        AtomicFault::TooOld(version) => {
            let reason = format!("server {version} does not know batches; 2.12.1 does");
            AtomicRecordsError::NotStored { stream, reason: reason.into() }
        }
        AtomicFault::Batch(fault @ Fault::Denied(_)) | AtomicFault::Message(_, fault) => {
            AtomicRecordsError::NotStored { stream, reason: Box::new(fault) }
        }
        AtomicFault::Batch(Fault::Api(error)) if error.code != ApiError::IN_PROCESS => {
            AtomicRecordsError::NotStored { stream, reason: Box::new(Fault::Api(error)) }
        }
        // It was sent whole, and nobody says what became of it.
        AtomicFault::Batch(_) => AtomicRecordsError::Unconfirmed { stream, waited },
    }
}
