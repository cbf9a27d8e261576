//! What is to be done about a durable consumer.
//!
//! Where a consumer starts is history in one that exists: it goes on where it stands, and so its
//! deliver policy is not compared.

use std::fmt;

use serde::Serialize;

use super::difference::{Difference, DifferenceKind, Setting};
use super::stream_plan::{PlanAction, action, fields, refused};
use crate::transport::{ConsumerConfig, Foreign};

/// What is to be done about a durable consumer.
///
/// Serialized it is an object with `stream`, `consumer`, `action` and `differences`, values as
/// NATS's JSON has them.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ConsumerPlan {
    /// The stream.
    pub stream: String,
    /// The durable consumer.
    pub consumer: String,
    /// What is to be done.
    pub action: PlanAction,
    /// Each field that differs; empty for a consumer that is missing.
    pub differences: Vec<Difference>,
    /// What it is to be in the end.
    #[serde(skip)]
    pub(super) target: ConsumerConfig,
}

const ANOTHER: &str = "it was made for another use; give the durable another name";
/// Without these it can't do the work of ours, whatever else it does.
const FILTERS: &str = "filter_subjects";

impl ConsumerPlan {
    /// What is to be done about a consumer that is there, or is missing.
    pub(super) fn new(stream: &str, ours: &ConsumerConfig, found: Option<&ConsumerConfig>) -> Self {
        let differences = found.map(|theirs| compare(ours, theirs)).unwrap_or_default();
        let mut target = ours.clone();
        if let Some(found) = found {
            target.from = found.from;
        }
        Self {
            stream: stream.to_owned(),
            consumer: ours.name.clone(),
            action: match found {
                None => PlanAction::Create,
                Some(_) => action(&differences, |kind| kind == DifferenceKind::Mutable),
            },
            differences,
            target,
        }
    }

    /// The differences because of which it is refused.
    pub fn refused(&self) -> impl Iterator<Item = &Difference> {
        refused(self.action, &self.differences)
    }

    /// Whether it can't do the work as it stands: it delivers other messages, or in another way.
    pub(super) fn is_useless(&self) -> bool {
        self.differences.iter().any(|d| d.field == FILTERS || d.kind != DifferenceKind::Mutable)
    }
}

fn compare(ours: &ConsumerConfig, theirs: &ConsumerConfig) -> Vec<Difference> {
    let mut differences = Vec::new();
    let mut add = |field: &str, ours: Setting, theirs: Setting| {
        let (field, kind) = (field.to_owned(), DifferenceKind::Mutable);
        differences.push(Difference { field, ours, theirs, kind, advice: "" });
    };
    let filters = |config: &ConsumerConfig| -> Vec<String> {
        let mut filters: Vec<String> = config.filters.iter().map(ToString::to_string).collect();
        filters.sort();
        filters.dedup();
        filters
    };
    let [our, their] = [filters(ours), filters(theirs)];
    if our != their {
        let setting = |filters: Vec<String>| match filters.as_slice() {
            [] => Setting::none("all"),
            filters => filters.into(),
        };
        add(FILTERS, setting(our), setting(their));
    }
    // A server makes the ack wait the first of the backoff.
    if ours.wait_of(1) != theirs.wait_of(1) {
        add("ack_wait", ours.wait_of(1).into(), theirs.wait_of(1).into());
    }
    if ours.backoff != theirs.backoff {
        add("backoff", ours.backoff.as_slice().into(), theirs.backoff.as_slice().into());
    }
    let limit = |limit: Option<u64>| limit.map_or_else(|| Setting::none("no limit"), Setting::from);
    if ours.max_deliver != theirs.max_deliver {
        add("max_deliver", limit(ours.max_deliver), limit(theirs.max_deliver));
    }
    if ours.max_ack_pending != theirs.max_ack_pending {
        add("max_ack_pending", limit(ours.max_ack_pending), limit(theirs.max_ack_pending));
    }
    if ours.acks != theirs.acks {
        differences.push(foreign(&Foreign {
            field: "ack_policy",
            ours: ours.acks.as_str(),
            theirs: theirs.acks.as_str().to_owned(),
        }));
    }
    differences.extend(theirs.foreign.iter().map(foreign));
    differences
}

fn foreign(Foreign { field, ours, theirs }: &Foreign) -> Difference {
    let setting = |text: &str| serde_json::Value::from(text).into();
    let (ours, theirs) = (setting(ours), setting(theirs));
    let (field, kind) = ((*field).to_owned(), DifferenceKind::Foreign);
    Difference { field, ours, theirs, kind, advice: ANOTHER }
}

/// In lines, one for each field; with `{:#}` all in one.
impl fmt::Display for ConsumerPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { stream, consumer, action, differences, .. } = self;
        write!(f, "consumer {consumer} of stream {stream}: {action}")?;
        fields(f, differences)
    }
}
