//! Edits next to those that break a rule: they break nothing, and the rule is not told.

use super::{catalog_of, json};
use crate::compat::{MessageRule, Mode, Policy, Rule, Verdict, changes, compare};

/// An edit of schemas that is like the rule's example, and harmless.
fn of_schemas(rule: Rule) -> (&'static str, &'static str) {
    match rule {
        Rule::TypeChanged => (r#"{"type":"integer"}"#, r#"{"type":"number"}"#),
        Rule::EnumValueRemoved => (r#"{"enum":["a","b"]}"#, r#"{"enum":["c","b","a"]}"#),
        Rule::EnumIntroduced => (r#"{"const":"a"}"#, r#"{"enum":["a","b"]}"#),
        Rule::ValueRefused => (r#"{"const":5}"#, r#"{"type":"integer","minimum":5}"#),
        Rule::NothingAllowed => (
            r#"{"type":"object","properties":{"a":{"type":"string"}}}"#,
            r#"{"type":"object","properties":{"a":true,"b":false}}"#,
        ),
        Rule::MinimumRaised => {
            (r#"{"type":"integer","minimum":1}"#, r#"{"type":"integer","exclusiveMinimum":0}"#)
        }
        Rule::MaximumLowered => {
            (r#"{"type":"integer","format":"int32"}"#, r#"{"type":"integer","format":"int64"}"#)
        }
        Rule::StepChanged => {
            (r#"{"type":"integer","multipleOf":10}"#, r#"{"type":"integer","multipleOf":5}"#)
        }
        Rule::MinLengthRaised => {
            (r#"{"type":"string","minLength":1}"#, r#"{"type":"string","minLength":0}"#)
        }
        Rule::MaxLengthLowered => {
            (r#"{"type":"string","maxLength":5}"#, r#"{"type":"string","maxLength":10}"#)
        }
        Rule::PatternChanged => {
            (r#"{"type":"string","pattern":"^[A-Z]+$"}"#, r#"{"type":"string","pattern":"[A-Z]*"}"#)
        }
        Rule::FormatChanged => {
            (r#"{"type":"string","format":"ipv4"}"#, r#"{"type":"string","format":"ip"}"#)
        }
        Rule::ContentChanged => {
            (r#"{"type":"string","contentEncoding":"base64"}"#, r#"{"type":"string"}"#)
        }
        Rule::MinItemsRaised => {
            (r#"{"type":"array","minItems":2}"#, r#"{"type":"array","minItems":1}"#)
        }
        Rule::MaxItemsLowered => {
            (r#"{"type":"array","maxItems":3}"#, r#"{"type":"array","maxItems":4}"#)
        }
        Rule::UniqueIntroduced => {
            (r#"{"type":"array","uniqueItems":true}"#, r#"{"type":"array","uniqueItems":false}"#)
        }
        Rule::ContainsChanged => (
            r#"{"type":"array","items":{"type":"string"},"minItems":1}"#,
            r#"{"type":"array","contains":{"type":"string"}}"#,
        ),
        Rule::RequiredAdded => (
            r#"{"type":"object","properties":{"a":{"type":"string"}}}"#,
            r#"{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"string"}}}"#,
        ),
        Rule::OptionalBecameRequired => (
            r#"{"type":"object","properties":{"a":{"type":"string"}},"required":["a"]}"#,
            r#"{"type":"object","properties":{"a":{"type":"string"}}}"#,
        ),
        Rule::PropertyRefused => (
            r#"{"type":"object","properties":{"a":{"type":"string"}}}"#,
            r#"{"type":"object","properties":{"a":true},"additionalProperties":false}"#,
        ),
        Rule::PropertyNameRefused => (
            r#"{"type":"object","properties":{"b":{"type":"string"}}}"#,
            r#"{"type":"object","properties":{"b":true},"propertyNames":{"enum":["a","b"]}}"#,
        ),
        Rule::MinPropertiesRaised => (
            r#"{"type":"object","additionalProperties":true,"minProperties":1}"#,
            r#"{"type":"object","additionalProperties":true,"minProperties":0}"#,
        ),
        Rule::MaxPropertiesLowered => (
            r#"{"type":"object","additionalProperties":true,"maxProperties":1}"#,
            r#"{"type":"object","additionalProperties":true,"maxProperties":2}"#,
        ),
        Rule::DependencyAdded => (
            r#"{"type":"object","properties":{"a":true,"b":true},"required":["b"]}"#,
            r#"{"type":"object","properties":{"a":true,"b":true},"dependentRequired":{"a":["b"]}}"#,
        ),
        Rule::NoBranch => {
            (r#"{"type":"integer"}"#, r#"{"oneOf":[{"type":"string"},{"type":"number"}]}"#)
        }
        Rule::BranchOverlaps => {
            (r#"{"type":"integer"}"#, r#"{"anyOf":[{"type":"integer"},{"type":"number"}]}"#)
        }
        Rule::Excluded => {
            (r#"{"type":"string","maxLength":4}"#, r#"{"type":"string","not":{"minLength":5}}"#)
        }
        Rule::ConditionChanged => {
            (r#"{"type":"integer"}"#, r#"{"if":{"minimum":10},"then":{"minimum":2}}"#)
        }
        Rule::PropertyRenamed => (
            r#"{"type":"object","properties":{"note":{"type":"string"}}}"#,
            r#"{"type":"object","properties":{"note":true,"notes":{"type":"string"}}}"#,
        ),
        Rule::PropertyDropped => (
            r#"{"type":"object","properties":{"a":{"type":"string"}}}"#,
            r#"{"type":"object","properties":{"a":{"type":"string"},"x":{"type":"integer"}}}"#,
        ),
        Rule::Undecided => (
            r#"{"type":"string","pattern":"^(?=a)a+$","minLength":2}"#,
            r#"{"type":"string","pattern":"^(?=a)a+$"}"#,
        ),
    }
}

/// An edit of messages that is like the rule's example, and does not break it.
fn of_messages(rule: MessageRule) -> (&'static str, &'static str) {
    match rule {
        MessageRule::MessageRemoved => (
            r#"[{"kind":"event","name":"a","version":1,"subject":"a"}]"#,
            r#"[{"kind":"event","name":"a","version":1,"subject":"a"},{"kind":"event","name":"b","version":1,"subject":"b"}]"#,
        ),
        MessageRule::VersionReplaced => (
            r#"[{"kind":"event","name":"a","version":1,"subject":"a"}]"#,
            r#"[{"kind":"event","name":"a","version":1,"subject":"a"},{"kind":"event","name":"a","version":2,"subject":"a.v2"}]"#,
        ),
        MessageRule::KindChanged => (
            r#"[{"kind":"event","name":"a","version":1,"subject":"a"}]"#,
            r#"[{"kind":"event","name":"a","version":1,"subject":"a"},{"kind":"request","name":"b","version":1,"subject":"b","reply":{"read":true}}]"#,
        ),
        MessageRule::SubjectChanged => (
            r#"[{"kind":"event","name":"a","version":1,"subject":"a.{b}"}]"#,
            r#"[{"kind":"event","name":"a","version":1,"subject":"a.{c}"}]"#,
        ),
        MessageRule::TokenRenamed => (
            r#"[{"kind":"event","name":"a","version":1,"subject":"a.{b}"}]"#,
            r#"[{"kind":"event","name":"a","version":1,"subject":"a.{b}"},{"kind":"event","name":"a","version":2,"subject":"a.v2.{c}"}]"#,
        ),
        MessageRule::StreamChanged => (
            r#"[{"kind":"event","name":"a","version":1,"subject":"a"}]"#,
            r#"[{"kind":"event","name":"a","version":1,"subject":"a","stream":"A"}]"#,
        ),
        MessageRule::StreamAdded => (
            r#"[{"kind":"event","name":"a","version":1,"subject":"a","stream":"A"}]"#,
            r#"[{"kind":"event","name":"a","version":1,"subject":"a","stream":"B"}]"#,
        ),
        MessageRule::TagRemoved => (
            r#"[{"kind":"event","name":"a","version":1,"subject":"a"}]"#,
            r#"[{"kind":"event","name":"a","version":1,"subject":"a","tagged":true}]"#,
        ),
        // By a longer way.
        MessageRule::UpcastRemoved => (
            r#"[{"kind":"event","name":"a","version":3,"subject":"a.v3","upcasts":"a.v1"},{"kind":"event","name":"a","version":1,"subject":"a"}]"#,
            r#"[{"kind":"event","name":"a","version":3,"subject":"a.v3","upcasts":"a.v2"},{"kind":"event","name":"a","version":2,"subject":"a.v2","upcasts":"a.v1"},{"kind":"event","name":"a","version":1,"subject":"a"}]"#,
        ),
        MessageRule::IdChanged => (
            r#"[{"kind":"event","name":"a","version":1,"subject":"a","stream":"A","id":["b"]}]"#,
            r#"[{"kind":"event","name":"a","version":1,"subject":"a","stream":"A","id":["b"],"tagged":true}]"#,
        ),
        MessageRule::ErrorAdded => (
            r#"[{"kind":"request","name":"a","version":1,"subject":"a","reply":{"read":true},"error":{"read":{"type":"string"}}}]"#,
            r#"[{"kind":"request","name":"a","version":1,"subject":"a","reply":{"read":true},"error":{"read":{"enum":["full"]}}}]"#,
        ),
    }
}

#[test]
fn an_edit_beside_a_rule_of_schemas_is_compatible() {
    for rule in Rule::ALL {
        let (old, new) = of_schemas(*rule);
        let found = compare(&json(old), &json(new), Policy::Typed);
        assert_eq!(found.verdict, Verdict::Compatible, "{rule}: {found:#?}");
        assert!(!found.findings.iter().any(|one| one.rule == *rule), "{rule}: {found:#?}");
    }
}

#[test]
fn an_edit_beside_a_rule_of_messages_does_not_break_it() {
    for rule in MessageRule::ALL {
        let (old, new) = of_messages(*rule);
        let (old, new) = (catalog_of(old), catalog_of(new));
        assert_ne!(old, new, "{rule}");
        let report = changes(&old, &new, Mode::Backward, Policy::Typed);
        assert!(!report.changes.iter().any(|one| one.rule == rule.id()), "{rule}: {report:#?}");
    }
}

/// A rule is known by its name in locks and reports, and its text stands alone in them.
#[test]
fn no_two_rules_have_one_name() {
    let schemas = Rule::ALL.iter().map(|rule| (rule.id(), rule.why(), rule.mend()));
    let messages = MessageRule::ALL.iter().map(|rule| (rule.id(), rule.why(), rule.mend()));
    let mut all: Vec<_> = schemas.chain(messages).collect();
    for (id, why, mend) in &all {
        assert!(id.bytes().all(|byte| byte == b'-' || byte.is_ascii_lowercase()), "{id}");
        assert!(!why.is_empty() && !mend.is_empty(), "{id}");
    }
    all.sort_unstable();
    let twice = all.windows(2).find(|pair| pair[0].0 == pair[1].0);
    assert_eq!(twice, None);
}
