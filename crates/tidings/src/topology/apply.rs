//! Doing what a plan says.

use super::consumer_plan::ConsumerPlan;
use super::error::{ApplyConsumerError, ApplyError, ProvisionError};
use super::stream_plan::{PlanAction, StreamPlan};
use crate::transport::{ApiError, Fault, Transport};

/// Maximum number of times that a stream or a consumer is planned where somebody else changes it
/// meanwhile.
pub(super) const TRIES: usize = 5;

/// Does what the plan says, if the stream still is what it was planned against.
pub(crate) async fn apply(transport: &Transport, plan: StreamPlan) -> Result<(), ApplyError> {
    if plan.action == PlanAction::Refuse {
        return Err(ApplyError::Refused { plan: Box::new(plan) });
    }
    let failed = |fault| ApplyError::of(fault, &plan.stream);
    let found = transport.stream(&plan.stream).await.map_err(failed)?;
    if found != plan.found {
        return Err(ApplyError::Changed { stream: plan.stream });
    }
    match plan.action {
        PlanAction::Create => match transport.create_stream(&plan.target).await {
            Err(Fault::Api(error)) if error.code == ApiError::STREAM_NAME_IN_USE => {
                Err(ApplyError::Changed { stream: plan.stream })
            }
            created => created.map_err(failed),
        },
        PlanAction::Change => transport.update_stream(&plan.target).await.map_err(failed),
        PlanAction::Nothing | PlanAction::Refuse => Ok(()),
    }
}

/// Applies the plan of a durable consumer.
pub(crate) async fn apply_consumer(
    transport: &Transport,
    plan: ConsumerPlan,
) -> Result<(), ApplyConsumerError> {
    if plan.action == PlanAction::Refuse {
        return Err(ApplyConsumerError::Refused { plan: Box::new(plan) });
    }
    let ConsumerPlan { stream, consumer, .. } = &plan;
    let failed = |fault| ApplyConsumerError::Consumer {
        consumer: consumer.clone(),
        source: ProvisionError::of(fault, stream),
    };
    let changed =
        || ApplyConsumerError::Changed { stream: stream.clone(), consumer: consumer.clone() };
    if transport.consumer(stream, consumer).await.map_err(failed)? != plan.found {
        return Err(changed());
    }
    match plan.action {
        PlanAction::Create => match transport.create_consumer(stream, &plan.target).await {
            Err(Fault::Api(error)) if error.code == ApiError::CONSUMER_EXISTS => Err(changed()),
            created => created.map_err(failed),
        },
        PlanAction::Change => transport.update_consumer(stream, &plan.target).await.map_err(failed),
        PlanAction::Nothing | PlanAction::Refuse => Ok(()),
    }
}
