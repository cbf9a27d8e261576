//! Services, durable consumers, streams and stores: what is told of a change, and where.

use serde_json::Value;

use super::{catalog_of, json};
use crate::compat::{Change, Mode, Policy, Verdict, changes};
use crate::{Catalog, DeliverPolicy, Descriptor, DurableConsumer, Handled, Kind, Service};

fn found(old: &Catalog, new: &Catalog) -> Vec<Change> {
    changes(old, new, Mode::Backward, Policy::Typed).changes
}

fn told(changes: &[Change]) -> Vec<(&str, &str, &str)> {
    changes.iter().map(|one| (&*one.message, one.rule, &*one.pointer)).collect()
}

fn catalog(services: impl IntoIterator<Item = Service>) -> Catalog {
    let mut catalog = Catalog::new();
    for service in services {
        catalog.add_service(service).unwrap();
    }
    catalog
}

fn handled(name: &str, filter: &str, consumer: &str) -> Handled {
    Handled::new(Kind::Event, name, 1, filter).consumer(DurableConsumer::new(consumer, "ORDERS"))
}

fn asked(name: &str, group: &str) -> Handled {
    Handled::new(Kind::Request, name, 1, name).queue_group(group)
}

#[test]
fn each_finding_names_its_place_in_the_file() {
    let mail = |filter| Service::new("mail").handles(handled("orders.created", filter, "mail"));
    let old = catalog([mail("orders.*.created")]);
    let new = catalog([Service::new("bank"), mail("orders.eu.created")]);
    let changes = found(&old, &new);
    let [change] = &changes[..] else { panic!("{changes:#?}") };
    assert_eq!(change.file, "catalog.json");
    assert_eq!(change.pointer, "/services/1/handles/0/filter");
    assert_eq!(change.message, "consumer ORDERS/mail");
    assert_eq!((&*change.old, &*change.new), ("orders.*.created", "orders.eu.created"));
    let folder = std::env::temp_dir().join(format!("tidings-beside-{}", std::process::id()));
    new.write_to(&folder).unwrap();
    let index: Value = json(&std::fs::read_to_string(folder.join("catalog.json")).unwrap());
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(index.pointer(&change.pointer), Some(&Value::from("orders.eu.created")));
}

#[test]
fn an_acceptance_stays_where_other_services_come_and_go() {
    let shop = |handled: &[&str]| {
        handled.iter().fold(Service::new("shop"), |shop, name| shop.handles(asked(name, "shop")))
    };
    let old = catalog([shop(&["carts.open", "carts.pay"])]);
    let new = catalog([shop(&["carts.open"])]);
    let changes = found(&old, &new);
    assert_eq!(told(&changes), [("service shop", "endpoint-removed", "/services/0/handles")]);
    let accepted = [changes[0].acceptance("nobody paid")];
    assert_eq!(accepted[0].pointer, "/services/shop/handles/carts.pay.v1");
    assert!(!accepted[0].is_stale(&new));

    let more = catalog([Service::new("bank"), shop(&["carts.close", "carts.open"])]);
    let mut report = super::changes(&old, &more, Mode::Backward, Policy::Typed);
    report.accept(&accepted);
    assert_eq!(report.verdict(), Verdict::Compatible, "{report:#?}");
    assert!(!accepted[0].is_stale(&more));
    // Another one that is gone is another break.
    let mut report = super::changes(&old, &catalog([shop(&[])]), Mode::Backward, Policy::Typed);
    report.accept(&accepted);
    let open: Vec<_> = report.changes.iter().filter(|one| one.fails()).collect();
    assert_eq!(open.len(), 1, "{report:#?}");
    assert!(open[0].text.contains("carts.open.v1"), "{report:#?}");
    // It covers nothing once the request is answered again.
    assert!(accepted[0].is_stale(&old));
}

#[test]
fn a_service_that_is_gone_is_told_once() {
    let shop = Service::new("shop")
        .handles(asked("carts.open", "shop"))
        .handles(handled("orders.created", "orders.created", "shop"))
        .publishes("carts.opened", 1);
    let changes = found(&catalog([shop]), &catalog([]));
    assert_eq!(told(&changes), [("service shop", "service-removed", "/services")]);
}

#[test]
fn a_message_that_is_gone_or_moved_is_told_of_itself_alone() {
    let message = |subject: &str| Descriptor::event("orders.created", 1, subject);
    let with = |messages: &[Descriptor], service: Service| {
        let mut catalog = Catalog::of(messages.iter().cloned()).unwrap();
        catalog.add_service(service).unwrap();
        catalog
    };
    let mail =
        |filter: &str| Service::new("mail").handles(handled("orders.created", filter, "mail"));
    let before = with(&[message("orders.created")], mail("orders.created"));
    let moved = with(&[message("orders.new.created")], mail("orders.new.created"));
    let changes = found(&before, &moved);
    assert_eq!(told(&changes), [("orders.created.v1", "subject-changed", "/subject")]);

    let core = || {
        Service::new("mail")
            .handles(
                Handled::new(Kind::Event, "orders.created", 1, "orders.created")
                    .queue_group("mail"),
            )
            .publishes("orders.created", 1)
    };
    let before = with(&[message("orders.created")], core());
    let gone = with(&[], Service::new("mail"));
    assert_eq!(told(&found(&before, &gone)), [("orders.created.v1", "message-removed", "")]);
}

#[test]
fn a_consumer_is_one_whichever_service_reads_it() {
    let one =
        |name: &str, message: &str| Service::new(name).handles(handled(message, message, "all"));
    let old = catalog([one("a", "orders.created"), one("b", "orders.shipped")]);
    // The other service reads both.
    let both =
        one("b", "orders.shipped").handles(handled("orders.created", "orders.created", "all"));
    assert_eq!(told(&found(&old, &catalog([Service::new("a"), both]))), []);
    // Nobody reads one of them.
    let changes = found(&old, &catalog([Service::new("a"), one("b", "orders.shipped")]));
    assert_eq!(
        told(&changes),
        [("consumer ORDERS/all", "filter-narrowed", "/services/1/handles/0/filter")]
    );
}

#[test]
fn policies_are_notes_but_for_acks() {
    let with = |change: fn(&mut DurableConsumer)| {
        let mut consumer = DurableConsumer::new("mail", "ORDERS");
        change(&mut consumer);
        let handled = Handled::new(Kind::Event, "orders.created", 1, "orders.created");
        catalog([Service::new("mail").handles(handled.consumer(consumer))])
    };
    let old = with(|_| {});
    let new = with(|one| {
        one.ack_wait_ms = 5_000;
        one.attempts = Some(3);
        one.backoff_ms = vec![100, 1_000];
        one.dead_letters = Some("DEAD".to_owned());
        one.deliver_policy = DeliverPolicy::LastPerSubject;
        one.max_ack_pending = Some(10);
        one.max_deliver = Some(9);
    });
    let report = changes(&old, &new, Mode::Full, Policy::Typed);
    assert_eq!(report.verdict(), Verdict::Compatible);
    let texts: Vec<_> =
        report.changes.iter().map(|one| (&*one.pointer, &*one.old, &*one.new)).collect();
    let at = |key: &str| format!("/services/0/handles/0/consumer/{key}");
    let pointers: Vec<_> = texts.iter().map(|one| one.0.to_owned()).collect();
    let keys = [
        "ack_wait_ms",
        "backoff_ms",
        "attempts",
        "max_deliver",
        "max_ack_pending",
        "deliver_policy",
        "dead_letters",
    ];
    assert_eq!(pointers, keys.map(at));
    assert!(texts.contains(&(&*at("ack_wait_ms"), "30000 ms", "5000 ms")), "{texts:?}");
    assert!(texts.contains(&(&*at("backoff_ms"), "none", "100 ms, 1000 ms")), "{texts:?}");
    let acks = with(|one| one.ack_policy = crate::AckPolicy::All);
    assert_eq!(changes(&old, &acks, Mode::Full, Policy::Typed).verdict(), Verdict::Incompatible);
}

#[test]
fn a_stream_is_compared_in_its_own_file() {
    let old = catalog_of(r#"{"streams":{"S":{"name":"S","subjects":["a.>"],"max_age":9}}}"#);
    let new = catalog_of(
        r#"{"streams":{"S":{"name":"S","subjects":["a.b"],"max_age":1,"retention":"workqueue"}}}"#,
    );
    let changes = found(&old, &new);
    assert!(changes.iter().all(|one| one.file == "S.stream.json" && one.message == "stream S"));
    let told: Vec<_> = changes.iter().map(|one| (one.rule, &*one.pointer, &*one.text)).collect();
    assert_eq!(
        told,
        [
            ("stream-limit-lowered", "/max_age", "the stream keeps less: max_age 9 -> 1"),
            (
                "retention-changed",
                "/retention",
                "the stream keeps messages for another reason: retention none -> \"workqueue\""
            ),
            (
                "stream-subjects-narrowed",
                "/subjects",
                "the stream keeps fewer subjects: subjects [\"a.>\"] -> [\"a.b\"]"
            ),
        ]
    );
    let accepted = [changes[2].acceptance("moved to T")];
    assert_eq!(accepted[0].pointer, "/streams/S/subjects");
    assert!(!accepted[0].is_stale(&new));
    assert!(accepted[0].is_stale(&old));
}
