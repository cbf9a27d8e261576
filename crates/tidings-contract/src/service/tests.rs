use serde_json::json;

use super::{AckPolicy, DurableConsumer, Handled, Service, Store, StoreKind, read};
use crate::Kind;

fn billing() -> Service {
    let mut consumer = DurableConsumer::new("billing-orders_created", "ORDERS");
    consumer.ack_policy = AckPolicy::All;
    consumer.attempts = Some(5);
    consumer.backoff_ms = vec![100, 200];
    consumer.dead_letters = Some("billing-dead-letters".to_owned());
    consumer.max_ack_pending = Some(1000);
    consumer.max_deliver = Some(25);
    let created = Handled::new(Kind::Event, "orders.created", 1, "orders.*.created");
    let quote = Handled::new(Kind::Request, "billing.quote", 1, "billing.quote").queue_group("q");
    Service::new("billing")
        .version("1.2.0")
        .description("Takes the money.")
        .handles(created.consumer(consumer))
        .handles(quote)
        .publishes("billing.invoiced", 1)
        .asks("inventory.check", 2)
        .uses(Store::new(StoreKind::ObjectStore, "invoices"))
        .uses(Store::new(StoreKind::Bucket, "rates"))
}

#[test]
fn a_service_reads_back() {
    let written = json!([billing().to_value(), Service::new("idle").to_value()]);
    assert_eq!(read(&written, "").unwrap(), [billing(), Service::new("idle")]);
    // What a later version adds is passed over.
    let mut later = written.clone();
    later[0]["handles"][1]["consumer"]["paused"] = true.into();
    assert_eq!(read(&later, "").unwrap()[0], billing());
}

#[test]
fn what_stands_twice_is_there_once_in_any_order() {
    let again = billing().asks("a.b", 1).publishes("billing.invoiced", 1);
    let other = Service { asks: [].into(), ..billing() }.asks("a.b", 1).asks("inventory.check", 2);
    assert_eq!(again, other);
    assert_eq!(again.to_value().to_string(), other.to_value().to_string());
    assert_eq!(again.fingerprint(), other.fingerprint());
    assert_ne!(again.fingerprint(), billing().fingerprint());
}

#[test]
fn stores_are_listed_where_there_are_any() {
    let stores = json!([
        {"kind": "bucket", "name": "rates"},
        {"kind": "object_store", "name": "invoices"},
    ]);
    assert_eq!(billing().to_value()["stores"], stores);
    assert_eq!(Service::new("idle").to_value().get("stores"), None);
    for (stream, store) in [
        ("KV_rates", Some(Store::new(StoreKind::Bucket, "rates"))),
        ("OBJ_KV_a", Some(Store::new(StoreKind::ObjectStore, "KV_a"))),
        ("KV_", None),
        ("ORDERS", None),
    ] {
        assert_eq!(Store::of_stream(stream), store);
        assert_eq!(
            store.map(|store| store.stream()),
            Store::of_stream(stream).map(|_| stream.to_owned())
        );
    }
}

#[test]
fn what_is_wrong_is_told_with_its_pointer() {
    for (pointer, value, expected) in [
        ("", json!({}), "a list"),
        ("/0", json!(1), "an object"),
        ("/0/name", json!(null), "a text"),
        ("/0/version", json!(1), "a text"),
        ("/0/handles", json!({}), "a list"),
        ("/0/handles/1/kind", json!("query"), "`event` or `request`"),
        ("/0/handles/1/version", json!(0), "a version from 1"),
        ("/0/handles/1/version", json!(4_294_967_296_u64), "a version from 1"),
        ("/0/handles/1/consumer", json!([]), "an object"),
        ("/0/handles/1/consumer/ack_policy", json!("none"), "`explicit` or `all`"),
        ("/0/handles/1/consumer/ack_wait_ms", json!(-1), "a whole number from 0"),
        ("/0/handles/1/consumer/max_deliver", json!(1.5), "a whole number from 0"),
        ("/0/handles/1/consumer/backoff_ms/1", json!("1s"), "a whole number from 0"),
        ("/0/publishes/0/message", json!(7), "a text"),
        ("/0/asks/0", json!("inventory.check"), "an object"),
        ("/0/stores/1", json!("rates"), "an object"),
        ("/0/stores/0/kind", json!("stream"), "`bucket` or `object_store`"),
        ("/0/stores/0/name", json!(null), "a text"),
    ] {
        let mut services = json!([billing().to_value()]);
        *services.pointer_mut(pointer).unwrap() = value;
        let unexpected = read(&services, "/services").unwrap_err();
        assert_eq!(unexpected.pointer, format!("/services{pointer}"));
        assert_eq!(unexpected.expected, expected, "{pointer}");
    }
    let nameless = read(&json!([{}]), "").unwrap_err();
    assert_eq!((&*nameless.pointer, nameless.expected), ("/0/name", "a value"));
}
