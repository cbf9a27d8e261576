//! Ownership of a route's consumer: notes on the consumer itself, for whoever starts next.
//!
//! Without them two registries would change a consumer that they share to their own policy at each
//! start, and so would two versions of one while instances of both are started. A policy that was
//! asked for last is kept, until a later version asks for another or somebody says so.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::time::{Duration, SystemTime};

use semver::Version;

use crate::transport::ConsumerConfig;

const REGISTRY: &str = "tidings-registry";
const MESSAGE: &str = "tidings-message";
const VERSION: &str = "tidings-version";
/// Key of the note that the consumer's name is the default one: `default` or `given`.
const NAMED: &str = "tidings-named";
/// The policies that were asked for by this version, the one that holds last.
const POLICIES: &str = "tidings-policies";
/// Note of the time until which messages may be given back that an instance does not know, in
/// seconds since 1970.
const GIVEN_BACK: &str = "tidings-given-back";

const DEFAULT: &str = "default";
/// Maximum number of policies that are remembered.
const MOST_POLICIES: usize = 8;

/// The route that a durable consumer is for, as notes on the consumer tell it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConsumerOwner {
    /// The registry.
    pub registry: String,
    /// The registry's version.
    pub version: String,
    /// The wire name of what is handled.
    pub message: String,
    /// `true` if the consumer's name is made of these.
    pub(crate) is_default: bool,
}

/// ``the handler of `orders` in registry `shop` 1.4.0``
impl fmt::Display for ConsumerOwner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { registry, version, message, .. } = self;
        write!(f, "the handler of `{message}` in registry `{registry}` {version}")
    }
}

/// Ownership of a registry with a consumer, by the consumer's notes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ownership {
    /// The consumer may be changed to what is asked for.
    Ours,
    /// The consumer's policy is another registry's, or a later version's, or replaced this one.
    Kept,
    /// Another route has the same default name.
    Taken { ours: Box<ConsumerOwner>, theirs: Box<ConsumerOwner> },
}

impl ConsumerOwner {
    /// Notes for a consumer that is made for this route.
    pub(crate) fn notes(&self) -> BTreeMap<String, String> {
        let named = if self.is_default { DEFAULT } else { "given" };
        [
            (REGISTRY, self.registry.as_str()),
            (MESSAGE, &self.message),
            (VERSION, &self.version),
            (NAMED, named),
        ]
        .map(|(name, note)| (name.to_owned(), note.to_owned()))
        .into()
    }

    fn of(config: &ConsumerConfig) -> Option<Self> {
        let note = |name| config.metadata.get(name).cloned();
        Some(Self {
            registry: note(REGISTRY)?,
            version: note(VERSION)?,
            message: note(MESSAGE)?,
            is_default: note(NAMED)? == DEFAULT,
        })
    }
}

/// Relation of a consumer that is there to the one that is asked for.
pub(super) fn ownership(ours: &ConsumerConfig, theirs: &ConsumerConfig) -> Ownership {
    let (Some(us), Some(them)) = (ConsumerOwner::of(ours), ConsumerOwner::of(theirs)) else {
        return Ownership::Ours;
    };
    let is_another = us.registry != them.registry || us.message != them.message;
    if is_another && us.is_default && them.is_default {
        return Ownership::Taken { ours: us.into(), theirs: them.into() };
    }
    if us.registry != them.registry {
        return Ownership::Kept;
    }
    match precedence(&us.version, &them.version) {
        Ordering::Less => Ownership::Kept,
        Ordering::Greater => Ownership::Ours,
        Ordering::Equal => {
            let policy = policy(ours);
            match policies(theirs).rposition(|known| known == policy) {
                Some(place) if place + 1 < policies(theirs).count() => Ownership::Kept,
                _ => Ownership::Ours,
            }
        }
    }
}

/// The notes of a consumer that is made, or becomes what is asked for.
pub(super) fn written(
    ours: &ConsumerConfig,
    theirs: Option<&ConsumerConfig>,
) -> BTreeMap<String, String> {
    let mut notes = theirs.map(|theirs| theirs.metadata.clone()).unwrap_or_default();
    let Some(us) = ConsumerOwner::of(ours) else { return notes };
    let is_same = |them: &ConsumerOwner| us.registry == them.registry && us.version == them.version;
    let known = theirs.filter(|theirs| ConsumerOwner::of(theirs).as_ref().is_some_and(is_same));
    let policy = policy(ours);
    let mut known: Vec<String> =
        known.into_iter().flat_map(policies).filter(|known| *known != policy).collect();
    known.push(policy);
    let known = known.split_off(known.len().saturating_sub(MOST_POLICIES));
    notes.extend(ours.metadata.clone());
    notes.insert(POLICIES.to_owned(), known.join(" "));
    notes
}

/// Owner of the consumer's policy, by its notes, in words.
pub(super) fn whose(config: &ConsumerConfig) -> String {
    ConsumerOwner::of(config).map_or_else(|| "somebody else".to_owned(), |owner| owner.to_string())
}

/// Time until which messages may be given back that an instance does not know.
pub(super) fn given_back_until(config: &ConsumerConfig) -> Option<SystemTime> {
    let seconds = config.metadata.get(GIVEN_BACK)?.parse().ok()?;
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

/// Notes that until then messages may be given back that an instance does not know.
pub(super) fn note_given_back(config: &mut ConsumerConfig, until: SystemTime) {
    let since = until.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    config.metadata.insert(GIVEN_BACK.to_owned(), since.as_secs().to_string());
}

fn policies(
    config: &ConsumerConfig,
) -> impl DoubleEndedIterator<Item = String> + ExactSizeIterator {
    let known = config.metadata.get(POLICIES).map(String::as_str).unwrap_or_default();
    known.split_whitespace().map(str::to_owned).collect::<Vec<_>>().into_iter()
}

/// A short word for what is asked for beside the subjects; the same in each build (FNV-1a).
fn policy(config: &ConsumerConfig) -> String {
    let ConsumerConfig { ack_wait, backoff, max_deliver, max_ack_pending, .. } = config;
    let mut text = String::new();
    // Writing to a text can't fail.
    let _ = write!(text, "{ack_wait:?} {backoff:?} {max_deliver:?} {max_ack_pending:?}");
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    format!("{hash:016x}")
}

/// Compares two versions: which comes later (<https://semver.org>, 11); what is none comes first.
fn precedence(a: &str, b: &str) -> Ordering {
    match (Version::parse(a), Version::parse(b)) {
        (Ok(a), Ok(b)) => a.cmp_precedence(&b),
        (a, b) => a.is_ok().cmp(&b.is_ok()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(registry: &str, version: &str, ack_wait: u64) -> ConsumerConfig {
        let owner = ConsumerOwner {
            registry: registry.to_owned(),
            version: version.to_owned(),
            message: "orders".to_owned(),
            is_default: true,
        };
        ConsumerConfig {
            metadata: owner.notes(),
            ack_wait: Duration::from_secs(ack_wait),
            ..ConsumerConfig::new("d")
        }
    }

    fn given(mut config: ConsumerConfig) -> ConsumerConfig {
        config.metadata.insert(NAMED.to_owned(), "given".to_owned());
        config
    }

    /// The consumer as it is once this one was asked for.
    fn after(theirs: &ConsumerConfig, ours: &ConsumerConfig) -> ConsumerConfig {
        assert_eq!(ownership(ours, theirs), Ownership::Ours);
        ConsumerConfig { metadata: written(ours, Some(theirs)), ..ours.clone() }
    }

    #[test]
    fn versions_have_an_order() {
        let versions = [
            "none of them",
            "0.0.0",
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-alpha.beta",
            "1.0.0-beta.2",
            "1.0.0-beta.11",
            "1.0.0-rc.1",
            "1.0.0",
            "1.9.0",
            "1.10.0",
            "18446744073709551615.0.0",
        ];
        for (i, a) in versions.iter().enumerate() {
            for (j, b) in versions.iter().enumerate() {
                assert_eq!(precedence(a, b), i.cmp(&j), "{a} {b}");
            }
        }
        assert_eq!(precedence("1.0.0+a", "1.0.0+b"), Ordering::Equal);
    }

    #[test]
    fn a_policy_that_was_replaced_is_not_put_back_by_a_restart() {
        let (old, new) = (config("shop", "0.0.0", 30), config("shop", "0.0.0", 60));
        let mut first = old.clone();
        first.metadata = written(&old, None);
        assert_eq!(ownership(&old, &first), Ownership::Ours);
        let second = after(&first, &new);
        assert_eq!(ownership(&new, &second), Ownership::Ours);
        assert_eq!(ownership(&old, &second), Ownership::Kept);
        // A later version may ask for it again, and an earlier one for nothing.
        let later = config("shop", "1.0.0", 30);
        let third = after(&second, &later);
        assert_eq!(ownership(&later, &third), Ownership::Ours);
        assert_eq!(ownership(&new, &third), Ownership::Kept);
    }

    #[test]
    fn another_registry_changes_no_policy_and_takes_no_default_name() {
        let mut theirs = config("shop", "1.0.0", 30);
        theirs.metadata = written(&theirs, None);
        let Ownership::Taken { theirs: owner, .. } =
            ownership(&config("depot", "2.0.0", 60), &theirs)
        else {
            panic!("both have the name by default");
        };
        assert_eq!(owner.registry, "shop");
        assert_eq!(ownership(&given(config("depot", "2.0.0", 60)), &theirs), Ownership::Kept);
        // A consumer without a note belongs to whoever asks first.
        assert_eq!(ownership(&theirs, &ConsumerConfig::new("d")), Ownership::Ours);
    }

    #[test]
    fn what_others_noted_stays() {
        let mut theirs = ConsumerConfig::new("d");
        theirs.metadata.insert("team".to_owned(), "depot".to_owned());
        let notes = written(&config("shop", "1.0.0", 30), Some(&theirs));
        assert_eq!((notes["team"].as_str(), notes[REGISTRY].as_str()), ("depot", "shop"));
    }
}
