//! Plan for a durable consumer.
//!
//! Where a consumer starts is history in one that exists: it goes on where it stands, and so its
//! deliver policy is not compared.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::Serialize;
use tidings_subject::covers;

use super::difference::{Difference, DifferenceKind, Setting};
use super::owner::{self, Ownership};
use super::stream_plan::{PlanAction, action, fields, refused};
use crate::subject::Subject;
use crate::transport::{ConsumerConfig, Foreign};

use DifferenceKind::{Lossy, Mutable, Owned, Repeating};

/// Plan for a durable consumer, made by `Registry::plan` and done by
/// `Bus::apply_consumer`.
///
/// A start does of it what loses nothing. Serialized it is an object with `stream`, `consumer`,
/// `action` and `differences`, values as NATS's JSON has them.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ConsumerPlan {
    /// The stream.
    pub stream: String,
    /// The durable consumer.
    pub consumer: String,
    /// The action to take.
    pub action: PlanAction,
    /// Fields that differ; empty for a consumer that is missing.
    pub differences: Vec<Difference>,
    /// Notes on fields in which a server shows other numbers than the route says, and why: what
    /// `nats consumer info` tells. Only a registry's plan has any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Configuration that it is to have in the end.
    #[serde(skip)]
    pub(super) target: ConsumerConfig,
    /// Configuration that a start gives the consumer.
    #[serde(skip)]
    pub(super) start: ConsumerConfig,
    /// Configuration that was found.
    #[serde(skip)]
    pub(super) found: Option<ConsumerConfig>,
    /// Owner of its policy, where that is kept.
    #[serde(skip)]
    pub(super) kept: Option<String>,
    /// Notes for it once that is no more so.
    #[serde(skip)]
    claim: BTreeMap<String, String>,
}

const ANOTHER: &str = "it was made for another use; give the durable another name";
const FILTERS: &str = "filter_subjects";
const GONE: &str = "events of a filter that is gone are delivered to nobody; a start leaves it, and gives back what it does not know";
const NEW: &str =
    "what the stream has of a new filter from before where the consumer stands is not delivered";
const SOONER: &str = "what is being handled may come again";
const FEWER: &str = "the server gives up what was delivered as often; a start leaves it, and the route gives up as its policy says";
const KEPT: &str = "a start leaves it, since another registry asked for it, or a later version, or it replaced this one";

impl ConsumerPlan {
    /// Plans a consumer that is there, or is missing.
    pub(super) fn new(stream: &str, ours: &ConsumerConfig, found: Option<&ConsumerConfig>) -> Self {
        let mut plan = Self {
            stream: stream.to_owned(),
            consumer: ours.name.clone(),
            action: PlanAction::Create,
            differences: Vec::new(),
            notes: Vec::new(),
            target: ours.clone(),
            start: ours.clone(),
            found: found.cloned(),
            kept: None,
            claim: BTreeMap::new(),
        };
        plan.target.metadata = owner::written(ours, found);
        plan.start = plan.target.clone();
        let Some(theirs) = found else { return plan };
        let is_kept = owner::ownership(ours, theirs) == Ownership::Kept;
        plan.target.from = theirs.from;
        plan.start = plan.target.clone();
        plan.filters(ours, theirs);
        plan.policy(ours, theirs, is_kept);
        if is_kept {
            plan.claim = std::mem::replace(&mut plan.target.metadata, theirs.metadata.clone());
            plan.start.metadata.clone_from(&theirs.metadata);
            plan.kept = Some(owner::whose(theirs));
        }
        if ours.acks != theirs.acks {
            plan.differences.push(foreign(&Foreign {
                field: "ack_policy",
                ours: ours.acks.as_str(),
                theirs: theirs.acks.as_str().to_owned(),
            }));
        }
        plan.differences.extend(theirs.foreign.iter().map(foreign));
        plan.action = action(&plan.differences, |kind| matches!(kind, Mutable | Repeating));
        plan
    }

    /// Tells why a server shows other numbers than its route says.
    pub(crate) fn noting(self, notes: Vec<String>) -> Self {
        Self { notes, ..self }
    }

    /// Lets a change be made that loses messages, if nothing else stands against it: filters are
    /// taken away, and messages are given up that were delivered as often as is asked for.
    #[must_use]
    pub fn allow_data_loss(self) -> Self {
        self.allow(Lossy)
    }

    /// Lets a policy be changed that another registry asked for, or a later version, if nothing
    /// else stands against it. From then on it is this one's.
    #[must_use]
    pub fn take_over(mut self) -> Self {
        if self.kept.take().is_some() {
            self.target.metadata = std::mem::take(&mut self.claim);
        }
        self.allow(Owned)
    }

    fn allow(mut self, allowed: DifferenceKind) -> Self {
        if self.action == PlanAction::Refuse {
            for difference in self.differences.iter_mut().filter(|d| d.kind == allowed) {
                difference.kind = Mutable;
            }
            self.action = action(&self.differences, |kind| matches!(kind, Mutable | Repeating));
        }
        self
    }

    /// The differences because of which the plan is refused.
    pub fn refused(&self) -> impl Iterator<Item = &Difference> {
        refused(self.action, &self.differences)
    }

    /// Returns `true` if it can't do the work as it stands, and may not be changed so that it can.
    pub(super) fn is_useless(&self) -> bool {
        let lacks =
            self.found.as_ref().is_some_and(|found| !lacking(&self.target, found).is_empty());
        lacks || self.is_another()
    }

    /// Returns `true` if it was made for another use.
    pub(super) fn is_another(&self) -> bool {
        let is_another = |kind| matches!(kind, DifferenceKind::Foreign | DifferenceKind::Immutable);
        self.differences.iter().any(|difference| is_another(difference.kind))
    }

    /// Shortest ack wait of a delivery, as the consumer is.
    pub(crate) fn ack_wait(&self) -> Duration {
        let config = self.found.as_ref().unwrap_or(&self.target);
        let steps = 1..=config.backoff.len().max(1) as u64;
        steps.map(|step| config.wait_of(step)).min().unwrap_or(config.ack_wait)
    }

    /// Filters of the consumer, as it is.
    pub(crate) fn selects(&self) -> &[Subject] {
        &self.found.as_ref().unwrap_or(&self.target).filters
    }

    /// Returns `true` if a start has something to write.
    pub(crate) fn is_due(&self) -> bool {
        self.found.as_ref().is_some_and(|found| {
            ConsumerConfig { name: found.name.clone(), ..self.start.clone() } != *found
        })
    }

    /// Leaves what is left of it once a start has done its part.
    pub(super) fn after_start(mut self) -> Self {
        let found = Some(self.start.clone());
        self.differences.retain_mut(|difference| {
            if difference.field == FILTERS && difference.kind == Lossy {
                difference.theirs = setting(&texts(&self.start));
            }
            !matches!(difference.kind, Mutable | Repeating)
        });
        self.action = action(&self.differences, |kind| kind == Mutable);
        Self { found, ..self }
    }

    fn add(
        &mut self,
        field: &str,
        ours: Setting,
        theirs: Setting,
        verdict: (DifferenceKind, &'static str),
    ) {
        let (kind, advice) = verdict;
        self.differences.push(Difference { field: field.to_owned(), ours, theirs, kind, advice });
    }

    fn filters(&mut self, ours: &ConsumerConfig, theirs: &ConsumerConfig) {
        let (missing, gone) = (lacking(ours, theirs), lacking(theirs, ours));
        let verdict = match (missing.as_slice(), gone.as_slice()) {
            ([], []) => {
                self.target.filters.clone_from(&theirs.filters);
                return self.start.filters.clone_from(&theirs.filters);
            }
            (_, []) => (Mutable, NEW),
            (..) => (Lossy, GONE),
        };
        self.add(FILTERS, setting(&texts(ours)), setting(&texts(theirs)), verdict);
        if gone.is_empty() {
            return;
        }
        // All that is wanted and all that others want, none of it twice.
        let mut union = theirs.filters.clone();
        union.retain(|known| !covers(&refs(&missing), known.as_str()));
        union.extend(missing);
        self.start.filters = union;
    }

    fn policy(&mut self, ours: &ConsumerConfig, theirs: &ConsumerConfig, is_kept: bool) {
        let verdict =
            |kind: DifferenceKind, advice| if is_kept { (Owned, KEPT) } else { (kind, advice) };
        // A server makes the ack wait the first of the backoff.
        let steps = 1..=ours.backoff.len().max(theirs.backoff.len()).max(1) as u64;
        let is_sooner = |step| ours.wait_of(step) < theirs.wait_of(step);
        let sooner = |is_sooner| if is_sooner { (Repeating, SOONER) } else { (Mutable, "") };
        if ours.wait_of(1) != theirs.wait_of(1) {
            let (kind, advice) = sooner(is_sooner(1));
            self.add(
                "ack_wait",
                ours.wait_of(1).into(),
                theirs.wait_of(1).into(),
                verdict(kind, advice),
            );
        }
        if ours.wait_of(1) == theirs.wait_of(1) {
            (self.target.ack_wait, self.start.ack_wait) = (theirs.ack_wait, theirs.ack_wait);
        }
        if ours.backoff != theirs.backoff {
            let (kind, advice) = sooner(steps.into_iter().any(is_sooner));
            let settings = (ours.backoff.as_slice().into(), theirs.backoff.as_slice().into());
            self.add("backoff", settings.0, settings.1, verdict(kind, advice));
        }
        let limit =
            |limit: Option<u64>| limit.map_or_else(|| Setting::none("no limit"), Setting::from);
        if ours.max_deliver != theirs.max_deliver {
            let is_fewer = ours
                .max_deliver
                .is_some_and(|ours| theirs.max_deliver.is_none_or(|theirs| ours < theirs));
            let (kind, advice) = if is_fewer { (Lossy, FEWER) } else { (Mutable, "") };
            if is_fewer {
                self.start.max_deliver = theirs.max_deliver;
            }
            self.add(
                "max_deliver",
                limit(ours.max_deliver),
                limit(theirs.max_deliver),
                verdict(kind, advice),
            );
        }
        if ours.max_ack_pending != theirs.max_ack_pending {
            self.add(
                "max_ack_pending",
                limit(ours.max_ack_pending),
                limit(theirs.max_ack_pending),
                verdict(Mutable, ""),
            );
        }
        if is_kept {
            self.start.ack_wait = theirs.ack_wait;
            self.start.backoff.clone_from(&theirs.backoff);
            self.start.max_deliver = theirs.max_deliver;
            self.start.max_ack_pending = theirs.max_ack_pending;
        }
    }
}

/// The filters of one that the other does not cover; no filter at all is all subjects.
fn lacking(of: &ConsumerConfig, other: &ConsumerConfig) -> Vec<Subject> {
    if other.filters.is_empty() {
        return Vec::new();
    }
    let theirs = refs(&other.filters);
    if of.filters.is_empty() {
        return if covers(&theirs, ">") { Vec::new() } else { vec![Subject::from_static(">")] };
    }
    of.filters.iter().filter(|ours| !covers(&theirs, ours.as_str())).cloned().collect()
}

fn refs(filters: &[Subject]) -> Vec<&str> {
    filters.iter().map(Subject::as_str).collect()
}

fn texts(config: &ConsumerConfig) -> Vec<String> {
    let mut filters: Vec<String> = config.filters.iter().map(ToString::to_string).collect();
    filters.sort();
    filters.dedup();
    filters
}

fn setting(filters: &[String]) -> Setting {
    match filters {
        [] => Setting::none("all"),
        filters => filters.into(),
    }
}

fn foreign(Foreign { field, ours, theirs }: &Foreign) -> Difference {
    let setting = |text: &str| serde_json::Value::from(text).into();
    let (ours, theirs) = (setting(ours), setting(theirs));
    let (field, kind) = ((*field).to_owned(), DifferenceKind::Foreign);
    Difference { field, ours, theirs, kind, advice: ANOTHER }
}

/// Writes the plan in lines, one for each field; with `{:#}` all in one.
impl fmt::Display for ConsumerPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { stream, consumer, action, differences, notes, target, .. } = self;
        write!(f, "consumer {consumer} of stream {stream}: {action}")?;
        if *action == PlanAction::Create {
            write!(f, ", from {}", target.from)?;
        }
        fields(f, differences)?;
        if f.alternate() {
            return Ok(());
        }
        notes.iter().try_for_each(|note| write!(f, "\n  {note}"))
    }
}
