//! Changes from one catalog to another: what they break, for whom, and where it stands.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::compare;
use super::finding::Verdict;
use super::policy::Policy;
use super::rule::{MessageRule, Severity};
use crate::descriptor::{Descriptor, Kind};
use crate::{Catalog, Contract};

/// Which programs must understand each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Mode {
    /// The new reads what the old wrote: new programs, old messages. A request's reply and error are
    /// read by the old, who ask.
    #[default]
    Backward,
    /// The old reads what the new writes: new messages, programs that were not deployed yet.
    Forward,
    /// Both.
    Full,
}

impl Mode {
    fn directions(self) -> &'static [Direction] {
        match self {
            Self::Backward => &[Direction::Backward],
            Self::Forward => &[Direction::Forward],
            Self::Full => &[Direction::Backward, Direction::Forward],
        }
    }
}

/// One of the ways in which old and new meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Direction {
    /// The new program serves the old one.
    Backward,
    /// The old program serves the new one.
    Forward,
}

/// One thing that a change from one catalog to another breaks, or that one should know.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Change {
    /// The message, such as `orders.created.v1`.
    pub message: String,
    /// The message's file in its folder, such as `orders.created.v1.json`.
    pub file: String,
    /// JSON pointer into that file.
    pub pointer: String,
    /// JSON pointer to the value in a message; empty for the message itself.
    pub instance: String,
    /// In which direction it fails.
    pub direction: Direction,
    /// The rule's name, such as `required-added`.
    pub rule: &'static str,
    /// Its weight.
    pub severity: Severity,
    /// The change, in words.
    pub text: String,
    /// The harm that it does.
    pub why: &'static str,
    /// The way out.
    pub mend: &'static str,
    /// A payload that is written and refused, where one was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub example: Option<Value>,
}

/// Outcome of comparing two catalogs.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Report {
    /// How many messages were compared.
    pub messages: usize,
    /// Findings, by message.
    pub changes: Vec<Change>,
}

impl Report {
    /// The verdict on the whole: its worst change.
    pub fn verdict(&self) -> Verdict {
        let worst = self.changes.iter().map(|change| match change.severity {
            Severity::Break => Verdict::Incompatible,
            Severity::Unknown => Verdict::Unknown,
            Severity::Warning => Verdict::Compatible,
        });
        worst.max().unwrap_or(Verdict::Compatible)
    }
}

/// Compares the messages of two catalogs, each with the one of its name and version.
///
/// ```
/// use schemars::JsonSchema;
/// use tidings_contract::compat::{Mode, Policy, Verdict, changes};
/// use tidings_contract::{Catalog, Descriptor};
///
/// #[derive(JsonSchema)]
/// struct Before { total_cents: u64 }
///
/// #[derive(JsonSchema)]
/// struct After { total_cents: u32, region: String }
///
/// # fn main() -> Result<(), tidings_contract::CatalogError> {
/// let created = || Descriptor::event("orders.created", 1, "orders.created");
/// let before = Catalog::of([created().payload::<Before>()])?;
/// let after = Catalog::of([created().payload::<After>()])?;
/// let report = changes(&before, &after, Mode::Backward, Policy::Typed);
/// assert_eq!(report.verdict(), Verdict::Incompatible);
/// let rules: Vec<&str> = report.changes.iter().map(|change| change.rule).collect();
/// assert_eq!(rules, ["required-added", "maximum-lowered"]);
/// # Ok(())
/// # }
/// ```
pub fn changes(old: &Catalog, new: &Catalog, mode: Mode, policy: Policy) -> Report {
    let mut changes = Vec::new();
    for before in old.iter() {
        let Some(after) = new.get(&before.name, before.version) else {
            let later = |one: &Descriptor| one.name == before.name && one.version > before.version;
            let rule = if new.iter().any(later) {
                MessageRule::VersionReplaced
            } else {
                MessageRule::MessageRemoved
            };
            changes.push(of_message(before, rule, "", "", ""));
            continue;
        };
        message(before, after, &mut changes);
        for direction in mode.directions() {
            contracts(before, after, *direction, policy, &mut changes);
        }
    }
    Report { messages: old.iter().count(), changes }
}

/// Compares a message beyond its schemas.
fn message(before: &Descriptor, after: &Descriptor, changes: &mut Vec<Change>) {
    let mut note = |rule, pointer, old: &str, new: &str| {
        changes.push(of_message(after, rule, pointer, old, new));
    };
    if before.kind != after.kind {
        let (old, new) = (before.kind.to_string(), after.kind.to_string());
        note(MessageRule::KindChanged, "/kind", &old, &new);
    }
    if before.filter() != after.filter() {
        note(MessageRule::SubjectChanged, "/subject", &before.subject, &after.subject);
    } else if before.subject != after.subject {
        note(MessageRule::TokenRenamed, "/subject", &before.subject, &after.subject);
    }
    match (before.stream.as_deref(), after.stream.as_deref()) {
        (old, new) if old == new => {}
        (None, Some(new)) => note(MessageRule::StreamAdded, "/stream", "none", new),
        (Some(old), new) => {
            note(MessageRule::StreamChanged, "/stream", old, new.unwrap_or("none"));
        }
        (None, None) => {}
    }
    if before.tagged && !after.tagged {
        note(MessageRule::TagRemoved, "/tagged", "tagged", "not tagged");
    }
    if before.kind == Kind::Request && before.error.is_none() && after.error.is_some() {
        note(MessageRule::ErrorAdded, "/error", "none", "an error");
    }
}

fn of_message(
    message: &Descriptor,
    rule: MessageRule,
    pointer: &str,
    old: &str,
    new: &str,
) -> Change {
    let text = match (old.is_empty(), new.is_empty()) {
        (false, false) => format!("{}: {old} -> {new}", rule.message()),
        _ => rule.message().to_owned(),
    };
    Change {
        message: message.tag(),
        file: format!("{}.json", message.tag()),
        pointer: pointer.to_owned(),
        instance: String::new(),
        direction: Direction::Backward,
        rule: rule.id(),
        severity: rule.severity(),
        text,
        why: rule.why(),
        mend: rule.mend(),
        example: None,
    }
}

fn contracts(
    before: &Descriptor,
    after: &Descriptor,
    direction: Direction,
    policy: Policy,
    changes: &mut Vec<Change>,
) {
    let parts = [
        ("payload", &before.payload, &after.payload, direction),
        // They go the other way: who serves writes them.
        ("reply", &before.reply, &after.reply, direction.reversed()),
        ("error", &before.error, &after.error, direction.reversed()),
    ];
    for (part, before_part, after_part, way) in parts {
        let (Some(before_part), Some(after_part)) = (before_part, after_part) else { continue };
        let (writer, reader) = match way {
            Direction::Backward => (before_part, after_part),
            Direction::Forward => (after_part, before_part),
        };
        let found = compare(writer.written(), reader.read(), policy);
        let mut example = found.example;
        for one in found.findings {
            let in_file = match way {
                Direction::Backward => format!("/{part}/read{}", one.reader),
                // The new file is the writer's.
                Direction::Forward => format!("/{part}/{}{}", written(after_part), one.writer),
            };
            let text = one.to_string();
            changes.push(Change {
                message: after.tag(),
                file: format!("{}.json", after.tag()),
                pointer: in_file,
                instance: one.instance,
                direction,
                rule: one.rule.id(),
                severity: one.rule.severity(),
                text,
                why: one.rule.why(),
                mend: one.rule.mend(),
                example: example.take(),
            });
        }
    }
}

/// The key under which a contract's writer stands in its file.
fn written(contract: &Contract) -> &'static str {
    if contract.written() == contract.read() { "read" } else { "written" }
}

impl Direction {
    fn reversed(self) -> Self {
        match self {
            Self::Backward => Self::Forward,
            Self::Forward => Self::Backward,
        }
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Backward => "backward",
            Self::Forward => "forward",
        })
    }
}

/// `orders.created.v1.json/payload/read/properties/a: … (backward)`
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{} [{}] {}", self.file, self.pointer, self.rule, self.text)
    }
}
