//! The connection that a bus's core subscriptions listen on: made with the first of them, and lost
//! without the other one.

use std::sync::Arc;

use tidings::prelude::*;
use tidings::{Health, HealthReason, Registry};
use tidings_tests::{Log, Proxy, Server, eventually};
use tokio::sync::Notify;
use tokio::time::Duration;
use tracing_subscriber::filter::LevelFilter;

use crate::unreadable_header::{BLOCKS, send_raw};
use crate::{SOON, soon};

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "bells.rung")]
struct Rung {
    number: u64,
}

#[derive(EventStream)]
#[stream(name = "TOWERS", subjects("towers.>"))]
struct Towers;

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "towers.built", stream = Towers)]
struct Built {
    number: u64,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema, Request)]
#[request(subject = "towers_count", reply = u64)]
struct Count {}

/// The numbers of the connections of this name that are open.
async fn open(server: &Server, name: &str) -> Vec<u64> {
    let connections = server.monitor("/connz").await;
    let all = connections["connections"].as_array().cloned().unwrap_or_default();
    let named = all.iter().filter(|connection| connection["name"].as_str() == Some(name));
    named.map(|connection| connection["cid"].as_u64().unwrap()).collect()
}

async fn connect(server: &Server, name: &str) -> Bus {
    Bus::builder().server(server.url()).name(name).connect().await.unwrap()
}

#[tokio::test]
async fn a_message_that_no_client_can_read_ends_no_more_than_listening() {
    let server = Server::start().await;
    let (log, _kept) = Log::keep(LevelFilter::WARN);
    // Another bus answers, at the end.
    let rung_out = Arc::new(Notify::new());
    let answer = {
        let rung_out = Arc::clone(&rung_out);
        move |_: Count, _: Context| {
            let rung_out = Arc::clone(&rung_out);
            async move {
                rung_out.notified().await;
                Ok(7)
            }
        }
    };
    let registry = Registry::new("counter").handle::<Count>(answer);
    let counter = registry.start(&connect(&server, "counter").await).await.unwrap();

    let bus = connect(&server, "tower").await;
    bus.provision::<Towers>().await.unwrap();
    let mut built = bus.consume::<Built>("builders").await.unwrap();
    assert_eq!(open(&server, "tower (listening)").await, Vec::<u64>::new(), "nobody listens");
    let mut rung = bus.subscribe::<Rung>().await.unwrap();
    let run = |_: Rung, _: Context| async { Ok(()) };
    let running = Registry::new("ringers").handle::<Rung>(run).start(&bus).await.unwrap();
    let main = open(&server, "tower").await;
    let mut listening = open(&server, "tower (listening)").await;
    assert_eq!((main.len(), listening.len()), (1, 1));

    let asking = tokio::spawn({
        let bus = bus.clone();
        async move { bus.message(&Count {}).timeout(SOON * 6).request().await }
    });
    let (end, mut ended) = tokio::sync::oneshot::channel::<()>();
    let publishing = tokio::spawn({
        let bus = bus.clone();
        async move {
            let mut number = 0;
            while ended.try_recv().is_err() {
                let ack = bus.publish(&Built { number }).await.unwrap();
                assert!(!ack.duplicate, "it was sent again");
                number += 1;
            }
            number
        }
    });
    for (times, block) in (1..).zip(BLOCKS) {
        send_raw(&server, b"bells.rung", block);
        eventually(SOON, "the subscription counts it", || async {
            let times_lost = rung.interruptions();
            if times_lost == times { Ok(()) } else { Err(times_lost) }
        })
        .await;
        // It listens again, and publishing is where it was.
        bus.flush().await.unwrap();
        bus.publish(&Rung { number: times }).await.unwrap();
        assert_eq!(soon(rung.next()).await.unwrap().unwrap().number, times);
        assert_eq!(open(&server, "tower").await, main);
        let again = open(&server, "tower (listening)").await;
        assert!(again.len() == 1 && again != listening, "{again:?}");
        listening = again;
    }
    rung_out.notify_one();
    assert_eq!(soon(asking).await.unwrap().unwrap(), 7);
    end.send(()).unwrap();
    let published = soon(publishing).await.unwrap();
    assert!(published > 0);
    for number in 0..published {
        let delivery = soon(built.next()).await.unwrap().unwrap();
        assert_eq!((delivery.number, delivery.attempt()), (number, 1));
        delivery.ack().await.unwrap();
    }
    let report = running.shutdown().await;
    assert_eq!(report[0].interrupted, 4, "{report:?}");
    counter.shutdown().await;

    let text = log.text();
    let said = text.matches("on which core subscriptions listen was lost").count();
    assert_eq!(said, 1, "once a minute at most: {text}");
    assert!(text.contains(&format!("server=\"{}\"", server.url())), "{text}");
    assert!(text.contains("times=1") && text.contains("header block"), "{text}");
    assert!(!text.contains("disconnected from NATS"), "{text}");
}

/// A registry that misses the second connection alone is not ready, and says which one it is.
#[tokio::test]
async fn a_registry_that_can_not_listen_is_not_ready() {
    let server = Server::start().await;
    let wire = Proxy::start(&server).await;
    let bus = Bus::connect(wire.url()).await.unwrap();
    let run = |_: Rung, _: Context| async { Ok(()) };
    let running = Registry::new("ringers").handle::<Rung>(run).start(&bus).await.unwrap();
    let becomes = async |what: &str, is_it: &dyn Fn(&Health) -> bool| {
        eventually(SOON, what, async || {
            let health = running.health().await;
            if is_it(&health) { Ok(()) } else { Err(health) }
        })
        .await;
    };
    becomes("it is ready", &|health| health.ready).await;
    wire.refuse();
    send_raw(&server, b"bells.rung", BLOCKS[0]);
    becomes("it does not listen", &|health| {
        health.live && matches!(&*health.reasons, [HealthReason::NotListening { .. }])
    })
    .await;
    // Publishing goes on meanwhile.
    bus.provision::<Towers>().await.unwrap();
    bus.publish(&Built { number: 1 }).await.unwrap();
    wire.mend();
    becomes("it is ready again", &|health| health.ready).await;
    running.shutdown().await;
}

/// What the server was asked and has not heard is asked again of the next connection.
#[tokio::test]
async fn subscribing_goes_on_where_the_connection_is_lost_meanwhile() {
    let server = Server::start().await;
    let wire = Proxy::start(&server).await;
    let bus = Bus::connect(wire.url()).await.unwrap();
    let _first = bus.subscribe::<Rung>().await.unwrap();
    wire.lose_questions();
    let subscribing = tokio::spawn({
        let bus = bus.clone();
        async move { bus.subscribe::<Rung>().await.map(drop) }
    });
    eventually(SOON, "the question is lost, and what is said after a while", || async {
        wire.lost_questions().matches("PUB _INBOX.").count() >= 2
    })
    .await;
    wire.cut();
    soon(subscribing).await.unwrap().unwrap();
}

/// Publishes that wait for the server go out behind the interest: whoever listens on the same bus hears them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bus_hears_what_it_published_while_its_server_was_away() {
    for round in 0..3 {
        let mut server = Server::start().await;
        let bus = connect(&server, "tower").await;
        let mut rung = bus.subscribe::<Rung>().await.unwrap();
        server.kill();
        eventually(SOON, "it is noticed", || async {
            let asked = bus.message(&Count {}).timeout(Duration::from_millis(20)).request().await;
            match asked {
                Err(tidings::RequestError::Timeout { source: Some(_), .. }) => Ok(()),
                other => Err(format!("{other:?}")),
            }
        })
        .await;
        for number in 0..100 {
            bus.publish(&Rung { number }).await.unwrap();
        }
        // Some attempts are in vain.
        tokio::time::sleep(Duration::from_millis(300 * round)).await;
        server.restart().await;
        for number in 0..100 {
            assert_eq!(soon(rung.next()).await.unwrap().unwrap().number, number);
        }
        // It is counted by a task beside, which may come to it later than the messages.
        eventually(SOON, "the interruption is counted", async || rung.interruptions() == 1).await;
    }
}

/// Messages that were published before the members of a queue group have gone are theirs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_published_before_the_end_is_handled() {
    let server = Server::start().await;
    let bus = connect(&server, "tower").await;
    for _ in 0..20 {
        let run = |_: Rung, _: Context| async { Ok(()) };
        let running = Registry::new("ringers").handle::<Rung>(run).start(&bus).await.unwrap();
        for number in 0..500 {
            bus.publish(&Rung { number }).await.unwrap();
        }
        assert_eq!(running.shutdown().await[0].handled, 500);
    }
}
