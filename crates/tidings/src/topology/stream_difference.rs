//! Differences between a stream's declaration and the stream that is there, field by field.
//!
//! What the declaration leaves open is left to the server, and so is what the server adds. The
//! verdicts are nats-server's own (2.15): a test asks it about each field.

use serde::Serialize;
use tidings_subject::covers;

use super::difference::{Difference, DifferenceKind, Setting};
use crate::stream::{ConsumerLimits, Discard, Persistence, Retention, StreamConfig};

use DifferenceKind::{Immutable, Lossy, Mutable};

const ANEW: &str = "make a stream of another name, or delete this one with what it keeps";
const ONCE: &str = "once it is set it stays; make a stream of another name";
const SMALLER: &str = "what is over it is deleted at once";
const FULL: &str = "nothing is deleted, and as long as there is more than that each publish is refused (code 10077)";
const AS_OLD: &str = "ids can't be remembered for longer than messages are kept (code 10052)";
const TOO_LONG: &str = "a server refuses a duplicate window that is longer than max_age (code 10052); declare both, the window no longer than max_age";

/// Comparison: what differs, and what the stream becomes if all of it is changed.
pub(super) struct Comparison {
    pub(super) differences: Vec<Difference>,
    pub(super) target: StreamConfig,
}

/// Compares a declaration with the stream that is there.
pub(super) fn compare(ours: &StreamConfig, theirs: &StreamConfig) -> Comparison {
    let mut comparison = Comparison { differences: Vec::new(), target: theirs.clone() };
    comparison.subjects(ours, theirs);
    comparison.identity(ours, theirs);
    comparison.limits(ours);
    comparison.discard(ours, theirs);
    comparison.permissions(ours, theirs.sealed);
    comparison.options(ours, theirs);
    comparison.sources(ours, theirs);
    comparison.metadata(ours, theirs);
    comparison
}

/// Finds what no server makes of a declaration, where the stream is missing.
pub(super) fn contradiction(ours: &StreamConfig) -> Option<Difference> {
    let age = ours.max_age.filter(|age| !age.is_zero())?;
    let window = ours.duplicate_window.filter(|window| *window > age)?;
    let (field, ours, theirs) =
        ("duplicate_window".to_owned(), window.into(), Setting::none("none"));
    Some(Difference { field, ours, theirs, kind: Immutable, advice: TOO_LONG })
}

impl Comparison {
    fn add(
        &mut self,
        field: impl Into<String>,
        (ours, theirs): (Setting, Setting),
        (kind, advice): (DifferenceKind, &'static str),
    ) {
        let field = field.into();
        self.differences.push(Difference { field, ours, theirs, kind, advice });
    }

    /// Notes a field that simply differs, or does not.
    fn field<T: PartialEq + Serialize>(
        &mut self,
        field: &'static str,
        ours: &T,
        theirs: &T,
        verdict: (DifferenceKind, &'static str),
    ) -> bool {
        if ours == theirs {
            return false;
        }
        self.add(field, (json(ours), json(theirs)), verdict);
        true
    }

    fn subjects(&mut self, ours: &StreamConfig, theirs: &StreamConfig) {
        let wanted = subjects(ours);
        let sorted = |subjects: &[String]| {
            let mut subjects = subjects.to_vec();
            subjects.sort();
            subjects
        };
        let (ours, theirs) = (sorted(&wanted), sorted(&theirs.subjects));
        if ours == theirs {
            return;
        }
        let kept: Vec<&str> = ours.iter().map(String::as_str).collect();
        let verdict = if theirs.iter().all(|subject| covers(&kept, subject)) {
            (Mutable, "")
        } else {
            (Lossy, "what is published to a subject that is gone is kept by nobody")
        };
        let settings = (ours.as_slice().into(), theirs.as_slice().into());
        self.add("subjects", settings, verdict);
        self.target.subjects = wanted;
    }

    /// Compares what a stream is made of.
    fn identity(&mut self, ours: &StreamConfig, theirs: &StreamConfig) {
        if self.field("storage", &ours.storage, &theirs.storage, (Immutable, ANEW)) {
            self.target.storage = ours.storage;
        }
        let verdict = match (theirs.retention, ours.retention) {
            (_, Retention::WorkQueue) | (Retention::WorkQueue, _) => (Immutable, ANEW),
            (_, Retention::Interest) => {
                (Lossy, "what no consumer is interested in is deleted at once")
            }
            _ => (Mutable, ""),
        };
        if self.field("retention", &ours.retention, &theirs.retention, verdict) {
            self.target.retention = ours.retention;
        }
        // One is what a declaration says that speaks of none: whoever made them more knows why.
        if ours.replicas > 1
            && self.field("num_replicas", &ours.replicas, &theirs.replicas, (Mutable, ""))
        {
            self.target.replicas = ours.replicas;
        }
        let written = Some(Persistence::Written);
        if let Some(persistence) = ours.persistence {
            let found = theirs.persistence.or(written);
            if self.field("persist_mode", &Some(persistence), &found, (Immutable, ANEW)) {
                self.target.persistence = ours.persistence;
            }
        }
    }

    fn limits(&mut self, ours: &StreamConfig) {
        // A sealed stream deletes nothing, whatever was asked for.
        if !(ours.sealed && self.target.sealed) {
            self.limit("max_age", ours.max_age, |t| &mut t.max_age, SMALLER);
        }
        // A server goes by what the stream becomes.
        let whole = if ours.discard == Discard::New { (Mutable, FULL) } else { (Lossy, SMALLER) };
        self.limit_to("max_bytes", ours.max_bytes, |t| &mut t.max_bytes, whole);
        self.limit_to("max_msgs", ours.max_messages, |t| &mut t.max_messages, whole);
        let per_subject = ours.max_messages_per_subject;
        let field = "max_msgs_per_subject";
        self.limit(field, per_subject, |t| &mut t.max_messages_per_subject, SMALLER);
        self.limit("max_msg_size", ours.max_message_size, |t| &mut t.max_message_size, "");
        self.limit("max_consumers", ours.max_consumers, |t| &mut t.max_consumers, "");
        // A server's own window stands where none is asked for, and zero asks for none.
        let window = ours.duplicate_window.filter(|window| !window.is_zero());
        self.limit("duplicate_window", window, |t| &mut t.duplicate_window, "");
        self.window(window.is_some());
    }

    /// A server refuses a window that is longer than messages are kept: one that is not declared
    /// follows, and one that is can't be.
    fn window(&mut self, is_declared: bool) {
        let (age, window) = (self.target.max_age, self.target.duplicate_window);
        let age = age.filter(|age| !age.is_zero());
        let (Some(age), Some(window)) = (age, window) else { return };
        if window <= age {
            return;
        }
        let of_both = |d: &&mut Difference| d.field == "max_age" || d.field == "duplicate_window";
        if is_declared {
            for difference in self.differences.iter_mut().filter(of_both) {
                (difference.kind, difference.advice) = (Immutable, TOO_LONG);
            }
        } else if self.differences.iter_mut().any(|difference| of_both(&difference)) {
            self.target.duplicate_window = Some(age);
            self.add("duplicate_window", (age.into(), window.into()), (Mutable, AS_OLD));
        }
    }

    /// Compares a limit; 0 says that there is none. A lower one may delete messages, and then
    /// `loss` says so.
    fn limit<T: Copy + PartialOrd + Default + Into<Setting>>(
        &mut self,
        field: &'static str,
        ours: Option<T>,
        target: impl Fn(&mut StreamConfig) -> &mut Option<T>,
        loss: &'static str,
    ) {
        let verdict = if loss.is_empty() { (Mutable, "") } else { (Lossy, loss) };
        self.limit_to(field, ours, target, verdict);
    }

    /// Compares a limit, with what a lower one is.
    fn limit_to<T: Copy + PartialOrd + Default + Into<Setting>>(
        &mut self,
        field: &'static str,
        ours: Option<T>,
        target: impl Fn(&mut StreamConfig) -> &mut Option<T>,
        verdict: (DifferenceKind, &'static str),
    ) {
        let Some(wanted) = ours else { return };
        let ours = Some(wanted).filter(|limit| *limit != T::default());
        let theirs = std::mem::replace(target(&mut self.target), ours);
        if ours == theirs {
            return;
        }
        // Said in so many words, where nothing would be the server's own.
        *target(&mut self.target) = Some(wanted);
        let lower = ours.is_some_and(|ours| theirs.is_none_or(|theirs| ours < theirs));
        let verdict = if lower { verdict } else { (Mutable, "") };
        let setting = |limit: Option<T>| limit.map_or_else(|| Setting::none("no limit"), T::into);
        self.add(field, (setting(ours), setting(theirs)), verdict);
    }

    fn discard(&mut self, ours: &StreamConfig, theirs: &StreamConfig) {
        // A sealed stream refuses what is new, whatever was asked for.
        if ours.sealed && theirs.sealed {
            return;
        }
        let verdict = if ours.discard == Discard::Old {
            (Lossy, "a full stream then deletes its oldest messages")
        } else {
            (Mutable, "")
        };
        if self.field("discard", &ours.discard, &theirs.discard, verdict) {
            self.target.discard = ours.discard;
        }
        let per_subject = ours.discard_new_per_subject;
        let verdict = if per_subject {
            (Mutable, "")
        } else {
            (Lossy, "a full subject then loses its oldest messages")
        };
        let found = theirs.discard_new_per_subject;
        if self.field("discard_new_per_subject", &per_subject, &found, verdict) {
            self.target.discard_new_per_subject = per_subject;
        }
    }

    /// Compares what may be done with a stream; `sealed` if it is. What one option brings with it
    /// is no wish of anybody's, and not compared.
    fn permissions(&mut self, ours: &StreamConfig, sealed: bool) {
        let sealed = ours.sealed && sealed;
        let marks = ours.subject_delete_marker_ttl.is_some_and(|ttl| !ttl.is_zero());
        let rolls_up = marks || ours.allow_message_schedules;
        let easy = (Mutable, "");
        let for_good = |ours| if ours { easy } else { (Immutable, ONCE) };
        // Reading in other ways hurts nobody: what an operator allows stays allowed.
        if ours.allow_direct {
            self.flag("allow_direct", true, |t| &mut t.allow_direct, easy);
        }
        // A mirror has the setting of the stream that it mirrors.
        if ours.mirror_direct && ours.mirror.is_none() {
            self.flag("mirror_direct", true, |t| &mut t.mirror_direct, easy);
        }
        if !rolls_up && !sealed {
            self.flag("allow_rollup_hdrs", ours.allow_rollup, |t| &mut t.allow_rollup, easy);
            let deny = ours.deny_purge;
            self.flag("deny_purge", deny, |t| &mut t.deny_purge, for_good(deny));
        }
        if !sealed {
            let deny = ours.deny_delete;
            self.flag("deny_delete", deny, |t| &mut t.deny_delete, for_good(deny));
        }
        if !marks {
            let allow = ours.allow_message_ttl;
            self.flag("allow_msg_ttl", allow, |t| &mut t.allow_message_ttl, for_good(allow));
        }
        let (field, allow) = ("allow_msg_schedules", ours.allow_message_schedules);
        self.flag(field, allow, |t| &mut t.allow_message_schedules, for_good(allow));
        self.flag("allow_atomic", ours.allow_atomic_publish, |t| &mut t.allow_atomic_publish, easy);
        self.flag("allow_batched", ours.allow_batch_publish, |t| &mut t.allow_batch_publish, easy);
        let (field, counts) = ("allow_msg_counter", ours.allow_message_counter);
        self.flag(field, counts, |t| &mut t.allow_message_counter, (Immutable, ANEW));
        self.flag("no_ack", ours.no_ack, |t| &mut t.no_ack, easy);
        let verdict = if ours.sealed {
            (Lossy, "it then takes no more messages, for good")
        } else {
            (Immutable, ONCE)
        };
        self.flag("sealed", ours.sealed, |t| &mut t.sealed, verdict);
    }

    fn flag(
        &mut self,
        field: &'static str,
        ours: bool,
        target: impl FnOnce(&mut StreamConfig) -> &mut bool,
        verdict: (DifferenceKind, &'static str),
    ) {
        let theirs = std::mem::replace(target(&mut self.target), ours);
        self.field(field, &ours, &theirs, verdict);
    }

    /// Compares what is compared only where it is declared.
    fn options(&mut self, ours: &StreamConfig, theirs: &StreamConfig) {
        let easy = (Mutable, "");
        macro_rules! options {
            ($($field:ident: $name:literal),* $(,)?) => {$(
                if ours.$field.is_some() && self.field($name, &ours.$field, &theirs.$field, easy) {
                    self.target.$field.clone_from(&ours.$field);
                }
            )*};
        }
        options!(
            description: "description",
            compression: "compression",
            placement: "placement",
            subject_transform: "subject_transform",
            republish: "republish",
        );
        let ttl = ours.subject_delete_marker_ttl;
        let field = "subject_delete_marker_ttl";
        self.limit(field, ttl, |t| &mut t.subject_delete_marker_ttl, "");
        let Some(limits) = ours.consumer_limits else { return };
        let (field, threshold) = ("consumer_limits.inactive_threshold", limits.inactive_threshold);
        self.limit(field, threshold, |t| &mut limits_of(t).inactive_threshold, "");
        let (field, most) = ("consumer_limits.max_ack_pending", limits.max_ack_pending);
        self.limit(field, most, |t| &mut limits_of(t).max_ack_pending, "");
    }

    fn sources(&mut self, ours: &StreamConfig, theirs: &StreamConfig) {
        let verdict = match &ours.mirror {
            Some(_) => (Immutable, ANEW),
            None => (Lossy, "it is no mirror then, and nothing more comes from the other stream"),
        };
        if self.field("mirror", &ours.mirror, &theirs.mirror, verdict) {
            self.target.mirror.clone_from(&ours.mirror);
        }
        let same = ours.sources.len() == theirs.sources.len()
            && ours.sources.iter().all(|source| theirs.sources.contains(source));
        if !same {
            let stays = |source| ours.sources.contains(source);
            let verdict = if theirs.sources.iter().all(stays) {
                (Mutable, "")
            } else {
                (Lossy, "what comes from a source that is gone is kept by nobody")
            };
            self.field("sources", &ours.sources, &theirs.sources, verdict);
            self.target.sources.clone_from(&ours.sources);
        }
    }

    /// Compares metadata: what others wrote beside ours stays, and what the server writes is its
    /// own.
    fn metadata(&mut self, ours: &StreamConfig, theirs: &StreamConfig) {
        for (name, value) in ours.metadata.iter().filter(|(name, _)| !name.starts_with("_nats.")) {
            let found = theirs.metadata.get(name);
            if found == Some(value) {
                continue;
            }
            let settings = (json(value), json(&found));
            self.add(format!("metadata.{name}"), settings, (Mutable, ""));
            self.target.metadata.insert(name.clone(), value.clone());
        }
    }
}

/// A stream that is told no subject keeps the one of its name.
fn subjects(config: &StreamConfig) -> Vec<String> {
    if config.subjects.is_empty() && config.mirror.is_none() && config.sources.is_empty() {
        return vec![config.name.clone()];
    }
    config.subjects.clone()
}

fn limits_of(config: &mut StreamConfig) -> &mut ConsumerLimits {
    config.consumer_limits.get_or_insert_default()
}

fn json<T: Serialize + ?Sized>(value: &T) -> Setting {
    serde_json::to_value(value).unwrap_or_default().into()
}
