//! Values of buckets: a change that breaks readers of what is stored is told as an event's is.

use schemars::JsonSchema;

use crate::compat::{Change, Mode, Policy, Severity, Verdict, changes};
use crate::{Catalog, Descriptor, Direction};

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is wanted")]
struct Session {
    user: u64,
    cart: Vec<String>,
}

/// A reader that asks for more.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is wanted")]
struct Narrower {
    user: u64,
    cart: Vec<u64>,
    region: String,
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is wanted")]
struct Wider {
    user: u64,
    cart: Vec<String>,
    #[serde(default)]
    region: String,
}

fn bucket<T: JsonSchema>(key: &str) -> Catalog {
    let subject = format!("$KV.sessions.{key}");
    let value = Descriptor::event("KV_sessions", 1, subject).stream("KV_sessions").payload::<T>();
    Catalog::of([value]).unwrap()
}

fn told(old: &Catalog, new: &Catalog, mode: Mode) -> Vec<Change> {
    changes(old, new, mode, Policy::Typed).changes
}

#[test]
fn a_value_that_can_no_longer_be_read_is_a_break() {
    let (old, new) = (bucket::<Session>("{user}"), bucket::<Narrower>("{user}"));
    let report = changes(&old, &new, Mode::Backward, Policy::Typed);
    assert_eq!(report.verdict(), Verdict::Incompatible);
    let mut rules: Vec<_> = report.changes.iter().map(|change| change.rule).collect();
    rules.sort_unstable();
    assert_eq!(rules, ["required-added", "type-changed"]);
    for change in &report.changes {
        assert!(change.severity == Severity::Break && change.fails(), "{change}");
        assert_eq!((&*change.message, &*change.file), ("KV_sessions.v1", "KV_sessions.v1.json"));
        // It has no version that another could take.
        assert!(!change.mend.contains("version"), "{}", change.mend);
    }
    // Instances of before read what is stored now.
    let back = told(&new, &old, Mode::Full);
    assert!(back.iter().any(|change| change.direction == Direction::Forward), "{back:?}");
    let wider = told(&old, &bucket::<Wider>("{user}"), Mode::Full);
    assert!(!wider.iter().any(Change::fails), "{wider:?}");
}

#[test]
fn other_keys_and_a_bucket_that_is_gone_are_breaks_with_a_way_out() {
    let old = bucket::<Session>("{user}");
    let keys = told(&old, &bucket::<Session>("{region}.{user}"), Mode::Backward);
    assert_eq!((keys.len(), keys[0].rule), (1, "subject-changed"));
    assert!(keys[0].mend.contains("bucket of another name"), "{}", keys[0].mend);
    let gone = told(&old, &Catalog::new(), Mode::Backward);
    assert_eq!((gone.len(), gone[0].rule, gone[0].fails()), (1, "message-removed", true));
    assert!(gone[0].why.contains("the bucket"), "{}", gone[0].why);
}
