//! A registry's catalog: what a server is asked for, the same in every order.

use std::time::Duration;

use async_nats::jetstream;
use async_nats::jetstream::consumer::{AckPolicy, PullConsumer};
use tidings::contract::{Catalog, DurableConsumer, Handled, Store, StoreKind};
use tidings::prelude::*;
use tidings::{
    Batch, DeadLetterPolicy, ObjectStoreConfig, RegistryCatalogError, ServeError, Upcast,
    WatchEvent,
};
use tidings_tests::Server;

#[derive(EventStream)]
#[stream(name = "PARCELS", subjects("parcels.>"))]
struct Parcels;

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "parcels.{depot}.sent", version = 1, stream = Parcels)]
struct ParcelSentV1 {
    depot: String,
}

/// A parcel is on its way.
#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "parcels.{depot}.sent", version = 2, stream = Parcels, upcasts = ParcelSentV1)]
struct ParcelSent {
    depot: String,
    weight: u32,
}

impl Upcast<ParcelSentV1> for ParcelSent {
    fn upcast(old: ParcelSentV1) -> Self {
        Self { depot: old.depot, weight: 0 }
    }
}

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "parcels.lost", stream = Parcels)]
struct ParcelLost<T: Send + Sync + 'static> {
    why: T,
}

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "depots.{depot}.opened")]
struct DepotOpened {
    depot: String,
}

#[derive(Serialize, Deserialize, JsonSchema, Request)]
#[request(subject = "parcels-find.{depot}", reply = u32)]
struct FindParcel {
    depot: String,
}

async fn sent(_: ParcelSent, _: Context) -> Result<(), Failure> {
    Ok(())
}

async fn lost(_: Batch<ParcelLost<u32>>, _: Context) -> Result<(), Failure> {
    Ok(())
}

async fn opened(_: DepotOpened, _: Context) -> Result<(), Failure> {
    Ok(())
}

async fn find(_: FindParcel, _: Context) -> Result<u32, Failure> {
    Ok(7)
}

/// Registry of all that can be registered, in the order of these places.
fn registry(places: &[usize]) -> Registry {
    let mut registry = Registry::new("post").version("2.1.0").description("Carries parcels.");
    for place in places {
        registry = match place {
            0 => registry.route(
                Route::of::<ParcelSent>(sent)
                    .ack_wait(Duration::from_secs(7))
                    .retry(Retry::exponential(4))
                    .max_ack_pending(77),
            ),
            1 => registry
                .route(Route::of::<ParcelSent>(sent).durable("again").concurrency(1).ack_every(10)),
            2 => registry.route(Route::of::<Batch<ParcelLost<u32>>>(lost).retry(Retry::never())),
            3 => registry.handle::<DepotOpened>(opened),
            4 => registry.route(Route::of::<DepotOpened>(opened).queue_group("second")),
            5 => registry.handle::<FindParcel>(find),
            6 => registry.publishes::<ParcelSent>(),
            7 => registry.asks::<FindParcel>(),
            _ => registry.publishes::<DepotOpened>(),
        };
    }
    registry
}

fn handled(catalog: &Catalog) -> Vec<Handled> {
    let service = catalog.services().next().unwrap();
    assert_eq!((&*service.name, service.version.as_deref()), ("post", Some("2.1.0")));
    service.handles.iter().cloned().collect()
}

/// Consumers of a catalog and of a server, once the registry runs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn consumers_are_as_the_server_has_them() {
    let server = Server::start().await;
    let bus = Bus::connect(&server.url()).await.unwrap();
    let registry = registry(&[0, 1, 2, 3, 5]);
    let catalog = registry.catalog().unwrap();
    let running = registry.start(&bus).await.unwrap();
    let jetstream = jetstream::new(server.client().await);
    let stream = jetstream.get_stream("PARCELS").await.unwrap();
    let mut compared = 0;
    for consumer in handled(&catalog).iter().filter_map(|one| one.consumer.as_ref()) {
        let DurableConsumer { name, ack_wait_ms, backoff_ms, max_deliver, .. } = consumer;
        let found: PullConsumer = stream.get_consumer(name).await.unwrap();
        let config = &found.cached_info().config;
        let whole = |duration: &Duration| u64::try_from(duration.as_millis()).unwrap();
        assert_eq!(&config.backoff.iter().map(whole).collect::<Vec<_>>(), backoff_ms);
        assert_eq!(whole(&config.ack_wait), *backoff_ms.first().unwrap_or(ack_wait_ms));
        assert_eq!(config.max_deliver, max_deliver.map_or(-1, |most| i64::try_from(most).unwrap()));
        assert_eq!(u64::try_from(config.max_ack_pending).ok(), consumer.max_ack_pending);
        let all = config.ack_policy == AckPolicy::All;
        assert_eq!(consumer.ack_policy.to_string(), if all { "all" } else { "explicit" });
        let letters = consumer.dead_letters.as_deref().unwrap();
        jetstream.get_stream(letters).await.unwrap();
        compared += 1;
    }
    // Both versions of one event for two handlers, and the other event.
    assert_eq!(compared, 5);
    running.shutdown().await;
}

#[test]
fn a_handler_of_a_version_handles_the_older_ones_too() {
    let handled = handled(&registry(&[0, 3, 4, 5]).catalog().unwrap());
    let told: Vec<_> = handled
        .iter()
        .map(|one| {
            let consumer = one.consumer.as_ref().map(|consumer| &*consumer.name);
            (one.of.tag(), &*one.filter, consumer.or(one.queue_group.as_deref()).unwrap())
        })
        .collect();
    let said = |tag: &str| tag.to_owned();
    assert_eq!(
        told,
        [
            (said("depots.opened.v1"), "depots.*.opened", "post"),
            (said("depots.opened.v1"), "depots.*.opened", "second"),
            (said("parcels-find.v1"), "parcels-find.*", "q"),
            (said("parcels.sent.v1"), "parcels.*.sent", "post-parcels_sent"),
            (said("parcels.sent.v2"), "parcels.*.sent", "post-parcels_sent"),
        ]
    );
    let consumer = handled[4].consumer.as_ref().unwrap();
    assert_eq!((consumer.ack_wait_ms, consumer.attempts), (7000, Some(4)));
    assert_eq!(consumer.dead_letters.as_deref(), Some("post-dead-letters"));
}

/// Calls `each` with every order in which the parts can be registered, by Heap's algorithm.
fn orders(parts: &mut Vec<usize>, length: usize, each: &mut impl FnMut(&[usize])) {
    if length <= 1 {
        return each(parts);
    }
    for at in 0..length {
        orders(parts, length - 1, each);
        parts.swap(if length.is_multiple_of(2) { at } else { 0 }, length - 1);
    }
}

#[test]
fn the_same_registry_is_the_same_bytes_in_every_order() {
    let folder = std::env::temp_dir().join(format!("tidings-catalog-{}", std::process::id()));
    let bytes = |name: &str, places: &[usize]| {
        let folder = folder.join(name);
        registry(places).catalog().unwrap().write_to(&folder).unwrap();
        let files = std::fs::read_dir(&folder).unwrap().map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_owned();
            (name, std::fs::read(path).unwrap())
        });
        files.collect::<std::collections::BTreeMap<_, _>>()
    };
    let all: Vec<usize> = (0..9).collect();
    let first = bytes("first", &all);
    assert!(first.len() >= 7, "{:?}", first.keys());
    // What is said twice is said once, and a folder that was written is left as it is.
    assert_eq!(bytes("first", &[&all[..], &[6, 7, 8]].concat()), first);
    let reference = registry(&all).catalog().unwrap();
    let mut tried = 0;
    // Five parts at a time keep the number of orders at what is tried in a moment.
    for start in [0, 4] {
        let mut some: Vec<usize> = (start..start + 5).collect();
        orders(&mut some, 5, &mut |order| {
            let rest = all.iter().filter(|place| !order.contains(place));
            let places: Vec<usize> = order.iter().chain(rest).copied().collect();
            assert_eq!(registry(&places).catalog().unwrap(), reference, "{places:?}");
            if tried % 30 == 0 {
                assert_eq!(bytes(&format!("{tried}"), &places), first, "{places:?}");
            }
            tried += 1;
        });
    }
    assert_eq!(tried, 240);
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_registry_without_handlers_has_a_catalog() {
    let empty = Registry::new("idle").catalog().unwrap();
    assert_eq!((empty.len(), empty.services().len()), (0, 1));
    let asking = Registry::new("gate").asks::<FindParcel>().catalog().unwrap();
    assert_eq!(asking.services().next().unwrap().asks.len(), 1);
    assert!(asking.get("parcels-find", 1).unwrap().reply.is_some());
}

#[derive(Serialize, Deserialize, JsonSchema, Bucket)]
#[bucket(name = "routes", key = "{depot}")]
struct Itinerary {
    depot: String,
}

#[derive(Serialize, Deserialize, JsonSchema, Bucket)]
#[bucket(name = "doors", key = "{depot}")]
struct Door {
    depot: String,
}

#[derive(EventStream)]
#[stream(name = "SCANS", subjects("scans.>"), large_store)]
struct Scans;

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "scans.taken", stream = Scans, large)]
struct ScanTaken {
    image: String,
}

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "scans.lost", stream = Scans)]
struct ScanLost;

#[test]
fn a_service_lists_the_stores_that_it_uses() {
    let stores = |registry: Registry| {
        let catalog = registry.catalog().unwrap();
        let stores = catalog.services().next().unwrap().stores.clone();
        let declared: Vec<_> = catalog.streams().map(|(name, _)| name.to_owned()).collect();
        assert!(stores.iter().all(|store| declared.contains(&store.stream())), "{declared:?}");
        stores.into_iter().collect::<Vec<_>>()
    };
    let bucket = |name| Store::new(StoreKind::Bucket, name);
    let objects = |name| Store::new(StoreKind::ObjectStore, name);
    let learn = |_: WatchEvent<Itinerary, ItineraryKey>, _: Context| async { Ok(()) };
    let declaring = Registry::new("post")
        .bucket::<Door>()
        .bucket::<Itinerary>()
        .object_store(ObjectStoreConfig::new("labels"))
        .watch(Route::watch::<Itinerary>(learn));
    assert_eq!(stores(declaring), [bucket("doors"), bucket("routes"), objects("labels")]);
    // Who publishes or handles what may be large, uses the store of it.
    let large = objects("SCANS-large");
    let taken = |_: ScanTaken, _: Context| async { Ok(()) };
    for registry in [
        Registry::new("post").handle::<ScanTaken>(taken),
        Registry::new("post").publishes::<ScanTaken>(),
    ] {
        assert_eq!(stores(registry), std::slice::from_ref(&large));
    }
    let lost = |_: ScanLost, _: Context| async { Ok(()) };
    assert_eq!(stores(Registry::new("post").handle::<ScanLost>(lost)), []);
}

#[test]
fn a_registry_that_could_not_run_has_no_catalog() {
    let twice = registry(&[0, 0]).catalog().unwrap_err();
    assert!(matches!(twice, RegistryCatalogError::Serve(ServeError::Twice { .. })), "{twice}");
    let nameless = Registry::new("no name").catalog().unwrap_err();
    assert!(matches!(nameless, RegistryCatalogError::Serve(ServeError::Name { .. })));
    // One name and two payloads.
    let generic =
        Registry::new("both").publishes::<ParcelLost<u32>>().publishes::<ParcelLost<String>>();
    let error = generic.catalog().unwrap_err();
    assert!(matches!(error, RegistryCatalogError::Catalog(_)), "{error}");
}

#[test]
fn registries_are_one_catalog() {
    let mut catalog = registry(&[0]).catalog().unwrap();
    let off =
        Registry::new("other").dead_letters(DeadLetterPolicy::off()).handle::<ParcelSent>(sent);
    catalog.merge(off.catalog().unwrap()).unwrap();
    let names: Vec<_> = catalog.services().map(|service| &*service.name).collect();
    assert_eq!(names, ["other", "post"]);
    let other = catalog.services().next().unwrap().handles.first().unwrap();
    assert_eq!(other.consumer.as_ref().unwrap().dead_letters, None);
    assert_eq!(catalog.streams().len(), 1);
    // Another service of the same name.
    let error = catalog.merge(registry(&[0, 3]).catalog().unwrap()).unwrap_err();
    assert!(error.to_string().contains("`post` is declared twice"), "{error}");
    // Two services that would share a consumer and ask for different policies.
    let shared = Route::of::<ParcelSent>(sent).durable("post-parcels_sent");
    let shared = Registry::new("third").route(shared).catalog().unwrap();
    let error = catalog.merge(shared).unwrap_err();
    assert!(error.to_string().contains("post-parcels_sent"), "{error}");
}
