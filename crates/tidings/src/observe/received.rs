//! Figures of what a program takes by hand, from subscriptions and consumers that no route has.
#![cfg_attr(
    not(feature = "metrics"),
    expect(
        clippy::unused_self,
        clippy::needless_pass_by_value,
        reason = "each is what it is where the feature is on, and nothing"
    )
)]

#[cfg(feature = "metrics")]
use metrics::{Counter, Label, counter};

use super::observers::Observers;

#[cfg(feature = "metrics")]
const CONSUMED: &str = "messaging_client_consumed_messages_total";

/// Counters of one subscription, where its bus records figures; else nothing.
#[derive(Default)]
pub(crate) struct Received {
    #[cfg(feature = "metrics")]
    figures: Option<Figures>,
}

#[cfg(feature = "metrics")]
struct Figures {
    received: Counter,
    undecodable: Counter,
}

impl Received {
    /// Counters for messages of these templates; `group` is a queue group, or a durable consumer's name.
    #[cfg_attr(not(feature = "metrics"), expect(unused_variables))]
    pub(crate) fn new<'a>(
        observers: Option<&Observers>,
        templates: impl Iterator<Item = &'a str>,
        group: Option<&str>,
    ) -> Self {
        #[cfg(feature = "metrics")]
        let figures = observers.and_then(|all| all.metrics.as_ref()).map(|_| {
            let templates: Vec<_> = templates.collect();
            let labels = [
                Label::from_static_parts("messaging_system", "nats"),
                Label::from_static_parts("messaging_operation_name", "receive"),
                Label::new("messaging_destination_template", templates.join(" ")),
                Label::new("messaging_consumer_group_name", group.unwrap_or_default().to_owned()),
            ];
            let counted = |outcome| {
                let outcome = Label::from_static_parts("tidings_outcome", outcome);
                let counter =
                    counter!(CONSUMED, labels.iter().cloned().chain([outcome]).collect::<Vec<_>>());
                counter.increment(0);
                counter
            };
            Figures { received: counted("received"), undecodable: counted("undecodable") }
        });
        Self {
            #[cfg(feature = "metrics")]
            figures,
        }
    }

    /// A message was given out.
    #[inline]
    pub(crate) fn count(&self) {
        #[cfg(feature = "metrics")]
        if let Some(figures) = &self.figures {
            figures.received.increment(1);
        }
    }

    /// A message came that can't be read.
    #[cold]
    pub(crate) fn count_undecodable(&self) {
        #[cfg(feature = "metrics")]
        if let Some(figures) = &self.figures {
            figures.undecodable.increment(1);
        }
    }
}
