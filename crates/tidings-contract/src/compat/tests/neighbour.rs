//! Edits next to those that break a rule: they break nothing, and the rule is not told.

use super::{catalog_of, json};
use crate::compat::{CatalogRule, MessageRule, Mode, Policy, Rule, Verdict, changes, compare};

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
        MessageRule::TagRemoved | MessageRule::PayloadUndescribed => (
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
        MessageRule::LargeAdded | MessageRule::LargeRemoved => (
            r#"[{"kind":"event","name":"a","version":1,"subject":"a","stream":"A","large":{"store":"A-large"}}]"#,
            r#"[{"kind":"event","name":"a","version":1,"subject":"a","stream":"A","large":{"store":"A-large","over":9}}]"#,
        ),
        MessageRule::LargeStoreChanged => (
            r#"[{"kind":"event","name":"a","version":1,"subject":"a","stream":"A","large":{"store":"A-large","over":9}}]"#,
            r#"[{"kind":"event","name":"a","version":1,"subject":"a","stream":"A","large":{"store":"A-large","over":8}}]"#,
        ),
        MessageRule::LargeLimitChanged => (
            r#"[{"kind":"event","name":"a","version":1,"subject":"a","stream":"A","large":{"store":"A-large","over":9}}]"#,
            r#"[{"kind":"event","name":"a","version":1,"subject":"a","stream":"A","large":{"store":"A-large","over":9},"tagged":true}]"#,
        ),
        MessageRule::ReplyAdded | MessageRule::ReplyAwaited | MessageRule::ReplyRemoved => (
            r#"[{"kind":"request","name":"a","version":1,"subject":"a","reply":{"read":{"type":"string"}}}]"#,
            r#"[{"kind":"request","name":"a","version":1,"subject":"a","reply":{"read":{"type":"string","minLength":1}}}]"#,
        ),
        MessageRule::ErrorRemoved | MessageRule::ErrorUnread => (
            r#"[{"kind":"request","name":"a","version":1,"subject":"a","error":{"read":{"enum":["full","closed"]}}}]"#,
            r#"[{"kind":"request","name":"a","version":1,"subject":"a","error":{"read":{"enum":["full"]}}}]"#,
        ),
        MessageRule::ErrorAdded => (
            r#"[{"kind":"request","name":"a","version":1,"subject":"a","reply":{"read":true},"error":{"read":{"type":"string"}}}]"#,
            r#"[{"kind":"request","name":"a","version":1,"subject":"a","reply":{"read":true},"error":{"read":{"enum":["full"]}}}]"#,
        ),
    }
}

/// An edit of services, consumers and streams that is like the rule's example, and does not break it.
fn of_catalogs(rule: CatalogRule) -> (String, String) {
    let service =
        |handled: &str| format!(r#"{{"services":[{{"name":"s","handles":[{handled}]}}]}}"#);
    let request = |more: &str| {
        format!(
            r#"{{"message":"a","version":1,"kind":"request","filter":"a.*","queue_group":"s"{more}}}"#
        )
    };
    let event = |consumer: &str| {
        format!(
            r#"{{"message":"a","version":1,"kind":"event","filter":"a.*","consumer":{{"name":"c","stream":"S"{consumer}}}}}"#
        )
    };
    let handled = |consumer: &str| service(&event(consumer));
    let stream = |settings: &str| format!(r#"{{"streams":{{"S":{{"name":"S",{settings}}}}}}}"#);
    let other = r#"{"message":"b","version":1,"kind":"event","filter":"b"}"#;
    match rule {
        CatalogRule::ServiceRemoved => (
            r#"{"services":[{"name":"s"}]}"#.to_owned(),
            r#"{"services":[{"name":"s","version":"2.0.0"},{"name":"t"}]}"#.to_owned(),
        ),
        // More than before.
        CatalogRule::EndpointRemoved | CatalogRule::EndpointMoved | CatalogRule::HandlerRemoved => {
            (service(&request("")), service(&format!("{},{other}", request(""))))
        }
        CatalogRule::PublicationRemoved => (
            r#"{"services":[{"name":"s","publishes":[{"message":"a","version":1}],"asks":[{"message":"b","version":1}]}]}"#.to_owned(),
            r#"{"services":[{"name":"s","publishes":[{"message":"a","version":1},{"message":"a","version":2}]}]}"#.to_owned(),
        ),
        CatalogRule::QueueGroupChanged => (
            service(&request("")),
            service(&request("").replace("a.*", "a.b")),
        ),
        // The same subjects, in other words.
        CatalogRule::FilterNarrowed | CatalogRule::FilterWidened => (
            service(&event("").replace("a.*", "a.>")),
            service(&format!("{},{}", event("").replace("a.*", "a.>"), event("").replace("a.*", "a.b"))),
        ),
        // Another service reads it.
        CatalogRule::ConsumerRemoved => (
            handled(""),
            format!(r#"{{"services":[{{"name":"s"}},{{"name":"t","handles":[{}]}}]}}"#, event("")),
        ),
        // What a server does where nothing is said.
        CatalogRule::AckPolicyChanged => (handled(""), handled(r#","ack_policy":"explicit","attempts":1"#)),
        CatalogRule::AckWaitChanged => (handled(""), handled(r#","ack_wait_ms":30000,"attempts":1"#)),
        CatalogRule::DeliverPolicyChanged => {
            (handled(""), handled(r#","deliver_policy":"all","attempts":1"#))
        }
        CatalogRule::BackoffChanged => {
            (handled(r#","backoff_ms":[1]"#), handled(r#","backoff_ms":[1],"attempts":1"#))
        }
        CatalogRule::AttemptsChanged => {
            (handled(r#","attempts":1"#), handled(r#","attempts":1,"max_deliver":2"#))
        }
        CatalogRule::MaxDeliverChanged => {
            (handled(r#","max_deliver":2"#), handled(r#","attempts":1,"max_deliver":2"#))
        }
        CatalogRule::MaxAckPendingChanged => {
            (handled(r#","max_ack_pending":2"#), handled(r#","attempts":1,"max_ack_pending":2"#))
        }
        CatalogRule::DeadLettersChanged => {
            (handled(r#","dead_letters":"D""#), handled(r#","attempts":1,"dead_letters":"D""#))
        }
        CatalogRule::StreamRemoved | CatalogRule::StoreRemoved => (
            r#"{"streams":{"S":{"name":"S"}}}"#.to_owned(),
            r#"{"streams":{"OBJ_s":{"name":"OBJ_s"},"S":{"name":"S"}}}"#.to_owned(),
        ),
        CatalogRule::StreamSubjectsNarrowed => {
            (stream(r#""subjects":["a.b","a.c"]"#), stream(r#""subjects":["a.*"]"#))
        }
        CatalogRule::RetentionChanged | CatalogRule::StorageChanged | CatalogRule::DiscardChanged => (
            stream(r#""subjects":["a"]"#),
            stream(r#""subjects":["a"],"retention":"limits","storage":"file","discard":"old""#),
        ),
        CatalogRule::StreamLimitLowered => {
            (stream(r#""max_age":5,"max_msgs":9"#), stream(r#""max_age":0,"max_msgs":10"#))
        }
        CatalogRule::MessageSizeLowered => {
            (stream(r#""max_msg_size":5"#), stream(r#""max_msg_size":-1"#))
        }
        CatalogRule::DuplicateWindowShortened => {
            (stream(r#""max_age":5"#), stream(r#""max_age":5,"duplicate_window":120000000000"#))
        }
        CatalogRule::StreamRightRemoved => {
            (stream(r#""deny_purge":true"#), stream(r#""deny_purge":false,"allow_direct":true"#))
        }
        CatalogRule::StreamSourceRemoved => (
            stream(r#""sources":[{"name":"A"},{"name":"B"}]"#),
            stream(r#""sources":[{"name":"C"},{"name":"B"},{"name":"A"}]"#),
        ),
        CatalogRule::RepublishChanged => {
            (stream(r#""max_age":5"#), stream(r#""max_age":5,"republish":{"src":"a","dest":"b"}"#))
        }
        CatalogRule::SubjectTransformChanged => (
            stream(r#""subject_transform":{"src":"a","dest":"b"}"#),
            stream(r#""subject_transform":{"src":"a","dest":"b"},"max_age":0"#),
        ),
        CatalogRule::StreamSettingChanged => {
            (stream(r#""max_age":5"#), stream(r#""max_age":5,"num_replicas":1,"description":"x""#))
        }
    }
}

#[test]
fn an_edit_beside_a_rule_of_catalogs_does_not_break_it() {
    for rule in CatalogRule::ALL {
        let (old, new) = of_catalogs(*rule);
        let (old, new) = (catalog_of(&old), catalog_of(&new));
        assert_ne!(old, new, "{rule}");
        let report = changes(&old, &new, Mode::Full, Policy::Typed);
        assert!(!report.changes.iter().any(|one| one.rule == rule.id()), "{rule}: {report:#?}");
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
        let report = changes(&old, &new, Mode::Full, Policy::Typed);
        assert!(!report.changes.iter().any(|one| one.rule == rule.id()), "{rule}: {report:#?}");
    }
}

/// A rule is known by its name in locks and reports, and its text stands alone in them.
#[test]
fn no_two_rules_have_one_name() {
    let schemas = Rule::ALL.iter().map(|rule| (rule.id(), rule.why(), rule.mend()));
    let messages = MessageRule::ALL.iter().map(|rule| (rule.id(), rule.why(), rule.mend()));
    let catalogs = CatalogRule::ALL.iter().map(|rule| (rule.id(), rule.why(), rule.mend()));
    let mut all: Vec<_> = schemas.chain(messages).chain(catalogs).collect();
    for (id, why, mend) in &all {
        assert!(id.bytes().all(|byte| byte == b'-' || byte.is_ascii_lowercase()), "{id}");
        assert!(!why.is_empty() && !mend.is_empty(), "{id}");
    }
    all.sort_unstable();
    let twice = all.windows(2).find(|pair| pair[0].0 == pair[1].0);
    assert_eq!(twice, None);
}
