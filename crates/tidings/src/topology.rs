//! Streams and consumers: created where they are missing, changed as far as a program may, and
//! never silently.

mod apply;
mod consumer;
mod consumer_plan;
mod difference;
mod error;
mod list_error;
mod mode;
mod owner;
mod stream_difference;
mod stream_handle;
mod stream_plan;

pub(crate) use apply::{apply, apply_consumer};
pub(crate) use consumer::{
    MAX_ACK_PENDING, ensure_consumer, given_back_until, look_at_consumer, note_given_back,
    plan_consumer,
};
pub use consumer_plan::ConsumerPlan;
pub use difference::{Difference, DifferenceKind, Setting};
pub use error::{ApplyConsumerError, ApplyError, ProvisionError};
pub(crate) use error::{ConsumerFault, RestoreFault, not_planned};
pub use list_error::ListError;
pub(crate) use mode::Modes;
pub use mode::Topology;
pub use owner::ConsumerOwner;
pub use stream_handle::{StreamError, StreamHandle};
pub use stream_plan::{PlanAction, StreamPlan};
pub(crate) use stream_plan::{plan_fitted, plan_stream};

use apply::TRIES;

use crate::stream::StreamConfig;
use crate::transport::{ApiError, Fault, Transport};

/// Result of provisioning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Provisioned {
    /// The stream was missing and was created.
    Created,
    /// The stream was there and keeps what it should.
    Existing,
    /// The stream was there and was changed to what is declared.
    Changed,
}

/// Makes the stream what is wanted, as far as the mode lets it.
pub(crate) async fn provision(
    transport: &Transport,
    wanted: &StreamConfig,
    mode: Topology,
) -> Result<Provisioned, ProvisionError> {
    let mut tries = 0;
    loop {
        tries += 1;
        match provision_once(transport, wanted, mode).await {
            // Somebody else changes the stream, most likely another instance that wants the same.
            Err(ProvisionError::Changed { .. }) if tries < TRIES => {}
            outcome => return outcome,
        }
    }
}

async fn provision_once(
    transport: &Transport,
    wanted: &StreamConfig,
    mode: Topology,
) -> Result<Provisioned, ProvisionError> {
    let stream = &wanted.name;
    let planned = plan_stream(transport, wanted).await;
    let plan = planned.map_err(|fault| ProvisionError::of(fault, stream))?;
    let outcome = match (&plan.found, plan.action, mode) {
        (None, _, Topology::BindOnly) => {
            return Err(ProvisionError::Missing { stream: stream.clone() });
        }
        (None, ..) => Provisioned::Created,
        (Some(_), PlanAction::Change, Topology::Manage) => {
            tracing::info!(stream, %plan, "a stream is changed to what is declared");
            Provisioned::Changed
        }
        (Some(_), PlanAction::Refuse, Topology::Manage) => {
            return Err(ProvisionError::Differs { plan: Box::new(plan) });
        }
        (Some(found), ..) => {
            keeps(wanted, found)?;
            if !plan.differences.is_empty() {
                tracing::warn!(stream, %mode, %plan, "a stream is not as declared, and left so");
            }
            return Ok(Provisioned::Existing);
        }
    };
    apply(transport, plan).await?;
    Ok(outcome)
}

/// Checks whether a stream that was found keeps every subject that is wanted.
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

/// Makes a stream again that was lost or deleted while it was in use, as far as the mode lets it.
///
/// One that is there is left as it is: it was judged when the program started.
pub(crate) async fn restore_stream(
    transport: &Transport,
    wanted: &StreamConfig,
    mode: Topology,
) -> Result<(), ProvisionError> {
    let stream = &wanted.name;
    let failed = |fault| ProvisionError::of(fault, stream);
    if transport.stream(stream).await.map_err(failed)?.is_some() {
        return Ok(());
    }
    if mode == Topology::BindOnly {
        return Err(ProvisionError::Missing { stream: stream.clone() });
    }
    tracing::warn!(stream, "a stream is gone, and is made again");
    match transport.create_stream(wanted).await {
        // Another instance has made it meanwhile.
        Err(Fault::Api(error)) if error.code == ApiError::STREAM_NAME_IN_USE => Ok(()),
        created => created.map_err(failed),
    }
}
