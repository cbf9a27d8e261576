//! Plan for a stream.

use std::fmt;

use serde::Serialize;

use super::difference::{Difference, DifferenceKind};
use super::stream_difference::{compare, contradiction};
use crate::stream::{Fitted, StreamConfig, StreamOverride};
use crate::transport::{Fault, Transport};

/// Action on a stream or a consumer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum PlanAction {
    /// Create the stream or consumer, which is missing.
    Create,
    /// No change: the stream is as it should be.
    Nothing,
    /// Change the fields that differ.
    Change,
    /// Refuse: it differs in a way that can't be changed, or would lose messages, and is left as it
    /// is.
    Refuse,
}

/// Plan for a stream, made by `Bus::plan` and done by `Bus::apply`.
///
/// What a declaration leaves open (`None`) is left as it is, and so is what a server adds. Where
/// a stream begins (`first_seq`) is history in one that exists, and not compared. Serialized, a
/// plan is an object with `stream`, `action` and `differences`, values as NATS's JSON has them.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct StreamPlan {
    /// The stream.
    pub stream: String,
    /// The action to take.
    pub action: PlanAction,
    /// Fields that differ; for a stream that is missing, one because of which no server would make it.
    pub differences: Vec<Difference>,
    /// Fields of the declaration that are others in this environment: by `BusBuilder::single_node`, the
    /// variable `TIDINGS_STREAM_REPLICAS` or `Registry::stream_config`. The differences are to what is used.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub overrides: Vec<StreamOverride>,
    /// Configuration that it is to have in the end.
    #[serde(skip)]
    pub(super) target: StreamConfig,
    /// Configuration that was found.
    #[serde(skip)]
    pub(super) found: Option<StreamConfig>,
}

impl StreamPlan {
    /// Plans a stream that is there, or is missing.
    pub(super) fn new(wanted: &StreamConfig, found: Option<StreamConfig>) -> Self {
        let stream = wanted.name.clone();
        let Some(found) = found else {
            let target = wanted.clone();
            let differences: Vec<_> = contradiction(wanted).into_iter().collect();
            let action =
                if differences.is_empty() { PlanAction::Create } else { PlanAction::Refuse };
            return Self {
                stream,
                action,
                differences,
                overrides: Vec::new(),
                target,
                found: None,
            };
        };
        let comparison = compare(wanted, &found);
        Self {
            stream,
            action: action(&comparison.differences, |kind| kind == DifferenceKind::Mutable),
            differences: comparison.differences,
            overrides: Vec::new(),
            target: comparison.target,
            found: Some(found),
        }
    }

    /// Lets a change be made that loses messages, if nothing else stands against it.
    #[must_use]
    pub fn allow_data_loss(mut self) -> Self {
        if self.action == PlanAction::Refuse {
            self.action = action(&self.differences, |kind| {
                matches!(kind, DifferenceKind::Mutable | DifferenceKind::Lossy)
            });
        }
        self
    }

    /// The differences because of which the plan is refused.
    pub fn refused(&self) -> impl Iterator<Item = &Difference> {
        refused(self.action, &self.differences)
    }
}

/// Action where changes of some kinds may be made.
pub(super) fn action(
    differences: &[Difference],
    allowed: impl Fn(DifferenceKind) -> bool,
) -> PlanAction {
    if differences.is_empty() {
        PlanAction::Nothing
    } else if differences.iter().all(|difference| allowed(difference.kind)) {
        PlanAction::Change
    } else {
        PlanAction::Refuse
    }
}

pub(super) fn refused(
    action: PlanAction,
    differences: &[Difference],
) -> impl Iterator<Item = &Difference> {
    let differences = if action == PlanAction::Refuse { differences } else { &[] };
    let may = [DifferenceKind::Mutable, DifferenceKind::Repeating];
    differences.iter().filter(move |difference| !may.contains(&difference.kind))
}

/// Looks at the stream and says what is to be done about it.
pub(crate) async fn plan_stream(
    transport: &Transport,
    wanted: &StreamConfig,
) -> Result<StreamPlan, Fault> {
    Ok(StreamPlan::new(wanted, transport.stream(&wanted.name).await?))
}

/// Looks at a stream as it is declared and used here, and says what is to be done about it.
pub(crate) async fn plan_fitted(
    transport: &Transport,
    Fitted { config, overrides }: Fitted,
) -> Result<StreamPlan, Fault> {
    Ok(StreamPlan { overrides, ..plan_stream(transport, &config).await? })
}

/// Writes the plan in lines, one for each field; with `{:#}` all in one.
impl fmt::Display for StreamPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "stream {}: {}", self.stream, self.action)?;
        if self.action == PlanAction::Create {
            write!(f, ", for {}", self.target.subjects.join(", "))?;
        } else {
            fields(f, &self.differences)?;
        }
        if f.alternate() {
            return Ok(());
        }
        self.overrides.iter().try_for_each(|one| write!(f, "\n  {one}"))
    }
}

pub(super) fn fields(f: &mut fmt::Formatter<'_>, differences: &[Difference]) -> fmt::Result {
    for (i, difference) in differences.iter().enumerate() {
        match (f.alternate(), i) {
            (false, _) => write!(f, "\n  {difference}")?,
            (true, 0) => write!(f, ", {difference}")?,
            (true, _) => write!(f, "; {difference}")?,
        }
    }
    Ok(())
}

impl fmt::Display for PlanAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Create => "create",
            Self::Nothing => "nothing to do",
            Self::Change => "change",
            Self::Refuse => "refused",
        })
    }
}
