//! A bus whose runtime has ended, or does not run: whatever is asked for ends in its time, with an
//! error that says so.

use std::time::Duration;

use tidings::prelude::*;
use tidings::{AtomicError, CloseError, Outage, PublishError, RequestError, SubscribeError};
use tidings_tests::Server;
use tokio::runtime::{Builder, Runtime};
use tokio::time::{Instant, timeout};

const TIMEOUT: Duration = Duration::from_millis(600);
/// Longest time that something may end later than it was to, on a busy machine.
const SLACK: Duration = Duration::from_secs(3);

#[derive(EventStream)]
#[stream(name = "BIKES", subjects("bikes.>"), allow_atomic_publish)]
struct Bikes;

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "bikes.rented", stream = Bikes)]
struct Rented {
    number: u32,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "bells.rung")]
struct Rung {
    number: u32,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema, Request)]
#[request(subject = "bikes_count", reply = u32)]
struct Count {}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// A bus that is made, and used, on the runtime.
fn bus_on(runtime: &Runtime, server: &Server) -> Bus {
    runtime.block_on(async {
        let builder = Bus::builder().server(server.url());
        let builder = builder.request_timeout(TIMEOUT).publish_timeout(TIMEOUT);
        let bus = builder.ack_timeout(TIMEOUT / 3).connect().await.unwrap();
        bus.provision::<Bikes>().await.unwrap();
        bus.publish(&Rented { number: 0 }).await.unwrap();
        bus
    })
}

async fn in_time<F: IntoFuture>(future: F) -> F::Output {
    timeout(TIMEOUT + SLACK, future).await.expect("it ends in its time")
}

/// Uses of the bus, each by itself, and one after the other.
#[tokio::test]
async fn a_bus_whose_runtime_has_ended_says_so_at_once() {
    let server = Server::start().await;
    let bus = std::thread::scope(|scope| {
        let made = scope.spawn(|| {
            let runtime = runtime();
            let bus = bus_on(&runtime, &server);
            drop(runtime);
            bus
        });
        made.join().unwrap()
    });
    let begun = Instant::now();
    for _ in 0..3 {
        let error = in_time(bus.publish(&Rented { number: 1 })).await.unwrap_err();
        let PublishError::Disconnected { source: Outage::RuntimeEnded, .. } = &error else {
            panic!("{error:?}")
        };
        assert!(error.to_string().contains("runtime"), "{error}");
        let error = in_time(bus.publish(&Rung { number: 1 })).await.unwrap_err();
        assert!(
            matches!(&error, PublishError::Disconnected { source: Outage::RuntimeEnded, .. }),
            "{error:?}"
        );
        let error = in_time(bus.request(&Count {})).await.unwrap_err();
        assert!(
            matches!(&error, RequestError::Disconnected { source: Outage::RuntimeEnded, .. }),
            "{error:?}"
        );
        let gone = |error: &SubscribeError| {
            matches!(error, SubscribeError::Disconnected(Outage::RuntimeEnded))
        };
        let error = in_time(bus.subscribe::<Rung>()).await.unwrap_err();
        assert!(gone(&error), "{error:?}");
        let error = in_time(bus.consume::<Rented>("riders")).await.unwrap_err();
        assert!(gone(&error), "{error:?}");
        let error = in_time(bus.replay::<Rented>(DeliverFrom::Beginning)).await.unwrap_err();
        assert!(gone(&error), "{error:?}");
        let error = in_time(bus.discover(TIMEOUT)).await.unwrap_err();
        assert!(gone(&error), "{error:?}");
        let error = in_time(bus.flush()).await.unwrap_err();
        assert!(matches!(error, CloseError::Disconnected(Outage::RuntimeEnded)), "{error:?}");
        let mut batch = bus.atomic();
        for number in [7, 8] {
            batch.add(&Rented { number }).unwrap();
        }
        let error = in_time(batch.publish()).await.unwrap_err();
        assert!(
            matches!(
                &error,
                AtomicError::Event {
                    source: PublishError::Disconnected { source: Outage::RuntimeEnded, .. },
                    ..
                }
            ),
            "{error:?}"
        );
        let error = in_time(bus.publish_all((0..3).map(|number| Rented { number }))).await;
        let error = error.unwrap_err().to_string();
        assert!(error.contains("runtime"), "{error}");
        let handler = |_: Rented, _: Context| async { Ok(()) };
        let registry = Registry::new("bikes").handle::<Rented>(handler);
        let error = in_time(registry.start(&bus)).await.unwrap_err().to_string();
        assert!(error.contains("runtime"), "{error}");
        let error = in_time(bus.provision::<Bikes>()).await.unwrap_err().to_string();
        assert!(error.contains("runtime"), "{error}");
    }
    assert!(begun.elapsed() < TIMEOUT + SLACK, "nothing is waited for: {:?}", begun.elapsed());
    in_time(bus.close()).await.unwrap_err();
}

/// The runtime ends under load: what is on its way then ends, and so does what is asked next.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_on_its_way_when_the_runtime_ends_ends_too() {
    let server = Server::start().await;
    for round in 0..10 {
        let (bus, first) = std::thread::scope(|scope| {
            let made = scope.spawn(|| {
                let runtime = runtime();
                (bus_on(&runtime, &server), runtime)
            });
            made.join().unwrap()
        });
        let ending = std::thread::spawn(move || {
            first.block_on(async {
                // A little later in each round, in another step of what is on its way.
                tokio::time::sleep(Duration::from_millis(20 + 7 * round)).await;
            });
            drop(first);
        });
        let publishing = (0..4).map(|lane| {
            let bus = bus.clone();
            tokio::spawn(async move {
                for number in (0..).map(|number| 1000 * lane + number) {
                    if let Err(error) = in_time(bus.publish(&Rented { number })).await {
                        return error;
                    }
                }
                unreachable!()
            })
        });
        for published in futures_util::future::join_all(publishing).await {
            let error = published.unwrap();
            assert!(
                matches!(
                    &error,
                    PublishError::Disconnected { .. } | PublishError::Unconfirmed { .. }
                ),
                "{error:?}"
            );
        }
        ending.join().unwrap();
    }
}

/// A runtime that is there and that nobody runs is as if the server did not answer.
#[tokio::test]
async fn a_bus_whose_runtime_does_not_run_keeps_nobody_waiting() {
    let server = Server::start().await;
    let (bus, idle) = std::thread::scope(|scope| {
        let made = scope.spawn(|| {
            let runtime = runtime();
            (bus_on(&runtime, &server), runtime)
        });
        made.join().unwrap()
    });
    for _ in 0..2 {
        let error = in_time(bus.publish(&Rented { number: 1 })).await.unwrap_err();
        assert!(matches!(error, PublishError::Unconfirmed { .. }), "{error:?}");
        let error = in_time(bus.request(&Count {})).await.unwrap_err();
        assert!(matches!(error, RequestError::Timeout { .. }), "{error:?}");
    }
    let error = in_time(bus.publish_all((0..3).map(|number| Rented { number }))).await;
    assert!(error.is_err());
    std::thread::spawn(move || drop(idle)).join().unwrap();
    let error = in_time(bus.publish(&Rented { number: 1 })).await.unwrap_err();
    assert!(matches!(error, PublishError::Disconnected { .. }), "{error:?}");
}
