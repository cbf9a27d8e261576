//! A plan as a finding.

use tidings::{PlanAction, StreamPlan};

use crate::finding::{Finding, Level};

/// What a plan says of its stream, where nothing was done yet.
pub(super) fn finding(plan: &StreamPlan) -> Finding {
    let text = plan.to_string();
    let about = format!("stream {}", plan.stream);
    match plan.action {
        PlanAction::Nothing => Finding::new(Level::Pass, about, "plan", ""),
        PlanAction::Refuse => Finding::new(Level::Failure, about, "plan", text)
            .mend("the plan says what it needs: `--allow-data-loss`, or another stream"),
        _ => Finding::new(Level::Failure, about, "plan", text)
            .mend("`tidings stream apply` makes it so"),
    }
}
