//! Streams and consumers: created where they are missing, changed as far as a program may, and
//! never silently.

mod apply;
mod consumer_plan;
mod difference;
mod error;
mod mode;
mod stream_difference;
mod stream_handle;
mod stream_plan;

pub(crate) use apply::apply;
pub use consumer_plan::ConsumerPlan;
pub use difference::{Difference, DifferenceKind, Setting};
pub use error::{ApplyError, ProvisionError};
pub(crate) use error::{ConsumerFault, RestoreFault, not_planned};
pub(crate) use mode::Modes;
pub use mode::Topology;
pub use stream_handle::{StreamError, StreamHandle};
pub(crate) use stream_plan::plan_stream;
pub use stream_plan::{PlanAction, StreamPlan};

use crate::stream::StreamConfig;
use crate::transport::{ApiError, ConsumerConfig, Fault, Transport};

/// How many messages of one consumer may be unsettled at a time over all its readers; NATS's own
/// default.
pub(crate) const MAX_ACK_PENDING: u64 = 1000;

/// How often a stream is planned anew where somebody else changes it meanwhile.
const TRIES: usize = 5;

/// What provisioning found.
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
            // Somebody else is at it, most likely another instance that wants the same.
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

/// Makes the durable consumer what is wanted, as far as the mode lets it. Gives the differences
/// that were left.
pub(crate) async fn ensure_consumer(
    transport: &Transport,
    stream: &str,
    wanted: &ConsumerConfig,
    mode: Topology,
) -> Result<ConsumerPlan, ConsumerFault> {
    let consumer = &wanted.name;
    let plan = plan_consumer(transport, stream, wanted).await?;
    let plan = match (plan.action, mode) {
        (PlanAction::Create, Topology::BindOnly) => return Err(ConsumerFault::Missing),
        (PlanAction::Create, _) => match transport.create_consumer(stream, wanted).await {
            // Another instance created it meanwhile.
            Err(Fault::Api(error)) if error.code == ApiError::CONSUMER_EXISTS => {
                plan_consumer(transport, stream, wanted).await?
            }
            created => {
                created?;
                return Ok(plan);
            }
        },
        _ => plan,
    };
    match (plan.action, mode) {
        (PlanAction::Nothing | PlanAction::Create, _) => Ok(plan),
        (PlanAction::Change, Topology::Manage) => {
            tracing::info!(stream, consumer, %plan, "a consumer is changed to what is asked for");
            transport.update_consumer(stream, &plan.target).await?;
            Ok(ConsumerPlan::new(stream, wanted, Some(&plan.target)))
        }
        (PlanAction::Refuse, Topology::Manage) => Err(ConsumerFault::differs(plan)),
        _ if plan.is_useless() => Err(ConsumerFault::differs(plan)),
        _ => {
            tracing::warn!(
                stream, consumer, %mode, %plan,
                "a consumer is not as asked for, and left so"
            );
            Ok(plan)
        }
    }
}

/// Looks at the consumer and says what is to be done about it; one of a stream that is missing is
/// missing as well.
pub(crate) async fn plan_consumer(
    transport: &Transport,
    stream: &str,
    wanted: &ConsumerConfig,
) -> Result<ConsumerPlan, Fault> {
    let found = transport.consumer(stream, &wanted.name).await?;
    Ok(ConsumerPlan::new(stream, wanted, found.as_ref()))
}
