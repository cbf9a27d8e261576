//! The end of a bus while its server is away: it ends in its time, and for good.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::Value;
use tidings::prelude::*;
use tidings::{CloseError, Outage, PublishError, RequestError};
use tidings_tests::{Server, eventually};
use tokio::runtime::Handle;
use tokio::time::Instant;

use crate::{SOON, soon};

const TIMEOUT: Duration = Duration::from_millis(500);
/// Longest time that something may end later than it was to, on a busy machine.
const SLACK: Duration = Duration::from_secs(2);

#[derive(EventStream)]
#[stream(name = "VANS", subjects("vans.>"))]
struct Vans;

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "vans.left", stream = Vans)]
struct Left {
    number: u32,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "horns.sounded")]
struct Sounded {
    number: u32,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema, Request)]
#[request(subject = "vans_count", reply = u32)]
struct Count {}

/// Waits until the bus knows that its server is away.
async fn is_away(bus: &Bus) {
    eventually(SOON, "it is noticed", || async {
        match bus.message(&Count {}).timeout(Duration::from_millis(20)).request().await {
            Err(RequestError::Timeout { source: Some(_), .. }) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
}

/// Asserts that no connection of this name comes to the server in the time of some attempts.
async fn stays_away(server: &Server, name: &str) {
    let others = Bus::connect(server.url()).await.unwrap();
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(6) {
        let connections = server.monitor("/connz?state=any").await;
        let all = connections["connections"].as_array().cloned().unwrap_or_default();
        let named = |c: &&Value| c["name"].as_str() == Some(name);
        assert_eq!(all.iter().filter(named).count(), 0, "it is back: {all:?}");
        others.publish(&Sounded { number: 1 }).await.unwrap();
        // Between two looks.
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// A bus with messages on their way, and without room for more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bus_is_closed_in_its_time_and_hears_nothing_more() {
    for many in [0, 5000] {
        let mut server = Server::start().await;
        let builder = Bus::builder().server(server.url()).name("closed");
        let bus = builder.publish_timeout(TIMEOUT).connect().await.unwrap();
        bus.provision::<Vans>().await.unwrap();
        bus.publish(&Left { number: 1 }).await.unwrap();
        let mut live = bus.subscribe::<Sounded>().await.unwrap();
        let mut durable = bus.consume::<Left>("drivers").await.unwrap();
        let first = soon(durable.next()).await.unwrap().unwrap();
        let mut replay = bus.replay::<Left>(DeliverFrom::Beginning).await.unwrap();
        soon(replay.next()).await.unwrap().unwrap();

        server.kill();
        is_away(&bus).await;
        let bus_ref = &bus;
        let sent =
            (0..many).map(|number| async move { bus_ref.publish(&Sounded { number }).await });
        soon(join_all(sent)).await;
        let begun = Instant::now();
        let error = bus.clone().close_within(TIMEOUT).await.unwrap_err();
        assert!(begun.elapsed() < TIMEOUT + SLACK, "{:?}", begun.elapsed());
        assert!(matches!(error, CloseError::Disconnected(Outage::Away { .. })), "{error:?}");
        // All that listens has ended.
        assert!(soon(live.next()).await.is_none());
        assert!(soon(durable.next()).await.is_none());
        assert!(soon(replay.next()).await.is_none());
        assert!(soon(first.ack()).await.is_err());
        let error = soon(bus.publish(&Left { number: 2 })).await.unwrap_err();
        assert!(matches!(error, PublishError::Closed), "{error:?}");

        server.restart().await;
        stays_away(&server, "closed").await;
    }
}

/// A bus whose server stands still is closed all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stands_still_keeps_no_bus_open() {
    let server = Server::start().await;
    let bus = Bus::connect(server.url()).await.unwrap();
    let mut live = bus.subscribe::<Sounded>().await.unwrap();
    bus.flush().await.unwrap();
    server.suspend();
    let begun = Instant::now();
    let error = bus.clone().close_within(TIMEOUT).await.unwrap_err();
    assert!(begun.elapsed() < TIMEOUT + SLACK, "{:?}", begun.elapsed());
    assert!(matches!(error, CloseError::Timeout), "{error:?}");
    assert!(soon(live.next()).await.is_none());
    server.resume();
}

/// Drop of a bus while its server is away: nothing of it is left, and it asks no server.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bus_that_is_dropped_while_its_server_is_away_does_not_come_back() {
    let mut server = Server::start().await;
    let tasks = || Handle::current().metrics().num_alive_tasks();
    let before = tasks();
    let bus = Bus::builder().server(server.url()).name("dropped").connect().await.unwrap();
    bus.provision::<Vans>().await.unwrap();
    let live = bus.subscribe::<Sounded>().await.unwrap();
    let run = |_: Sounded, _: Context| async { Ok(()) };
    let running = Registry::new("vans").handle::<Sounded>(run).start(&bus).await.unwrap();
    server.kill();
    is_away(&bus).await;
    drop((live, running, bus));
    eventually(SOON, "all its tasks end", || async {
        let left = tasks();
        if left <= before { Ok(()) } else { Err(format!("{left} instead of {before}")) }
    })
    .await;
    server.restart().await;
    stays_away(&server, "dropped").await;
}

/// Routes of every kind, with nothing to do or with something that does not end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_registry_shuts_down_in_its_time_while_the_server_is_away() {
    for is_busy in [false, true] {
        let mut server = Server::start().await;
        let bus = Bus::connect(server.url()).await.unwrap();
        let (begun, mut beginning) = tokio::sync::mpsc::unbounded_channel();
        let left = move |_: Left, _: Context| {
            let _ = begun.send(());
            async move {
                if is_busy {
                    std::future::pending::<()>().await;
                }
                Ok(())
            }
        };
        let all = |_: Sounded, _: Context| async { Ok(()) };
        let count = |_: Count, _: Context| async { Ok(3) };
        let running = Registry::new("vans")
            .route(Route::of::<Left>(left).concurrency(1))
            .handle::<Sounded>(all)
            .handle::<Count>(count)
            .start(&bus)
            .await
            .unwrap();
        bus.publish_all((0..20).map(|number| Left { number })).await.unwrap();
        soon(beginning.recv()).await.unwrap();
        server.kill();
        is_away(&bus).await;
        let begun = Instant::now();
        running.shutdown_within(TIMEOUT).await;
        assert!(begun.elapsed() < TIMEOUT + SLACK, "{:?}", begun.elapsed());
        let begun = Instant::now();
        bus.close_within(TIMEOUT).await.unwrap_err();
        assert!(begun.elapsed() < TIMEOUT + SLACK, "{:?}", begun.elapsed());
    }
}

/// End of a shutdown where a handler does not end.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Place {
    InMemory,
    OnAServer,
    /// Bus on a server that is killed meanwhile.
    OnADeadServer,
}

/// The time that the bus says for all shutdowns, where nothing else is said.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shutdown_takes_as_long_as_the_bus_says_where_a_handler_does_not_end() {
    for (place, serves) in [
        (Place::InMemory, false),
        (Place::OnAServer, false),
        (Place::OnAServer, true),
        (Place::OnADeadServer, false),
        (Place::OnADeadServer, true),
    ] {
        let builder = Bus::builder().shutdown_timeout(TIMEOUT).close_timeout(TIMEOUT);
        let (bus, mut server) = if place == Place::InMemory {
            (builder.in_memory(), None)
        } else {
            let server = Server::start().await;
            (builder.server(server.url()).connect().await.unwrap(), Some(server))
        };
        let (begun, mut beginning) = tokio::sync::mpsc::unbounded_channel();
        let handler = move |event: Left, _: Context| {
            let _ = begun.send(event.number);
            std::future::pending::<Result<(), Failure>>()
        };
        let registry =
            || Registry::new("vans").route(Route::of::<Left>(handler.clone()).concurrency(1));
        let (end, ended) = tokio::sync::oneshot::channel::<()>();
        let running = if serves {
            let serving = registry().serve(&bus).with_graceful_shutdown(async {
                let _ = ended.await;
            });
            Err(tokio::spawn(serving.into_future()))
        } else {
            Ok(registry().start(&bus).await.unwrap())
        };
        if serves {
            // Its stream is made as it starts.
            eventually(SOON, "it listens", || async {
                bus.stream::<Vans>().state().await.map(|_| ()).map_err(|error| error.to_string())
            })
            .await;
        }
        bus.publish(&Left { number: 1 }).await.unwrap();
        assert_eq!(soon(beginning.recv()).await, Some(1));
        if let Some(server) = server.as_mut().filter(|_| place == Place::OnADeadServer) {
            server.kill();
            is_away(&bus).await;
        }
        let at = Instant::now();
        let reports = match running {
            Ok(running) => running.shutdown().await,
            Err(serving) => {
                end.send(()).unwrap();
                serving.await.unwrap().unwrap()
            }
        };
        let took = at.elapsed();
        assert!(took >= TIMEOUT && took < TIMEOUT + SLACK, "{place:?}: {took:?}");
        assert_eq!(reports[0].aborted, 1, "{place:?}: {reports:?}");

        if place == Place::OnADeadServer {
            continue;
        }
        // What was dropped is not lost.
        let again = registry().start(&bus).await.unwrap();
        assert_eq!(soon(beginning.recv()).await, Some(1), "{place:?}");
        again.shutdown_within(Duration::ZERO).await;
    }
}
