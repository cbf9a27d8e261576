//! Change: one thing that a new catalog breaks, or that one should know, and where it stands.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use super::place;
use super::rule::{CatalogRule, MessageRule, Severity};
use super::value;
use super::{Comparison, Finding, Rule};
use crate::contract::Contract;
use crate::descriptor::Descriptor;
use crate::{Acceptance, Direction, Fingerprint};

/// Part of a change from one catalog to another that breaks something, or of which one should know.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Change {
    /// The message, such as `orders.created.v1`; beside messages `service billing`, `consumer ORDERS/mail`,
    /// `stream ORDERS` or `store SCANS-large`.
    pub message: String,
    /// The earlier version or the revision that it was compared with, where there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub against: Option<String>,
    /// The file in its folder, such as `orders.created.v1.json` or `catalog.json`.
    pub file: String,
    /// JSON pointer into that file: into the new one, or into the old one where nothing is left.
    pub pointer: String,
    /// JSON pointer to the value in a message; empty for the message itself.
    pub instance: String,
    /// Direction in which it fails.
    pub direction: Direction,
    /// The rule's name, such as `required-added`.
    pub rule: &'static str,
    /// Weight of the change.
    pub severity: Severity,
    /// The change, in words.
    pub text: String,
    /// The writer's side of it, or what a message had before.
    pub old: String,
    /// The reader's side of it, or what a message has now.
    pub new: String,
    /// The name that a field seems to have had before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub renamed_from: Option<String>,
    /// The harm that it does.
    pub why: &'static str,
    /// The way out.
    pub mend: &'static str,
    /// A payload that is written and refused, where one was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub example: Option<Value>,
    /// Fingerprint of what stood at this place before.
    pub old_fingerprint: Fingerprint,
    /// Fingerprint of what stands there now.
    pub new_fingerprint: Fingerprint,
    /// The reason for which it was accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted: Option<String>,
    /// Place by names, where the pointer counts elements of a list in which others may come and go.
    #[serde(skip)]
    pub(super) place: Option<String>,
}

impl Change {
    /// Returns `true` if it breaks something or can't be decided, and nobody accepted it.
    pub fn fails(&self) -> bool {
        self.severity != Severity::Warning && self.accepted.is_none()
    }

    /// The service or the consumer that it is about, where its file holds others as well.
    pub fn part(&self) -> Option<&str> {
        (self.file == "catalog.json").then_some(self.message.as_str())
    }

    /// The acceptance of exactly this change.
    pub fn acceptance(&self, reason: impl Into<String>) -> Acceptance {
        Acceptance {
            message: self.message.clone(),
            rule: self.rule.to_owned(),
            pointer: self.place().to_owned(),
            direction: self.direction,
            old: self.old_fingerprint,
            new: self.new_fingerprint,
            reason: reason.into(),
        }
    }

    /// The place by which it is accepted.
    fn place(&self) -> &str {
        self.place.as_deref().unwrap_or(&self.pointer)
    }

    /// Returns `true` if this acceptance is one of exactly this change.
    pub(super) fn is_covered_by(&self, acceptance: &Acceptance) -> bool {
        let Acceptance { message, rule, pointer, direction, old, new, reason: _ } = acceptance;
        self.message == *message
            && self.rule == rule
            && self.place() == pointer
            && self.direction == *direction
            && (self.old_fingerprint, self.new_fingerprint) == (*old, *new)
    }

    /// Returns `true` if both say the same, whatever it was compared with.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let place =
            |one: &Self| (one.rule, one.direction, one.old_fingerprint, one.new_fingerprint);
        place(self) == place(other)
            && self.message == other.message
            && self.pointer == other.pointer
            && self.instance == other.instance
            && self.text == other.text
    }
}

/// A message before and after, as their files.
pub(super) struct Pair<'a> {
    pub(super) before: &'a Descriptor,
    pub(super) after: &'a Descriptor,
    /// The side that it is compared with, where that is not plain.
    pub(super) against: Option<String>,
    files: Option<(Value, Value)>,
}

impl<'a> Pair<'a> {
    pub(super) fn new(
        before: &'a Descriptor,
        after: &'a Descriptor,
        against: Option<String>,
    ) -> Self {
        Self { before, after, against, files: None }
    }

    /// Files of both sides; seldom asked for.
    fn files(&mut self) -> &(Value, Value) {
        let (before, after) = (self.before, self.after);
        self.files.get_or_insert_with(|| (before.to_value(), after.to_value()))
    }

    /// The change of a message beyond its schemas.
    pub(super) fn of_message(
        &mut self,
        rule: MessageRule,
        pointer: &str,
        old: &str,
        new: &str,
    ) -> Change {
        let (before, after) = self.files();
        let fingerprints =
            (place::fingerprint(before, pointer), place::fingerprint(after, pointer));
        let mut change = of_message(self.after, rule, pointer, (old, new), fingerprints);
        change.against.clone_from(&self.against);
        change
    }

    /// The changes of one part: `payload`, `reply` or `error`, between who writes it and who reads it.
    /// `way` is which of the two versions writes it, `direction` whom it serves.
    pub(super) fn of_part(
        &self,
        (part, sides): (&str, [&Contract; 2]),
        (way, direction): (Direction, Direction),
        found: Comparison,
    ) -> Vec<Change> {
        let mut example = found.example;
        let findings = found.findings.into_iter();
        findings
            .map(|one| self.of_finding((part, sides), (way, direction), one, example.take()))
            .collect()
    }

    fn of_finding(
        &self,
        (part, [writer, reader]): (&str, [&Contract; 2]),
        (way, direction): (Direction, Direction),
        mut found: Finding,
        example: Option<Value>,
    ) -> Change {
        let text = found.to_string();
        let mut in_writer = std::mem::take(&mut found.writer);
        let mut in_reader = std::mem::take(&mut found.reader);
        if matches!(found.rule, Rule::RequiredAdded | Rule::OptionalBecameRequired) {
            // The field, and not all that stands beside it.
            let name = found.instance.rsplit('/').next().unwrap_or_default();
            let field = |pointer: &str| format!("{pointer}/properties/{name}");
            let (shown, pointer) = match way {
                Direction::Backward => (reader.read(), &in_reader),
                Direction::Forward => (writer.written(), &in_writer),
            };
            if shown.pointer(&field(pointer)).is_some() {
                (in_writer, in_reader) = (field(&in_writer), field(&in_reader));
            }
        }
        let in_its_place = (
            place::fingerprint_within(writer.written(), &in_writer),
            place::fingerprint_within(reader.read(), &in_reader),
        );
        let (pointer, (old_fingerprint, new_fingerprint)) = match way {
            Direction::Backward => (format!("/{part}/read{in_reader}"), in_its_place),
            // The new file is the writer's.
            Direction::Forward => {
                let has_own = writer.schemas().contains_key("written");
                let side = if has_own { "written" } else { "read" };
                (format!("/{part}/{side}{in_writer}"), (in_its_place.1, in_its_place.0))
            }
        };
        let message = self.after.tag();
        Change {
            file: format!("{message}.json"),
            message,
            against: self.against.clone(),
            pointer,
            direction,
            rule: found.rule.id(),
            severity: found.rule.severity(),
            text,
            why: found.rule.why(),
            mend: value::mend(self.after, found.rule),
            instance: found.instance,
            old: found.old,
            new: found.new,
            renamed_from: found.renamed_from,
            example,
            old_fingerprint,
            new_fingerprint,
            accepted: None,
            place: None,
        }
    }
}

/// The change that a message is gone, or replaced.
pub(super) fn of_absence(
    before: &Descriptor,
    rule: MessageRule,
    against: Option<String>,
) -> Change {
    let fingerprints =
        (place::fingerprint(&before.to_value(), ""), place::fingerprint(&Value::Null, ""));
    let mut change = of_message(before, rule, "", ("", ""), fingerprints);
    change.against = against;
    change
}

fn of_message(
    message: &Descriptor,
    rule: MessageRule,
    pointer: &str,
    (old, new): (&str, &str),
    fingerprints: (Fingerprint, Fingerprint),
) -> Change {
    let (why, mend) = (value::why_of_message(message, rule), value::mend_of_message(message, rule));
    let said = Said { id: rule.id(), severity: rule.severity(), text: rule.message(), why, mend };
    let tag = message.tag();
    beyond(&said, (format!("{tag}.json"), tag), pointer.to_owned(), (old, new), fingerprints)
}

/// The change of a service, a consumer, a stream or a store: what it is about, where it stands, by a pointer
/// and by names, its texts and its contents before and since.
pub(super) fn of_catalog(
    rule: CatalogRule,
    about: String,
    (file, pointer, place): (String, String, String),
    (old, new): (&str, &str),
    fingerprints: (Fingerprint, Fingerprint),
) -> Change {
    let said = Said {
        id: rule.id(),
        severity: rule.severity(),
        text: rule.message(),
        why: rule.why(),
        mend: rule.mend(),
    };
    let change = beyond(&said, (file, about), pointer, (old, new), fingerprints);
    Change { place: Some(place), ..change }
}

/// Words of a rule beyond schemas.
struct Said {
    id: &'static str,
    severity: Severity,
    text: &'static str,
    why: &'static str,
    mend: &'static str,
}

fn beyond(
    said: &Said,
    (file, message): (String, String),
    pointer: String,
    (old, new): (&str, &str),
    (old_fingerprint, new_fingerprint): (Fingerprint, Fingerprint),
) -> Change {
    let text = match (old.is_empty(), new.is_empty()) {
        (true, true) => said.text.to_owned(),
        (false, true) => format!("{}: {old}", said.text),
        (true, false) => format!("{}: {new}", said.text),
        (false, false) => format!("{}: {old} -> {new}", said.text),
    };
    Change {
        message,
        against: None,
        file,
        pointer,
        instance: String::new(),
        direction: Direction::Backward,
        rule: said.id,
        severity: said.severity,
        text,
        old: old.to_owned(),
        new: new.to_owned(),
        renamed_from: None,
        why: said.why,
        mend: said.mend,
        example: None,
        old_fingerprint,
        new_fingerprint,
        accepted: None,
        place: None,
    }
}

/// `orders.created.v1.json#/payload/read/properties/a [required-added] …`
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{} [{}] ", self.file, self.pointer, self.rule)?;
        if let Some(part) = self.part() {
            write!(f, "{part}: ")?;
        }
        f.write_str(&self.text)?;
        match &self.against {
            Some(against) => write!(f, " (against {against})"),
            None => Ok(()),
        }
    }
}
