//! What a server writes itself where the last message of a subject was is no event.

use std::time::Duration;

use tidings::prelude::*;
use tidings::{Batch, DeadLetterFilter, From, PublishError, Running};
use tidings_tests::{Server, eventually};

use crate::{SOON, soon};

/// Each message is replaced by a marker after a second.
#[derive(EventStream)]
#[stream(
    name = "LEASES",
    subjects("leases.>"),
    max_age = "1s",
    duplicate_window = "1s",
    allow_message_ttl,
    subject_delete_marker_ttl = "1m"
)]
struct Leases;

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "leases.{number}", stream = Leases)]
struct Leased {
    number: u64,
}

/// One instance for each way in which a route acknowledges.
async fn start(bus: &Bus) -> Vec<Running> {
    let each = |_: Leased, _: Context| async { Ok(()) };
    let many = |_: Batch<Leased>, _: Context| async { Ok(()) };
    let registries = [
        Registry::new("each").handle::<Leased>(each),
        Registry::new("many").handle::<Batch<Leased>>(many),
        Registry::new("ordered").route(Route::of::<Leased>(each).concurrency(1).ack_every(2)),
    ];
    let mut running = Vec::new();
    for registry in registries {
        running.push(registry.start(bus).await.unwrap());
    }
    running
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_marker_is_no_event_to_any_reader() {
    let server = Server::start().await;
    let bus = Bus::connect(server.url()).await.unwrap();
    bus.provision::<Leases>().await.unwrap();
    let running = start(&bus).await;
    for number in 1..=3 {
        bus.publish(&Leased { number }).await.unwrap();
    }
    eventually(SOON, "the markers", || async {
        let last = bus.stream::<Leases>().state().await.unwrap().last_sequence;
        if last >= 6 { Ok(()) } else { Err(last) }
    })
    .await;

    // Behind the markers, for who reads now and for the routes.
    let mut consumed = bus.consume::<Leased>("reader").from(From::Beginning).await.unwrap();
    let mut replayed = bus.replay::<Leased>(From::Beginning).await.unwrap();
    let last = Leased { number: 4 };
    bus.message(&last).ttl(Duration::from_secs(60)).publish().await.unwrap();
    let delivery = soon(consumed.next()).await.unwrap().unwrap();
    assert_eq!(delivery.number, 4);
    delivery.ack().await.unwrap();
    assert_eq!(soon(replayed.next()).await.unwrap().unwrap().number, 4);
    for running in running {
        eventually(SOON, "the event behind the markers", || async {
            let report = running.report();
            if report[0].handled >= 4 { Ok(()) } else { Err(report) }
        })
        .await;
        let report = running.shutdown().await;
        let [route] = &*report else { panic!("{report:?}") };
        assert_eq!((route.handled, route.undecodable, route.failed), (4, 0, 0), "{route:?}");
        assert_eq!((route.given_back, route.dead_lettered), (0, 0), "{route:?}");
    }
    for registry in ["each", "many", "ordered"] {
        let letters = bus.dead_letters(registry);
        assert_eq!(letters.count(DeadLetterFilter::all()).await.unwrap(), 0, "{registry}");
    }
}

#[tokio::test]
async fn a_time_to_live_below_the_markers_is_refused() {
    let server = Server::start().await;
    let bus = Bus::connect(server.url()).await.unwrap();
    bus.provision::<Leases>().await.unwrap();
    let event = Leased { number: 1 };
    let draft = bus.message(&event).ttl(Duration::from_secs(59));
    match draft.publish().await.unwrap_err() {
        PublishError::TtlBelowMarker { stream, ttl, marker } => {
            assert_eq!((stream, ttl.as_secs(), marker.as_secs()), ("LEASES", 59, 60));
        }
        other => panic!("{other:?}"),
    }
    bus.message(&event).ttl(Duration::from_secs(60)).publish().await.unwrap();
}
