//! Operations while the server is away: each ends in its time, with an error that says what is known.

use std::time::Duration;

use futures_util::future::join_all;
use tidings::prelude::*;
use tidings::{PublishError, RequestError, SubscribeError};
use tidings_tests::{Server, eventually};
use tokio::time::{Instant, timeout};

use super::{Check, Parcels, Sent, Switched, stored};
use crate::{SOON, soon};

const TIMEOUT: Duration = Duration::from_millis(600);
/// Longest time that something may end later than it was to, on a busy machine.
const SLACK: Duration = Duration::from_secs(3);
/// More than the client takes while it is offline.
const MANY: u32 = 5000;

/// A bus with short timeouts, on a server with the stream.
async fn hasty() -> (Server, Bus) {
    let server = Server::start().await;
    let builder = Bus::builder().server(server.url());
    let builder = builder.request_timeout(TIMEOUT).publish_timeout(TIMEOUT);
    let bus = builder.ack_timeout(TIMEOUT / 3).connect().await.unwrap();
    bus.provision::<Parcels>().await.unwrap();
    (server, bus)
}

/// The future's output, which comes neither before the bus's time is up nor much later.
async fn in_time<F: IntoFuture>(future: F) -> F::Output {
    let begun = Instant::now();
    let output = timeout(TIMEOUT + SLACK, future).await.expect("it ends in its time");
    assert!(begun.elapsed() >= TIMEOUT / 2, "it waits for the server: {:?}", begun.elapsed());
    output
}

/// Fills what the client keeps for a server that is away, and 8 times over.
async fn fill(bus: &Bus) -> Vec<Result<(), PublishError>> {
    let publishes = (0..MANY).map(|number| async move { bus.publish(&Switched { number }).await });
    timeout(TIMEOUT + SLACK, join_all(publishes)).await.expect("all end in their time")
}

/// Events of one call end within the time of one publish, and not within that for each thousand.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_events_for_a_server_that_stands_still_end_like_one() {
    let (server, bus) = hasty().await;
    server.suspend();
    let many = 30_000;
    let events = (0..many).map(|number| Sent { number });
    let error = in_time(bus.publish_all(events)).await.unwrap_err();
    assert_eq!(error.outcomes.len(), many as usize);
    let unsent = |outcome: &&Result<_, _>| matches!(outcome, Err(PublishError::Unsent { .. }));
    assert!(error.outcomes.iter().filter(unsent).count() > many as usize / 2);
    server.resume();
    // The next ones are sent, once it has worked off what waited for it.
    let one = || async { bus.publish(&Sent { number: many }).await };
    eventually(SOON, "it answers again", one).await;
    soon(bus.publish_all((many..many + 2000).map(|number| Sent { number }))).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_ends_within_its_deadline() {
    let (mut server, bus) = hasty().await;
    server.kill();
    for round in ["with room for it", "without"] {
        let error = in_time(bus.request(&Check { number: 1 })).await.unwrap_err();
        assert!(matches!(error, RequestError::Timeout { .. }), "{round}: {error:?}");
        let ask = Check { number: 2 };
        let error = in_time(bus.message(&ask).timeout(TIMEOUT).request()).await.unwrap_err();
        assert!(matches!(error, RequestError::Timeout { .. }), "{round}: {error:?}");
        fill(&bus).await;
    }
}

/// A publish without an answer says that it is unknown whether the event is stored: the client may
/// send it when it comes back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_event_ends_unconfirmed() {
    let (mut server, bus) = hasty().await;
    server.kill();
    let error = in_time(bus.publish(&Sent { number: 1 })).await.unwrap_err();
    match &error {
        PublishError::Unconfirmed { subject, message_id, waited, .. } => {
            assert_eq!((subject.as_str(), message_id.as_str()), ("parcels.sent", "parcels.sent/1"));
            assert!(*waited <= TIMEOUT + SLACK, "{waited:?}");
        }
        other => panic!("{other:?}"),
    }
    // As its error says, publishing it again stores it once.
    server.restart().await;
    let again = async {
        while let Err(error) = bus.publish(&Sent { number: 1 }).await {
            assert!(matches!(error, PublishError::Unconfirmed { .. }), "{error:?}");
        }
    };
    soon(again).await;
    assert_eq!(stored(&server.client().await).await, 1);
}

/// An event that is handed over is unconfirmed; one that finds no room is not sent, and is said not
/// to be.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousands_of_stream_events_end_in_their_time() {
    let (mut server, bus) = hasty().await;
    server.kill();
    let publishes = (0..MANY).map(|number| {
        let bus = &bus;
        async move { (number, bus.publish(&Sent { number }).await) }
    });
    let outcomes = timeout(TIMEOUT + SLACK, join_all(publishes)).await.expect("all end");
    let mut unsent = Vec::new();
    for (number, outcome) in outcomes {
        match outcome.unwrap_err() {
            PublishError::Unconfirmed { .. } => {}
            PublishError::Unsent { subject, .. } => {
                assert_eq!(subject, "parcels.sent");
                unsent.push(number);
            }
            other => panic!("{number}: {other:?}"),
        }
    }
    assert!(!unsent.is_empty(), "the client does not take all of them");
    // The rest may be stored now, each once; of those that were not sent, none.
    server.restart().await;
    let back = async { while bus.flush().await.is_err() {} };
    soon(back).await;
    let stored = stored(&server.client().await).await;
    assert!(stored <= u64::from(MANY) - unsent.len() as u64, "{stored} and {}", unsent.len());
}

/// A core event is at most once: `Ok` means handed over. What finds no room is an error in time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousands_of_core_events_end_in_their_time() {
    let (mut server, bus) = hasty().await;
    server.kill();
    let outcomes = fill(&bus).await;
    let sent = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    assert!((1..outcomes.len()).contains(&sent), "{sent}");
    for error in outcomes.into_iter().filter_map(Result::err) {
        assert!(matches!(error, PublishError::Unsent { .. }), "{error:?}");
    }
}

/// Number of events that were not sent.
fn unsent<A>(outcomes: &[Result<A, PublishError>]) -> usize {
    let unsent = |outcome: &Result<_, _>| matches!(outcome, Err(PublishError::Unsent { .. }));
    outcomes.iter().filter(|outcome| unsent(outcome)).count()
}

/// Events that find no room don't each wait as long as the first of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_published_as_one_end_in_their_time() {
    let (mut server, bus) = hasty().await;
    server.kill();
    let begun = Instant::now();
    let events = (0..MANY).map(|number| Switched { number });
    let error = timeout(SOON, bus.publish_all(events)).await.expect("it ends").unwrap_err();
    assert!(begun.elapsed() < TIMEOUT + SLACK, "{:?}", begun.elapsed());
    let sent = error.outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    assert!((1..MANY as usize).contains(&sent), "{sent}");
    assert_eq!(unsent(&error.outcomes), MANY as usize - sent);
    // A stream's go 1,024 at a time; without room for any of them, they are one wait as well.
    let begun = Instant::now();
    let events = (0..MANY).map(|number| Sent { number });
    let error = timeout(SOON, bus.publish_all(events)).await.expect("it ends").unwrap_err();
    assert!(begun.elapsed() < TIMEOUT + SLACK, "{:?}", begun.elapsed());
    assert_eq!(unsent(&error.outcomes), MANY as usize);
}

/// Operations that set something up end in their time, as what is sent does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_opened_ends_in_its_time() {
    let (mut server, bus) = hasty().await;
    server.kill();
    for round in ["with room for it", "without"] {
        let error = in_time(bus.subscribe::<Switched>()).await.map(drop).unwrap_err();
        assert!(matches!(error, SubscribeError::Disconnected(_)), "{round}: {error:?}");
        // The server may take 5 s to answer about its streams.
        let (consume, replay, provision) = tokio::join!(
            timeout(SOON, bus.consume::<Sent>("billing").into_future()),
            timeout(SOON, bus.replay::<Sent>(DeliverFrom::New).into_future()),
            timeout(SOON, bus.provision::<Parcels>()),
        );
        let error = consume.expect("it ends").map(drop).unwrap_err();
        assert!(matches!(error, SubscribeError::Disconnected(_)), "{round}: {error:?}");
        let error = replay.expect("it ends").map(drop).unwrap_err();
        assert!(matches!(error, SubscribeError::Disconnected(_)), "{round}: {error:?}");
        let error = provision.expect("it ends").unwrap_err();
        assert!(
            matches!(error, tidings::ProvisionError::Disconnected { .. }),
            "{round}: {error:?}"
        );
        fill(&bus).await;
    }
}

/// A service whose server is gone can still be stopped.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shutdown_ends_in_its_time() {
    let (mut server, bus) = hasty().await;
    for round in ["with", "without"] {
        let (begun, mut beginning) = tokio::sync::mpsc::unbounded_channel();
        let handler = move |_: Sent, _: Context| {
            let begun = begun.clone();
            async move {
                begun.send(())?;
                // It is at work when the shutdown begins.
                tokio::time::sleep(TIMEOUT).await;
                Ok(())
            }
        };
        let check = |ask: Check, _: Context| async move { Ok(ask.number) };
        let registry = Registry::new("shop").handle::<Sent>(handler).handle::<Check>(check);
        let running = registry.start(&bus).await.unwrap();
        bus.publish(&Sent { number: 1 }).await.unwrap();
        bus.message(&Sent { number: 1 }).message_id(round).publish().await.unwrap();
        soon(beginning.recv()).await.unwrap();
        server.kill();
        if round == "without" {
            fill(&bus).await;
        }
        // The server's confirmation is waited for as well: 5 s.
        let report = timeout(TIMEOUT + SOON, running.shutdown_within(TIMEOUT)).await;
        let report = report.unwrap_or_else(|_| panic!("{round}: it does not end"));
        assert_eq!(report.len(), 2);
        server.restart().await;
        let back = async { while bus.flush().await.is_err() {} };
        timeout(SOON * 2, back).await.unwrap();
    }
}
