//! Denials by the server on this connection. The server tells of one in a text of its own, apart
//! from what was asked, and so each denial is kept until somebody is told.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::watch;

use crate::lock::locked;
use crate::transport::nats::codec::ack_subject::permission_subject;
use crate::transport::{Denial, DeniedAction};

/// Maximum number of denials that are known at a time; the oldest is forgotten.
const MOST: usize = 256;

/// The denials of one connection, until it is made again.
#[derive(Debug)]
pub(crate) struct Denials {
    inbox_prefix: String,
    /// `true` if a publish was denied: all that a publish looks at where none was.
    published: AtomicBool,
    record: Mutex<Record>,
    /// The number of the last one.
    last: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Record {
    known: VecDeque<NumberedDenial>,
    /// The first publish that was denied after its call had returned.
    untold: Option<Denial>,
}

#[derive(Debug)]
struct NumberedDenial {
    number: u64,
    denial: Denial,
}

impl Denials {
    pub(crate) fn new(inbox_prefix: &str) -> Self {
        Self {
            inbox_prefix: format!("{inbox_prefix}."),
            published: AtomicBool::new(false),
            record: Mutex::default(),
            last: watch::Sender::new(0),
        }
    }

    fn record(&self) -> MutexGuard<'_, Record> {
        locked(&self.record)
    }

    /// Reads what the server says; `None` if it is about something else.
    pub(crate) fn read(&self, text: &str) -> Option<Denial> {
        read(text, &self.inbox_prefix)
    }

    /// Keeps a denial that nobody waited for; says whether it is news.
    pub(crate) fn keep(&self, denial: Denial) -> bool {
        let mut record = self.record();
        let number = *self.last.borrow() + 1;
        let is_publish = denial.action == DeniedAction::Publish;
        if is_publish {
            record.untold.get_or_insert_with(|| denial.clone());
        }
        let before = record.known.len();
        record.known.retain(|known| known.denial != denial);
        let is_new = record.known.len() == before;
        record.known.push_back(NumberedDenial { number, denial });
        if record.known.len() > MOST {
            record.known.pop_front();
        }
        if is_publish {
            self.published.store(true, Ordering::Relaxed);
        }
        self.last.send_replace(number);
        is_new
    }

    /// A new connection: what was denied on the last one may be allowed on this.
    pub(crate) fn forget(&self) {
        self.record().known.clear();
        self.published.store(false, Ordering::Relaxed);
    }

    /// Resolves whenever there is a new one.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.last.subscribe()
    }

    /// The number of the last one.
    pub(crate) fn last(&self) -> u64 {
        *self.last.borrow()
    }

    /// Returns `true` if a publish on this subject was denied.
    pub(crate) fn has_publish(&self, subject: &str) -> bool {
        self.published.load(Ordering::Relaxed)
            && self.publish_after(0, &permission_subject(subject)).is_some()
    }

    /// The denial of a publish on this subject, if one came after the one with this number.
    pub(crate) fn publish_after(&self, number: u64, subject: &str) -> Option<Denial> {
        self.find(number, |denial| {
            denial.action == DeniedAction::Publish && denial.subject == subject
        })
    }

    /// The denial of this subscription, if one came after the one with this number.
    pub(crate) fn subscription_after(
        &self,
        number: u64,
        filter: &str,
        group: Option<&str>,
    ) -> Option<Denial> {
        self.find(number, |denial| {
            let of_group = denial.queue_group.is_none() || denial.queue_group.as_deref() == group;
            denial.action == DeniedAction::Subscribe && denial.subject == filter && of_group
        })
    }

    /// The last one of this kind after the one with this number.
    pub(crate) fn find(&self, number: u64, kind: impl Fn(&Denial) -> bool) -> Option<Denial> {
        let record = self.record();
        let later = record.known.iter().rev().take_while(|known| known.number > number);
        later.map(|known| &known.denial).find(|denial| kind(denial)).cloned()
    }

    /// Resolves with the next one of this kind; it is told.
    pub(crate) fn next(
        self: &Arc<Self>,
        kind: impl Fn(&Denial) -> bool + Send + Sync + 'static,
    ) -> Pin<Box<dyn Future<Output = Denial> + Send>> {
        let (denials, mut changes) = (Arc::clone(self), self.changes());
        let mut looked = *changes.borrow_and_update();
        Box::pin(async move {
            loop {
                // The sender is here too: it is never gone.
                let _ = changes.changed().await;
                let last = *changes.borrow_and_update();
                if let Some(denial) = denials.find(looked, &kind) {
                    denials.settle(&denial.subject, false);
                    return denial;
                }
                looked = last;
            }
        })
    }

    /// A publish on this subject is allowed by now, or somebody was told that it is not.
    pub(crate) fn settle(&self, subject: &str, allowed: bool) {
        let mut record = self.record();
        if record.untold.as_ref().is_some_and(|denial| denial.subject == subject) {
            record.untold = None;
        }
        if allowed {
            record.known.retain(|known| {
                known.denial.action != DeniedAction::Publish || known.denial.subject != subject
            });
            let any = record.known.iter().any(|k| k.denial.action == DeniedAction::Publish);
            self.published.store(any, Ordering::Relaxed);
        }
    }

    /// A publish that was denied after its call had returned, once.
    pub(crate) fn take_unreported(&self) -> Option<Denial> {
        self.record().untold.take()
    }
}

/// Reads `Permissions Violation for Publish to "…"`, `… for Publish with Reply of "…"`, and
/// `… for Subscription to "…"`, with ` using queue "…"` where only that is denied.
fn read(text: &str, inbox_prefix: &str) -> Option<Denial> {
    let rest = text.strip_prefix("Permissions Violation for ")?;
    let (action, rest) = [
        ("Publish to ", DeniedAction::Publish),
        ("Publish with Reply of ", DeniedAction::Publish),
        ("Subscription to ", DeniedAction::Subscribe),
    ]
    .into_iter()
    .find_map(|(start, action)| Some((action, rest.strip_prefix(start)?)))?;
    let (subject, rest) = quoted(rest)?;
    let queue_group = rest.strip_prefix(" using queue ").and_then(quoted).map(|(group, _)| group);
    let is_inbox = subject.starts_with(inbox_prefix);
    let subject = match action {
        DeniedAction::Publish => permission_subject(&subject).into_owned(),
        DeniedAction::Subscribe => subject,
    };
    Some(Denial { action, subject, queue_group, is_inbox })
}

/// A text in quotes, as Go writes one, and what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let text = text.strip_prefix('"')?;
    let mut read = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((read, &text[at + 1..])),
            '\\' => read.push(chars.next()?.1),
            c => read.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_texts_are_read() {
        let cases = [
            ("Publish to \"a.b\"", DeniedAction::Publish, "a.b", None),
            ("Publish to \"a.\\\"q\\\\x\"", DeniedAction::Publish, "a.\"q\\x", None),
            ("Publish with Reply of \"_R_.x\"", DeniedAction::Publish, "_R_.x", None),
            ("Subscription to \"a.>\"", DeniedAction::Subscribe, "a.>", None),
            ("Subscription to \"a\" using queue \"q\"", DeniedAction::Subscribe, "a", Some("q")),
            ("Subscription to \"a\" (sid \"3\")", DeniedAction::Subscribe, "a", None),
            ("Publish to \"$JS.ACK.S.c.1.2.3.4.5\"", DeniedAction::Publish, "$JS.ACK.S.c.>", None),
            (
                "Publish to \"$JS.ACK.d.h.S.c.1.2.3.4.5.r\"",
                DeniedAction::Publish,
                "$JS.ACK.d.h.S.c.>",
                None,
            ),
        ];
        for (text, action, subject, queue_group) in cases {
            let denial = read(&format!("Permissions Violation for {text}"), "_INBOX.");
            let expected = Denial {
                action,
                subject: subject.to_owned(),
                queue_group: queue_group.map(str::to_owned),
                is_inbox: false,
            };
            assert_eq!(denial, Some(expected), "{text}");
        }
        for text in ["", "Unknown Protocol Operation", "Permissions Violation for Publish to \"x"] {
            assert_eq!(read(text, "_INBOX."), None, "{text}");
        }
        let inbox = read("Permissions Violation for Subscription to \"_INBOX.x.*\"", "_INBOX.");
        assert!(inbox.as_ref().is_some_and(|denial| denial.is_inbox));
        assert!(inbox.is_some_and(|denial| denial.to_string().contains("inbox_prefix")));
    }

    #[test]
    fn a_denial_is_told_once_and_forgotten_when_it_is_allowed() {
        let denials = Denials::new("_INBOX");
        assert!(!denials.has_publish("a"));
        let denied = || denials.read("Permissions Violation for Publish to \"a\"").unwrap();
        assert!(denials.keep(denied()), "it is news");
        let number = denials.last();
        assert!(!denials.keep(denied()), "and then it is none");
        assert!(denials.has_publish("a") && !denials.has_publish("b"));
        assert!(denials.publish_after(number, "a").is_some());
        assert!(denials.publish_after(denials.last(), "a").is_none());
        assert_eq!(denials.take_unreported(), Some(denied()));
        assert_eq!(denials.take_unreported(), None);
        denials.settle("a", true);
        assert!(!denials.has_publish("a"));
        // The oldest is forgotten where there are too many.
        for number in 0..=MOST {
            let text = format!("Permissions Violation for Subscription to \"s.{number}\"");
            denials.keep(denials.read(&text).unwrap());
        }
        assert!(denials.subscription_after(0, "s.0", None).is_none());
        assert!(denials.subscription_after(0, "s.1", Some("q")).is_some());
        denials.forget();
        assert!(denials.subscription_after(0, "s.1", None).is_none());
    }
}
