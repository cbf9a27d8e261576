//! Streams and consumers: created where they are missing, never changed silently.

mod error;
mod stream_handle;

pub(crate) use error::ConsumerFault;
pub use error::ProvisionError;
pub use stream_handle::{StreamError, StreamHandle};

use std::collections::BTreeSet;

use crate::stream::StreamConfig;
use crate::transport::{ApiError, ConsumerConfig, Fault, Foreign, Transport};

/// How many messages of one consumer may be unsettled at a time over all its readers; NATS's own
/// default.
pub(crate) const MAX_ACK_PENDING: u64 = 1000;

/// What provisioning found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Provisioned {
    /// The stream was missing and was created.
    Created,
    /// The stream was there and keeps what it should.
    Existing,
}

/// Creates the stream where it is missing. One that is there is left as it is, if it keeps the
/// same subjects.
pub(crate) async fn provision(
    transport: &Transport,
    wanted: &StreamConfig,
) -> Result<Provisioned, ProvisionError> {
    let name = &wanted.name;
    if let Some(found) = look_up(transport, name).await? {
        return keeps(wanted, &found).map(|()| Provisioned::Existing);
    }
    match transport.create_stream(wanted).await {
        Ok(()) => Ok(Provisioned::Created),
        // Somebody else created it meanwhile.
        Err(Fault::Api(error)) if error.code == ApiError::STREAM_NAME_IN_USE => {
            match look_up(transport, name).await? {
                Some(found) => keeps(wanted, &found).map(|()| Provisioned::Existing),
                None => Err(ProvisionError::of(Fault::Api(error), name)),
            }
        }
        Err(fault) => Err(ProvisionError::of(fault, name)),
    }
}

async fn look_up(
    transport: &Transport,
    name: &str,
) -> Result<Option<StreamConfig>, ProvisionError> {
    transport.stream(name).await.map_err(|fault| ProvisionError::of(fault, name))
}

/// Whether a stream that was found keeps every subject that is wanted.
fn keeps(wanted: &StreamConfig, found: &StreamConfig) -> Result<(), ProvisionError> {
    let theirs: Vec<&str> = found.subjects.iter().map(String::as_str).collect();
    match wanted.subjects.iter().find(|ours| !tidings_subject::covers(&theirs, ours)) {
        None => Ok(()),
        Some(missing) => Err(ProvisionError::Subjects {
            stream: wanted.name.clone(),
            missing: missing.clone(),
            found: found.subjects.clone(),
        }),
    }
}

/// Creates the durable consumer where it is missing; refuses one that does something else.
pub(crate) async fn ensure_consumer(
    transport: &Transport,
    stream: &str,
    wanted: &ConsumerConfig,
) -> Result<(), ConsumerFault> {
    let found = match transport.consumer(stream, &wanted.name).await? {
        Some(found) => found,
        None => match transport.create_consumer(stream, wanted).await {
            Ok(()) => return Ok(()),
            // Another instance created it meanwhile.
            Err(Fault::Api(error)) if error.code == ApiError::CONSUMER_EXISTS => {
                let found = transport.consumer(stream, &wanted.name).await?;
                found.ok_or(Fault::Api(error))?
            }
            Err(fault) => return Err(fault.into()),
        },
    };
    let filters = |config: &ConsumerConfig| -> BTreeSet<String> {
        config.filters.iter().map(ToString::to_string).collect()
    };
    let (ours, theirs) = (filters(wanted), filters(&found));
    let description = if ours != theirs {
        format!("it takes {theirs:?}, this one {ours:?}")
    } else if let Some(foreign) = found.foreign.first() {
        let Foreign { field, ours, theirs } = foreign;
        format!("its {field} is {theirs}, this one's {ours}")
    } else if wanted.wait_of(1) != found.wait_of(1) {
        // A server makes the ack wait the first of the backoff.
        format!("its ack wait is {:?}, this one's {:?}", found.wait_of(1), wanted.wait_of(1))
    } else {
        return Ok(());
    };
    Err(ConsumerFault::Differs { description })
}
