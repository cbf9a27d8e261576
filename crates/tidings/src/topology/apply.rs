//! Doing what a plan says.

use super::error::ApplyError;
use super::stream_plan::{PlanAction, StreamPlan};
use crate::transport::{ApiError, Fault, Transport};

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
