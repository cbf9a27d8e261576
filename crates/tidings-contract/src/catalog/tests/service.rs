use expect_test::expect;

use super::created;
use crate::{Catalog, CatalogError, DurableConsumer, Handled, Kind, Service, Store, StoreKind};

fn consumer(ack_wait_ms: u64) -> Handled {
    let mut consumer = DurableConsumer::new("shared", "ORDERS");
    consumer.ack_wait_ms = ack_wait_ms;
    Handled::new(Kind::Event, "orders.created", 1, "orders.*.created").consumer(consumer)
}

#[test]
fn a_service_is_there_once() {
    let billing = || Service::new("billing").handles(consumer(1));
    let mut catalog = Catalog::of([created()]).unwrap();
    catalog.add_service(billing()).unwrap();
    catalog.add_service(billing()).unwrap();
    assert_eq!(catalog.services().collect::<Vec<_>>(), [&billing()]);
    let before = catalog.clone();
    let error = catalog.add_service(billing().asks("inventory.check", 1)).unwrap_err();
    expect![[r#"
        the service `billing` is declared twice, and differently:
          {
        -   "asks": [],
        +   "asks": [
        +     {
        +       "message": "inventory.check",
        +       "version": 1
        +     }
        +   ],
            "handles": [
              {
        Give one of them another name."#]]
    .assert_eq(&error.to_string());
    assert_eq!(catalog, before);
}

#[test]
fn a_durable_consumer_has_one_configuration() {
    let one = Service::new("one").handles(consumer(1));
    let mut catalog = Catalog::new();
    catalog.add_service(one.clone()).unwrap();
    catalog.add_service(Service { name: "same".to_owned(), ..one }).unwrap();
    let before = catalog.clone();
    for service in [
        Service::new("other").handles(consumer(2)),
        Service::new("both").handles(consumer(1)).handles(consumer(2)),
    ] {
        let error = catalog.add_service(service).unwrap_err();
        assert!(
            matches!(&error, CatalogError::ConsumerClash { consumer, .. } if consumer == "shared"),
            "{error}"
        );
        assert_eq!(catalog, before, "it is as it was");
    }
}

#[test]
fn a_service_is_one_that_nats_takes() {
    let handled = |filter| Handled::new(Kind::Event, "a", 1, filter);
    let of_consumer = |name: &str, stream: &str| {
        Service::new("a").handles(handled("a").consumer(DurableConsumer::new(name, stream)))
    };
    for service in ["", "a b", "a.b", "../a", "ä"].map(Service::new) {
        let error = Catalog::new().add_service(service).unwrap_err();
        assert!(matches!(error, CatalogError::ServiceName { .. }), "{error}");
    }
    for service in [
        Service::new("a").version(""),
        Service::new("a").version("1.0\n"),
        Service::new("a").handles(handled("a..b")),
        Service::new("a").handles(handled("a").queue_group("a b")),
        of_consumer("", "A"),
        of_consumer("a", "A.B"),
        Service::new("a").uses(Store::new(StoreKind::Bucket, "a.b")),
        Service::new("a").uses(Store::new(StoreKind::ObjectStore, "../a")),
    ] {
        let error = Catalog::new().add_service(service).unwrap_err();
        assert!(matches!(error, CatalogError::Service { .. }), "{error}");
    }
    let error = Catalog::new().add_service(Service::new("a").asks("../b", 1)).unwrap_err();
    assert!(matches!(error, CatalogError::Name { .. }), "{error}");
    let error = Catalog::new().add_service(Service::new("a").publishes("b", 0)).unwrap_err();
    assert!(matches!(error, CatalogError::Version { .. }), "{error}");
}
