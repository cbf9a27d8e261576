//! A plan as it is told.

use tidings::{PlanAction, StreamPlan};

use crate::finding::{Finding, Level};
use crate::terminal;

/// A plan in lines: one for the stream, and one for each field that differs, whatever is in it.
pub(super) fn text(plan: &StreamPlan) -> String {
    if plan.differences.is_empty() {
        return terminal::line(&plan.to_string());
    }
    let head = format!("stream {}: {}", plan.stream, plan.action);
    let fields = plan.differences.iter().map(|difference| format!("  {difference}"));
    let lines: Vec<_> =
        [head].into_iter().chain(fields).map(|line| terminal::line(&line)).collect();
    lines.join("\n")
}

/// Finding that a plan is for its stream, where nothing was done yet.
pub(super) fn finding(plan: &StreamPlan) -> Finding {
    let text = text(plan);
    let about = format!("stream {}", plan.stream);
    match plan.action {
        PlanAction::Nothing => Finding::new(Level::Pass, about, "plan", ""),
        PlanAction::Refuse => Finding::new(Level::Failure, about, "plan", text)
            .mend("the plan says what it needs: `--allow-data-loss`, or another stream"),
        _ => Finding::new(Level::Failure, about, "plan", text)
            .mend("`tidings stream apply` makes it so"),
    }
}
