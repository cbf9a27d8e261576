//! Attribution of changes to edits.

use super::{catalog_of, json};
use crate::compat::{CatalogRule, MessageRule, Mode, Policy, Report, Rule, changes};
use crate::{Catalog, Edit, edits};

fn judged(old: &Catalog, new: &Catalog) -> (Vec<Edit>, Report) {
    (edits(old, new), changes(old, new, Mode::Full, Policy::Typed))
}

/// Pointers and rules of the edits.
fn told(old: &Catalog, new: &Catalog) -> Vec<(String, Vec<&'static str>)> {
    let (edits, report) = judged(old, new);
    let of_each = report.of_edits(&edits).into_iter();
    let rules = of_each.map(|changes| changes.iter().map(|one| one.rule).collect());
    edits.iter().map(|edit| edit.pointer.clone()).zip(rules).collect()
}

fn payload(schema: &str) -> Catalog {
    let schema = json(schema);
    catalog_of(&format!(
        r#"[{{"kind":"event","name":"a","version":1,"subject":"a","payload":{{"read":{schema}}}}}]"#
    ))
}

#[test]
fn each_change_is_about_an_edit() {
    let schemas = Rule::ALL.iter().map(|rule| rule.example());
    let schemas = schemas.map(|(old, new)| (payload(old), payload(new)));
    let messages = MessageRule::ALL.iter().map(|rule| rule.example());
    let others = CatalogRule::ALL.iter().map(|rule| rule.example());
    let beyond = messages.chain(others).map(|(old, new)| (catalog_of(old), catalog_of(new)));
    let mut all = 0;
    for (old, new) in schemas.chain(beyond) {
        let (edits, report) = judged(&old, &new);
        let of_edits = report.of_edits(&edits);
        assert_eq!(of_edits.len(), edits.len());
        for change in &report.changes {
            let is_told = of_edits.iter().flatten().any(|one| one == &change);
            assert!(is_told, "{change:#?}\n{edits:#?}");
            all += 1;
        }
        assert!(!report.changes.is_empty(), "{edits:#?}");
    }
    assert!(all > 80, "{all}");
}

#[test]
fn a_harmless_edit_beside_a_harmful_one_has_no_rule() {
    let old = payload(
        r#"{"type":"object","properties":{"a":{"type":"integer","format":"uint64"},"b":{"type":"string"}}}"#,
    );
    let new = payload(
        r#"{"type":"object","description":"x","properties":{"a":{"type":"integer","format":"uint32","description":"y"},
            "c":{"type":"boolean"},"d":{"type":"string"}},"required":["d"]}"#,
    );
    let told: Vec<_> = told(&old, &new);
    let rules = |pointer: &str| {
        let pointer = format!("/payload/read{pointer}");
        told.iter().find(|one| one.0 == pointer).map(|one| one.1.clone())
    };
    assert_eq!(rules("/description"), Some(vec![]));
    assert_eq!(rules("/properties/a/description"), Some(vec![]));
    assert_eq!(rules("/properties/a/format"), Some(vec!["maximum-lowered"]));
    assert_eq!(rules("/properties/b"), Some(vec!["property-dropped"]));
    assert_eq!(rules("/properties/c"), Some(vec!["property-dropped"]));
    assert_eq!(rules("/properties/d").unwrap()[0], "required-added");
}

#[test]
fn of_services_each_edit_has_its_own_rules() {
    let handled = |message: &str, consumer: &str, wait: u32| {
        format!(
            r#"{{"message":"{message}","version":1,"kind":"event","filter":"{message}",
                "consumer":{{"name":"{consumer}","stream":"S","ack_wait_ms":{wait}}}}}"#
        )
    };
    let asked = r#"{"message":"q","version":1,"kind":"request","filter":"q","queue_group":"g"}"#;
    let service = |name: &str, handles: &[&str], publishes: &str| {
        format!(
            r#"{{"name":"{name}","handles":[{}],"publishes":[{publishes}]}}"#,
            handles.join(",")
        )
    };
    let catalog =
        |services: &[String]| catalog_of(&format!(r#"{{"services":[{}]}}"#, services.join(",")));
    let published = |name: &str| format!(r#"{{"message":"{name}","version":1}}"#);
    let (b, c) = (handled("b", "one", 1_000), handled("c", "two", 1_000));
    let old = catalog(&[
        service("bank", &[&b, &c, asked], &published("p")),
        service("mail", &[&b], ""),
        service("old", &[], ""),
    ]);
    let slower = handled("b", "one", 2_000);
    let new = catalog(&[
        service("bank", &[&handled("a", "three", 1_000), &slower, &c], &published("r")),
        service("mail", &[&slower], ""),
        service("zoo", &[], ""),
    ]);
    let told = told(&old, &new);
    let told: Vec<_> = told.iter().map(|(at, rules)| (&**at, &rules[..])).collect();
    assert_eq!(
        told,
        [
            ("/services/0/handles/2", &["endpoint-removed"][..]),
            ("/services/0/handles/0", &[]),
            ("/services/0/handles/1/consumer/ack_wait_ms", &["ack-wait-changed"]),
            ("/services/0/publishes/0/message", &["publication-removed"]),
            ("/services/1/handles/0/consumer/ack_wait_ms", &["ack-wait-changed"]),
            ("/services/2", &[]),
            ("/services/2", &["service-removed"]),
        ]
    );
}
