//! Durable consumers: those that are gone, what each delivers, and its policies.

use std::collections::BTreeSet;

use super::catalog::{Catalogs, Site};
use super::service::compared;
use crate::compat::change::Change;
use crate::compat::durable::{Durable, durables};
use crate::compat::rule::CatalogRule;
use crate::service::DurableConsumer;

/// Compares durable consumers by stream and name.
pub(super) fn changes(both: &Catalogs<'_>) -> Vec<Change> {
    let since = durables(both.new);
    let mut changes = Vec::new();
    for ((stream, name), before) in durables(both.old) {
        let about = Consumer { both, stream, name };
        match since.get(&(stream, name)) {
            Some(since) => {
                changes.extend(about.filters(&before, since));
                about.policies(before.config, since, &mut changes);
            }
            None => changes.extend(about.gone(&before)),
        }
    }
    changes
}

/// A consumer by its names.
struct Consumer<'a> {
    both: &'a Catalogs<'a>,
    stream: &'a str,
    name: &'a str,
}

impl Consumer<'_> {
    fn gone(&self, before: &Durable<'_>) -> Option<Change> {
        // Where no service of it is left, that is told.
        let mut left = self.both.new.services().enumerate();
        let (at, _) = left.find(|(_, service)| before.services.contains(&*service.name))?;
        let pointer = format!("/services/{at}/handles");
        let name = format!("{}/{}", self.stream, self.name);
        Some(self.change(CatalogRule::ConsumerRemoved, pointer, None, (&name, "")))
    }

    fn filters(&self, before: &Durable<'_>, since: &Durable<'_>) -> Option<Change> {
        let staying = |durable: &Durable<'_>| -> BTreeSet<String> {
            let all = durable.handled.iter().filter(|(of, _)| !self.both.has_moved(of));
            all.map(|(_, filter)| (*filter).to_owned()).collect()
        };
        let (rule, (old, new)) = compared(&staying(before), &staying(since))?;
        let pointer = since.pointer.strip_suffix("/consumer").unwrap_or(&since.pointer);
        let pointer = format!("{pointer}/filter");
        Some(self.change(rule, pointer, Some("filters"), (&old, &new)))
    }

    fn policies(&self, before: &DurableConsumer, since: &Durable<'_>, changes: &mut Vec<Change>) {
        let now = since.config;
        let number = |number: Option<u64>| {
            number.map_or_else(|| "no limit".to_owned(), |number| number.to_string())
        };
        let waits = |waits: &[u64]| match waits {
            [] => "none".to_owned(),
            waits => {
                let texts: Vec<_> = waits.iter().map(|one| format!("{one} ms")).collect();
                texts.join(", ")
            }
        };
        let stream = |stream: &Option<String>| stream.clone().unwrap_or_else(|| "none".to_owned());
        let texts = |one: &DurableConsumer| {
            [
                (CatalogRule::AckPolicyChanged, "ack_policy", one.ack_policy.to_string()),
                (CatalogRule::AckWaitChanged, "ack_wait_ms", format!("{} ms", one.ack_wait_ms)),
                (CatalogRule::BackoffChanged, "backoff_ms", waits(&one.backoff_ms)),
                (CatalogRule::AttemptsChanged, "attempts", number(one.attempts)),
                (CatalogRule::MaxDeliverChanged, "max_deliver", number(one.max_deliver)),
                (CatalogRule::MaxAckPendingChanged, "max_ack_pending", number(one.max_ack_pending)),
                (
                    CatalogRule::DeliverPolicyChanged,
                    "deliver_policy",
                    one.deliver_policy.to_string(),
                ),
                (CatalogRule::DeadLettersChanged, "dead_letters", stream(&one.dead_letters)),
            ]
        };
        for ((rule, key, old), (_, _, new)) in texts(before).into_iter().zip(texts(now)) {
            if old != new {
                let pointer = format!("{}/{key}", since.pointer);
                changes.push(self.change(rule, pointer, Some(key), (&old, &new)));
            }
        }
    }

    fn change(
        &self,
        rule: CatalogRule,
        pointer: String,
        member: Option<&str>,
        texts: (&str, &str),
    ) -> Change {
        let names: Vec<&str> =
            ["consumers", self.stream, self.name].into_iter().chain(member).collect();
        let site = Site {
            about: format!("consumer {}/{}", self.stream, self.name),
            file: "catalog.json".to_owned(),
            pointer,
            names: &names,
        };
        self.both.change(rule, site, texts)
    }
}
