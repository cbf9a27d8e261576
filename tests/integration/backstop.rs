//! A process that dies at the last delivery of a message says nothing any more; the server does.

use std::time::Duration;

use futures_util::StreamExt as _;
use tidings::prelude::*;
use tidings::{DeadLetter, DeadLetterFilter, DeadLetterReason, EventStream, Retention};
use tidings_tests::{Server, eventually};

const SOON: Duration = Duration::from_secs(20);
const CONSUMER: &str = "works-jobs_queued";

#[derive(EventStream)]
#[stream(name = "JOBS", subjects("jobs.>"))]
struct Jobs;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "jobs.queued", stream = Jobs)]
struct Queued {
    #[event(id)]
    number: u64,
}

async fn start(bus: &Bus) -> tidings::Running {
    let handler = async |_: Queued, _: Context| Ok(());
    let route = Route::of::<Queued>(handler).ack_wait(Duration::from_secs(1));
    Registry::new("works").route(route.retry(Retry::never())).start(bus).await.unwrap()
}

/// Takes each delivery of the message and does not settle the last, as a process that dies with it.
/// Those before are given back: waiting for each of them would only take time.
async fn die_until_exhausted(server: &Server) {
    let client = async_nats::connect(server.url()).await.unwrap();
    let context = async_nats::jetstream::new(client);
    let stream = context.get_stream(Jobs::NAME).await.unwrap();
    let mut consumer: async_nats::jetstream::consumer::PullConsumer =
        stream.get_consumer(CONSUMER).await.unwrap();
    let most = consumer.info().await.unwrap().config.max_deliver;
    let mut messages = consumer.messages().await.unwrap();
    for delivery in 1..=most {
        let message = tokio::time::timeout(SOON, messages.next()).await.unwrap().unwrap().unwrap();
        if delivery < most {
            message.ack_with(async_nats::jetstream::AckKind::Nak(None)).await.unwrap();
        }
    }
}

async fn letters(bus: &Bus, count: usize) -> Vec<DeadLetter> {
    let aside = bus.dead_letters("works");
    eventually(SOON, format!("{count} letters"), || async {
        let found: Vec<_> = aside.list(DeadLetterFilter::all()).collect().await;
        if found.len() == count { Ok(found) } else { Err(format!("{found:?}")) }
    })
    .await
    .into_iter()
    .map(Result::unwrap)
    .collect()
}

/// The server's word waits while nobody runs; then two see it at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_dead_process_had_is_put_aside_once_and_let_go() {
    for (retention, left) in
        [(Retention::WorkQueue, 0), (Retention::Interest, 0), (Retention::Limits, 1)]
    {
        let server = Server::start().await;
        let bus = Bus::connect(server.url()).await.unwrap();
        let mut config = Jobs::config();
        config.retention = retention;
        bus.apply(bus.plan_stream(&config).await.unwrap()).await.unwrap();
        start(&bus).await.shutdown().await;
        let event = Queued { number: 1 };
        bus.message(&event).header("tenant", "acme").publish().await.unwrap();
        die_until_exhausted(&server).await;

        let other = Bus::connect(server.url()).await.unwrap();
        let (one, two) = (start(&bus).await, start(&other).await);
        let found = letters(&bus, 1).await;
        assert_eq!(found[0].reason(), &DeadLetterReason::Deliveries);
        assert_eq!(found[0].decode::<Queued>().unwrap(), event);
        assert_eq!(found[0].headers().get("tenant"), Some("acme"));
        assert_eq!((found[0].stream(), found[0].consumer()), (Jobs::NAME, CONSUMER));
        assert!(found[0].attempts() > Some(1), "{found:?}");
        let let_go = format!("{left} messages left of {retention:?}");
        eventually(SOON, let_go, || async {
            bus.stream::<Jobs>().state().await.unwrap().messages == left
        })
        .await;
        // The letter, and no advisory any more.
        let context = async_nats::jetstream::new(async_nats::connect(server.url()).await.unwrap());
        eventually(SOON, "the advisory is gone", || async {
            let mut stream = context.get_stream("works-dead-letters").await.unwrap();
            stream.info().await.unwrap().state.messages == 1
        })
        .await;

        // And back, to the one that is well now.
        let report = bus.dead_letters("works").redrive(DeadLetterFilter::all()).await.unwrap();
        assert_eq!(report.redriven, 1);
        eventually(SOON, "it is handled", || async {
            one.report()[0].handled + two.report()[0].handled == 1
        })
        .await;
        one.shutdown().await;
        two.shutdown().await;
    }
}

#[derive(EventStream)]
#[stream(name = "SAFE", subjects("safe.>"), retention = "work_queue")]
struct Safe;

/// Advisories forged by a user who may publish where the server tells of exhausted messages: they copy none
/// and end none.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_said_in_the_servers_name_is_compared_with_what_the_server_has() {
    let server = Server::start().await;
    let bus = Bus::connect(server.url()).await.unwrap();
    let mut config = Jobs::config();
    config.retention = Retention::WorkQueue;
    bus.apply(bus.plan_stream(&config).await.unwrap()).await.unwrap();
    bus.provision::<Safe>().await.unwrap();
    let client = server.client().await;
    let jetstream = async_nats::jetstream::new(client.clone());
    jetstream.publish("safe.opened", "s".into()).await.unwrap().await.unwrap();
    // One message is with a handler that takes its time, the next waits.
    let (sender, mut begun) = tokio::sync::mpsc::unbounded_channel();
    let handler = move |_: Queued, _: Context| {
        let sender = sender.clone();
        async move {
            let (done, wait) = tokio::sync::oneshot::channel::<()>();
            sender.send(done).map_err(Failure::from)?;
            wait.await.map_err(Failure::from)
        }
    };
    let route = Route::of::<Queued>(handler).concurrency(1).prefetch(1).retry(Retry::never());
    let works = Registry::new("works").route(route).start(&bus).await.unwrap();
    for number in 1..=3 {
        bus.publish(&Queued { number }).await.unwrap();
    }
    let first = tokio::time::timeout(SOON, begun.recv()).await.unwrap().unwrap();

    let told = format!("$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.JOBS.{CONSUMER}");
    for (stream, consumer, sequence) in
        [("SAFE", CONSUMER, 1), ("SAFE", "keeper", 1), ("JOBS", "other", 1), ("JOBS", CONSUMER, 1)]
            .into_iter()
            .chain([("JOBS", CONSUMER, 3), ("JOBS", CONSUMER, 99)])
    {
        let said = format!(
            r#"{{"stream":"{stream}","consumer":"{consumer}","stream_seq":{sequence},"deliveries":9}}"#
        );
        jetstream.publish(told.clone(), said.into()).await.unwrap().await.unwrap();
    }
    let aside = jetstream.get_stream("works-dead-letters").await.unwrap();
    eventually(SOON, "what is said is looked at", || async {
        let left = aside.get_info().await.unwrap().state.messages;
        if left <= 1 { Ok(()) } else { Err(left) }
    })
    .await;
    assert_eq!(letters(&bus, 0).await.len(), 0);
    assert_eq!(bus.stream::<Safe>().state().await.unwrap().messages, 1);
    assert_eq!(bus.stream::<Jobs>().state().await.unwrap().messages, 3);
    // All three are handled, by whom they are for.
    first.send(()).unwrap();
    for _ in 2..=3 {
        let done = tokio::time::timeout(SOON, begun.recv()).await.unwrap().unwrap();
        done.send(()).unwrap();
    }
    eventually(SOON, "all are handled", || async { works.report()[0].handled == 3 }).await;
    assert_eq!(letters(&bus, 0).await.len(), 0);
    works.shutdown().await;
}
