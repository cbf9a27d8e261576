//! Services, durable consumers, streams and stores of a catalog, as `schema check` judges them.

use std::path::Path;

use serde_json::json;
use tidings::contract::{
    Catalog, Descriptor, DurableConsumer, Handled, Kind, LargePayload, Service,
};

use super::{git, lines, schema, text, tidings};

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    billing("orders.*.created", 30_000, true, "max_age")
        .write_to(folder.path().join("schemas"))
        .unwrap();
    git(folder.path(), &["init", "--quiet"]);
    git(folder.path(), &["add", "."]);
    git(folder.path(), &["commit", "--quiet", "--message", "before"]);
    folder
}

fn billing(filter: &str, ack_wait_ms: u64, answers: bool, setting: &str) -> Catalog {
    let created = Descriptor::event("orders.created", 1, "orders.{region}.created")
        .stream("ORDERS")
        .stream_config(json!({"name": "ORDERS", "subjects": ["orders.>"], setting: 1_000_000_000}));
    let pay = Descriptor::request("billing.pay", 1, "billing.pay");
    let mut consumer = DurableConsumer::new("billing", "ORDERS");
    consumer.ack_wait_ms = ack_wait_ms;
    let handled = Handled::new(Kind::Event, "orders.created", 1, filter).consumer(consumer);
    let mut billing = Service::new("billing").handles(handled);
    if answers {
        let asked = Handled::new(Kind::Request, "billing.pay", 1, "billing.pay");
        billing = billing.handles(asked.queue_group("billing"));
    }
    let mut catalog = Catalog::of([created, pay]).unwrap();
    catalog.add_service(billing).unwrap();
    catalog
}

fn write(catalog: &Catalog, folder: &Path) {
    catalog.write_to(folder.join("schemas")).unwrap();
}

#[test]
fn an_endpoint_that_is_gone_breaks_and_is_accepted_by_name() {
    let folder = folder();
    write(&billing("orders.*.created", 30_000, false, "max_age"), folder.path());
    let output = tidings(folder.path(), &["--against", "HEAD", "--json"]);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let [change, summary] = &lines(&output)[..] else { panic!("{output:?}") };
    assert_eq!(change["rule"], "endpoint-removed");
    assert_eq!(change["message"], "service billing");
    assert_eq!(change["file"], "catalog.json");
    assert_eq!(change["pointer"], "/services/0/handles");
    assert_eq!(change["severity"], "break");
    assert_eq!(change["old"], "billing.pay.v1");
    assert_eq!(*summary, json!({"verdict": "incompatible", "messages": 2, "accepted": 0}));
    let said = text(&tidings(folder.path(), &["--against", "HEAD", "--format", "github"]));
    let annotation = "::error file=schemas/catalog.json,title=service billing endpoint-removed::";
    assert!(said.starts_with(annotation), "{said}");

    let reason = ["--reason", "nobody pays here"];
    let accept = ["accept", "--against", "HEAD", "--message", "service billing"];
    let output = schema(folder.path(), &[&accept[..], &reason[..]].concat());
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let output = tidings(folder.path(), &["--against", "HEAD"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(text(&output).contains("reason: nobody pays here"), "{output:?}");
    let said = text(&schema(folder.path(), &["changelog", "--against", "HEAD"]));
    assert!(said.contains("- **Accepted** `endpoint-removed` at `/services/0/handles`"), "{said}");
    // Once it is answered again the entry covers nothing.
    let mut again = billing("orders.*.created", 30_000, true, "max_age");
    again.add_service(Service::new("alone")).unwrap();
    write(&again, folder.path());
    let said = text(&tidings(folder.path(), &["--against", "HEAD"]));
    let stale =
        "accepts endpoint-removed at service billing, /services/billing/handles/billing.pay.v1";
    assert!(said.contains(stale), "{said}");
}

#[test]
fn a_narrower_filter_breaks_and_a_policy_or_a_limit_is_a_note() {
    let folder = folder();
    write(&billing("orders.eu.created", 5_000, true, "max_bytes"), folder.path());
    let output = tidings(folder.path(), &["--against", "HEAD", "--json"]);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let found = lines(&output);
    let found: Vec<_> = found[..found.len() - 1]
        .iter()
        .map(|one| ["message", "rule", "severity", "file"].map(|key| one[key].as_str().unwrap()))
        .collect();
    assert_eq!(
        found,
        [
            ["consumer ORDERS/billing", "filter-narrowed", "break", "catalog.json"],
            ["consumer ORDERS/billing", "ack-wait-changed", "warning", "catalog.json"],
            ["stream ORDERS", "stream-limit-lowered", "warning", "ORDERS.stream.json"],
        ]
    );
    // Notes alone fail nothing.
    write(&billing("orders.*.created", 5_000, true, "max_bytes"), folder.path());
    let output = tidings(folder.path(), &["--against", "HEAD"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(text(&output).contains("note: catalog.json#/services/0/handles/"), "{output:?}");
}

#[test]
fn an_event_that_becomes_large_breaks_readers_of_before() {
    let folder = folder();
    let mut catalog = Catalog::new();
    for message in billing("orders.*.created", 30_000, true, "max_age").iter() {
        let message = message.clone();
        let is_it = message.stream.is_some();
        let large = || LargePayload::new("ORDERS-large").over(262_144);
        catalog.add(if is_it { message.large(large()) } else { message }).unwrap();
    }
    catalog.merge(billing("orders.*.created", 30_000, true, "max_age")).unwrap_err();
    let other = billing("orders.*.created", 30_000, true, "max_age");
    other.services().for_each(|service| catalog.add_service(service.clone()).unwrap());
    other.streams().for_each(|(name, config)| catalog.add_stream(name, config.clone()).unwrap());
    write(&catalog, folder.path());
    let output = tidings(folder.path(), &["--against", "HEAD", "--json"]);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let change = &lines(&output)[0];
    assert_eq!(change["rule"], "large-added");
    assert_eq!(change["file"], "orders.created.v1.json");
    assert_eq!(change["pointer"], "/large");
    assert_eq!(change["direction"], "forward");
    assert_eq!(change["new"], "over 262144 bytes in ORDERS-large");
}

#[test]
fn a_diff_names_the_rules_of_each_edit() {
    let folder = folder();
    write(&billing("orders.eu.created", 5_000, false, "max_bytes"), folder.path());
    let said = text(&schema(folder.path(), &["diff", "--against", "HEAD"]));
    let lines_of = |part: &str| -> Vec<String> {
        said.lines().filter(|line| line.contains(part)).map(str::to_owned).collect()
    };
    for (place, rule) in [
        ("- catalog.json#/services/0/handles/0: ", " [breaks: endpoint-removed]"),
        ("~ catalog.json#/services/0/handles/0/filter: ", " [breaks: filter-narrowed]"),
        (
            "~ catalog.json#/services/0/handles/0/consumer/ack_wait_ms: 30000 -> 5000",
            " [note: ack-wait-changed]",
        ),
        ("+ ORDERS.stream.json#/max_bytes: ", " [note: stream-limit-lowered]"),
    ] {
        let found = lines_of(place);
        let [line] = &found[..] else { panic!("{place}: {said}") };
        assert!(line.starts_with(place) && line.ends_with(rule), "{said}");
    }
    // It keeps for longer, which harms nobody.
    let [line] = &lines_of("#/max_age: ")[..] else { panic!("{said}") };
    assert!(!line.ends_with(']'), "{said}");
    assert!(said.ends_with("5 edits: incompatible\n"), "{said}");

    let diff = ["diff", "--against", "HEAD", "--format", "json"];
    let told = lines(&schema(folder.path(), &diff));
    let removed = told.iter().find(|one| one["pointer"] == "/services/0/handles/0").unwrap();
    let rule =
        json!({"rule": "endpoint-removed", "severity": "break", "message": "service billing"});
    assert_eq!(removed["rules"], json!([rule]));
    assert_eq!(*told.last().unwrap(), json!({"edits": 5, "verdict": "incompatible"}));
    let said = text(&schema(folder.path(), &["diff", "--against", "HEAD", "--format", "github"]));
    assert!(
        said.contains("::warning file=schemas/catalog.json,title=catalog.json endpoint-removed"),
        "{said}"
    );
    assert_eq!(
        schema(folder.path(), &[&diff[..3], &["--exit-code"]].concat()).status.code(),
        Some(3)
    );

    let said = text(&schema(folder.path(), &["changelog", "--against", "HEAD"]));
    for part in [
        "- **Breaks** `endpoint-removed` at `/services/0/handles`: service billing: a request",
        "`/services/0/handles/0/filter`: `\"orders.*.created\"` → `\"orders.eu.created\"` (breaks: filter-narrowed)",
    ] {
        assert!(said.contains(part), "{said}");
    }
    let accept = ["accept", "--against", "HEAD", "--rule", "endpoint-removed", "--reason", "moved"];
    assert!(text(&schema(folder.path(), &accept)).contains("[endpoint-removed] service billing: "));
    let said = text(&schema(folder.path(), &["diff", "--against", "HEAD"]));
    assert!(said.contains(" [accepted: endpoint-removed]"), "{said}");
}
