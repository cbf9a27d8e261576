//! Services: which messages each handles, answers and publishes.

use std::collections::{BTreeMap, BTreeSet};

use tidings_subject::covers;

use super::catalog::{Catalogs, Site};
use crate::compat::change::Change;
use crate::compat::durable::{Durable, durables};
use crate::compat::rule::CatalogRule;
use crate::descriptor::Kind;
use crate::service::{Handled, MessageVersion, Service};

/// Compares services by name.
pub(super) fn changes(both: &Catalogs<'_>) -> Vec<Change> {
    let durables = durables(both.new);
    let mut changes = Vec::new();
    for before in both.old.services() {
        let mut since = both.new.services().enumerate();
        if let Some((at, since)) = since.find(|(_, since)| since.name == before.name) {
            let pair = Pair { both, before, since, at, durables: &durables };
            pair.handled(&mut changes);
            pair.published(&mut changes);
        } else {
            let site = Site {
                about: format!("service {}", before.name),
                file: "catalog.json".to_owned(),
                pointer: "/services".to_owned(),
                names: &["services", &before.name],
            };
            changes.push(both.change(CatalogRule::ServiceRemoved, site, (&before.name, "")));
        }
    }
    changes
}

/// A service before and since.
struct Pair<'a> {
    both: &'a Catalogs<'a>,
    before: &'a Service,
    since: &'a Service,
    /// Place of the new one among the services.
    at: usize,
    /// Durable consumers of now.
    durables: &'a BTreeMap<(&'a str, &'a str), Durable<'a>>,
}

/// The ways on which a message reaches a service.
type Ways<'a> = Vec<&'a Handled>;

fn by_message(service: &Service) -> BTreeMap<&MessageVersion, Ways<'_>> {
    let mut all: BTreeMap<_, Ways<'_>> = BTreeMap::new();
    for handled in &service.handles {
        all.entry(&handled.of).or_default().push(handled);
    }
    all
}

impl Pair<'_> {
    fn handled(&self, changes: &mut Vec<Change>) {
        let since = by_message(self.since);
        for (of, before) in by_message(self.before) {
            match since.get(of) {
                Some(since) => {
                    changes.extend(self.group(of, &before, since));
                    changes.extend(self.filters(of, &before, since));
                }
                None => changes.extend(self.gone(of, &before)),
            }
        }
    }

    /// A message that it handles no more.
    fn gone(&self, of: &MessageVersion, before: &Ways<'_>) -> Option<Change> {
        if self.both.has_gone(of) {
            return None;
        }
        let tag = of.tag();
        let is_request = before.iter().any(|one| one.kind == Kind::Request);
        let others = self.both.new.services();
        let answers = |service: &&Service| service.handles.iter().any(|one| one.of == *of);
        let (rule, now) = match others.into_iter().find(answers) {
            Some(other) if is_request => (CatalogRule::EndpointMoved, &*other.name),
            _ if is_request => (CatalogRule::EndpointRemoved, ""),
            _ if before.iter().all(|one| self.is_left_to_consumer(one)) => return None,
            _ => (CatalogRule::HandlerRemoved, ""),
        };
        let pointer = format!("/services/{}/handles", self.at);
        Some(self.change(rule, pointer, "handles", &tag, (&tag, now)))
    }

    /// Returns `true` if a durable consumer delivers it to another service, or no longer, which is told of the
    /// consumer.
    fn is_left_to_consumer(&self, handled: &Handled) -> bool {
        let Some(consumer) = &handled.consumer else { return false };
        let now = self.durables.get(&(&*consumer.stream, &*consumer.name));
        now.is_none_or(|now| {
            now.handled.iter().any(|(of, _)| **of == handled.of)
                || !covers(&now.filters().into_iter().collect::<Vec<_>>(), &handled.filter)
        })
    }

    /// The queue groups in which its instances share a message.
    fn group(&self, of: &MessageVersion, before: &Ways<'_>, since: &Ways<'_>) -> Option<Change> {
        let groups = |ways: &Ways<'_>| -> BTreeSet<String> {
            let group = |one: &&Handled| match (&one.queue_group, &one.consumer) {
                (Some(group), _) => group.clone(),
                (None, Some(consumer)) => format!("consumer {}", consumer.name),
                (None, None) => "none".to_owned(),
            };
            ways.iter().map(group).collect()
        };
        let (old, new) = (groups(before), groups(since));
        if old == new || before.iter().all(|one| one.queue_group.is_none()) {
            return None;
        }
        let pointer = self.pointer(of, "queue_group");
        let (old, new) = (joined(&old), joined(&new));
        let rule = CatalogRule::QueueGroupChanged;
        Some(self.change(rule, pointer, "handles", &of.tag(), (&old, &new)))
    }

    /// The subjects on which a message reaches it that no durable consumer delivers.
    fn filters(&self, of: &MessageVersion, before: &Ways<'_>, since: &Ways<'_>) -> Option<Change> {
        if self.both.has_moved(of) {
            return None;
        }
        let of_core = |ways: &Ways<'_>| -> BTreeSet<String> {
            let ways = ways.iter().filter(|one| one.consumer.is_none());
            ways.map(|one| one.filter.clone()).collect()
        };
        let (old, new) = (of_core(before), of_core(since));
        if new.is_empty() {
            return None;
        }
        let (rule, text) = compared(&old, &new)?;
        let pointer = self.pointer(of, "filter");
        Some(self.change(rule, pointer, "handles", &of.tag(), (&text.0, &text.1)))
    }

    fn published(&self, changes: &mut Vec<Change>) {
        for of in self.before.publishes.difference(&self.since.publishes) {
            // A message that is gone, or replaced, is told of itself.
            let is_told = self.both.old.get(&of.message, of.version).is_some()
                && self.both.new.get(&of.message, of.version).is_none();
            if !is_told {
                let pointer = format!("/services/{}/publishes", self.at);
                let (rule, tag) = (CatalogRule::PublicationRemoved, of.tag());
                changes.push(self.change(rule, pointer, "publishes", &tag, (&tag, "")));
            }
        }
    }

    /// Pointer to a member of what it says of a message.
    fn pointer(&self, of: &MessageVersion, member: &str) -> String {
        let place = self.since.handles.iter().position(|one| one.of == *of).unwrap_or_default();
        format!("/services/{}/handles/{place}/{member}", self.at)
    }

    fn change(
        &self,
        rule: CatalogRule,
        pointer: String,
        list: &str,
        tag: &str,
        texts: (&str, &str),
    ) -> Change {
        let site = Site {
            about: format!("service {}", self.before.name),
            file: "catalog.json".to_owned(),
            pointer,
            names: &["services", &self.before.name, list, tag],
        };
        self.both.change(rule, site, texts)
    }
}

/// Judges filters by what they match, and says which differ.
pub(super) fn compared(
    old: &BTreeSet<String>,
    new: &BTreeSet<String>,
) -> Option<(CatalogRule, (String, String))> {
    let lacking = |these: &BTreeSet<String>, those: &BTreeSet<String>| -> BTreeSet<String> {
        let those: Vec<&str> = those.iter().map(String::as_str).collect();
        these.iter().filter(|one| !covers(&those, one)).cloned().collect()
    };
    let rule = if !lacking(old, new).is_empty() {
        CatalogRule::FilterNarrowed
    } else if !lacking(new, old).is_empty() {
        CatalogRule::FilterWidened
    } else {
        return None;
    };
    Some((rule, (joined(old), joined(new))))
}

pub(super) fn joined(texts: &BTreeSet<String>) -> String {
    if texts.is_empty() {
        return "none".to_owned();
    }
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    texts.join(", ")
}
