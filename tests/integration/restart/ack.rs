//! Confirmations that never come: the event is sent again with the same id, and stored once.

use std::time::Duration;

use tidings::prelude::*;
use tidings::{DeadLetterFilter, PublishError};
use tidings_tests::{Proxy, Server, eventually};
use tokio::time::Instant;

use super::{Parcels, Sent, stored};
use crate::{SOON, soon};

const ACK_TIMEOUT: Duration = Duration::from_millis(300);

async fn bus(url: &str) -> Bus {
    let bus = Bus::builder().server(url).ack_timeout(ACK_TIMEOUT).connect().await.unwrap();
    bus.provision::<Parcels>().await.unwrap();
    bus
}

/// The server has stored the event, and its answer is lost with the connection.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_is_lost_is_asked_for_again() {
    let server = Server::start().await;
    let proxy = Proxy::start(&server).await;
    let (bus, client) = (bus(&proxy.url()).await, server.client().await);
    assert!(!bus.publish(&Sent { number: 1 }).await.unwrap().duplicate);

    proxy.lose_answers();
    let publishing = tokio::spawn({
        let bus = bus.clone();
        async move { bus.publish(&Sent { number: 2 }).await }
    });
    eventually(SOON, "it is stored", || async { stored(&client).await == 2 }).await;
    assert!(!publishing.is_finished(), "nobody has told it");
    proxy.cut();
    let ack = soon(publishing).await.unwrap().unwrap();
    assert!(!ack.duplicate, "it is this call's own: {ack:?}");
    assert_eq!((ack.sequence, stored(&client).await), (2, 2));
}

/// An event that somebody else has stored before is a duplicate, also where the answer is lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_there_before_a_lost_answer_is_a_duplicate() {
    let server = Server::start().await;
    let proxy = Proxy::start(&server).await;
    let (lossy, direct) = (bus(&proxy.url()).await, bus(&server.url()).await);
    direct.publish(&Sent { number: 1 }).await.unwrap();
    proxy.lose_answers();
    let publishing = tokio::spawn(async move { lossy.publish(&Sent { number: 1 }).await });
    eventually(SOON, "an answer is lost", || async { proxy.has_lost_answers() }).await;
    proxy.cut();
    let ack = soon(publishing).await.unwrap().unwrap();
    assert!(ack.duplicate && ack.sequence == 1, "{ack:?}");
}

/// A stream looks at sequences before it looks for the id: the event itself is in the way of its
/// copy, and that is no conflict.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_expectation_whose_answer_is_lost_is_no_conflict() {
    let server = Server::start().await;
    let proxy = Proxy::start(&server).await;
    let (lossy, direct) = (bus(&proxy.url()).await, bus(&server.url()).await);
    let client = server.client().await;
    let mut live = direct.subscribe::<Sent>().await.unwrap();
    for (round, of_subject) in [(1, false), (2, true)] {
        proxy.lose_answers();
        let publishing = tokio::spawn({
            let bus = lossy.clone();
            async move {
                let event = Sent { number: round };
                let message = bus.message(&event);
                let before = u64::from(round) - 1;
                if of_subject {
                    message.expected_last_subject_sequence(before).publish().await
                } else {
                    message.expected_last_sequence(before).publish().await
                }
            }
        });
        let sequence = u64::from(round);
        eventually(SOON, "it is stored", || async { stored(&client).await == sequence }).await;
        proxy.cut();
        let ack = soon(publishing).await.unwrap().unwrap();
        assert_eq!((ack.sequence, ack.duplicate), (sequence, false));
    }
    // The same expectation again is one that no longer holds.
    let event = Sent { number: 3 };
    let error = lossy.message(&event).expected_last_sequence(0).publish().await.unwrap_err();
    assert!(matches!(error, PublishError::Conflict { .. }), "{error:?}");
    // Whoever listens hears copies, and no question.
    let mut heard = Vec::new();
    while heard.last() != Some(&3) {
        heard.push(soon(live.next()).await.unwrap().unwrap().number);
    }
    assert!(heard.is_sorted(), "{heard:?}");
}

/// Knows an id for half a second.
#[derive(EventStream)]
#[stream(name = "PULSES", subjects("pulses.>"), duplicate_window = "500ms")]
struct Pulses;

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "pulses.felt", stream = Pulses)]
struct Felt {
    #[event(id)]
    number: u32,
}

/// Messages whose id the stream may have forgotten: another copy could be stored beside the first.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_sent_again_behind_the_duplicate_window() {
    let server = Server::start().await;
    let proxy = Proxy::start(&server).await;
    let (lossy, direct) = (bus(&proxy.url()).await, bus(&server.url()).await);
    direct.provision::<Pulses>().await.unwrap();
    lossy.publish(&Felt { number: 1 }).await.unwrap();
    proxy.lose_answers();
    let begun = Instant::now();
    let error = soon(lossy.publish(&Felt { number: 2 })).await.unwrap_err();
    assert!(matches!(error, PublishError::Unconfirmed { .. }), "{error:?}");
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert_eq!(direct.stream::<Pulses>().state().await.unwrap().messages, 2);
}

/// An event without an id of its own is the same for as long as one publish of it lasts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_without_id_fields_is_stored_once_too() {
    #[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
    #[event(subject = "parcels.seen", stream = Parcels)]
    struct Seen {
        number: u32,
    }
    let server = Server::start().await;
    let proxy = Proxy::start(&server).await;
    let (bus, client) = (bus(&proxy.url()).await, server.client().await);
    proxy.lose_answers();
    let publishing = tokio::spawn(async move { bus.publish(&Seen { number: 1 }).await });
    eventually(SOON, "it is stored", || async { stored(&client).await == 1 }).await;
    proxy.cut();
    assert!(!soon(publishing).await.unwrap().unwrap().duplicate, "it is this call's own");
    assert_eq!(stored(&client).await, 1);
}

/// The server stands still for longer than a confirmation may take, and then takes all at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stood_still_stores_what_was_repeated_once() {
    let server = Server::start().await;
    let bus = bus(&server.url()).await;
    server.suspend();
    let mut publishing = tokio::spawn({
        let bus = bus.clone();
        async move { bus.publish_all((1..=100).map(|number| Sent { number })).await }
    });
    let early = tokio::time::timeout(ACK_TIMEOUT * 3, &mut publishing).await;
    assert!(early.is_err(), "nobody has confirmed it");
    server.resume();
    let acks = soon(publishing).await.unwrap().unwrap();
    assert_eq!(acks.len(), 100);
    assert!(acks.iter().all(|ack| !ack.duplicate), "they are this call's own: {acks:?}");
    assert_eq!(stored(&server.client().await).await, 100);
}

/// A follow-up of an event, without an id of its own.
#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "parcels.arrived", stream = Parcels)]
struct Arrived {
    number: u32,
}

/// A handler has published and returned, and its ack is lost with the connection: the event is
/// handled again, and what was published is not stored again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_whose_ack_is_lost_publishes_the_same_again() {
    let server = Server::start().await;
    let proxy = Proxy::start(&server).await;
    let (services, publisher) = (bus(&proxy.url()).await, bus(&server.url()).await);
    let (begun, mut runs) = tokio::sync::mpsc::unbounded_channel();
    let (go, gate) = tokio::sync::watch::channel(false);
    let handler = move |event: Sent, cx: Context| {
        let (begun, mut gate) = (begun.clone(), gate.clone());
        async move {
            let ack = cx.publish(&Arrived { number: event.number }).await?;
            begun.send((cx.attempt(), ack.duplicate))?;
            gate.wait_for(|open| *open).await?;
            Ok(())
        }
    };
    let route = Route::of::<Sent>(handler).ack_wait(Duration::from_secs(1));
    let running = Registry::new("dock").route(route).start(&services).await.unwrap();
    publisher.publish(&Sent { number: 7 }).await.unwrap();
    assert_eq!(soon(runs.recv()).await.unwrap(), (1, false));

    // The handler returns, and the server never hears of it.
    proxy.lose_questions();
    go.send(true).unwrap();
    let acked = || async { proxy.lost_questions().contains("+ACK") };
    eventually(SOON, "it has acked", acked).await;
    proxy.cut();
    assert_eq!(soon(runs.recv()).await.unwrap(), (2, true), "again, and it is known");
    eventually(SOON, "the second ack is there", || async {
        let state = publisher.stream::<Parcels>().consumer_state("dock-parcels_sent").await;
        state.is_ok_and(|state| state.ack_pending == 0)
    })
    .await;
    assert_eq!(stored(&server.client().await).await, 2, "one event, and one that followed");
    assert_eq!(running.shutdown().await[0].handled, 2);
}

/// The ack of a last attempt is lost with the connection: it is sent again, since nobody may handle
/// the event again, and it is not put aside.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_last_attempt_whose_ack_is_lost_makes_no_dead_letter() {
    let server = Server::start().await;
    let proxy = Proxy::start(&server).await;
    let (services, publisher) = (bus(&proxy.url()).await, bus(&server.url()).await);
    let (begun, mut runs) = tokio::sync::mpsc::unbounded_channel();
    let (go, gate) = tokio::sync::watch::channel(false);
    let handler = move |_: Sent, cx: Context| {
        let (begun, mut gate) = (begun.clone(), gate.clone());
        async move {
            begun.send(cx.attempt())?;
            if cx.attempt() == 1 {
                return Err(Failure::retry("once more"));
            }
            gate.wait_for(|open| *open).await?;
            Ok(())
        }
    };
    let route = Route::of::<Sent>(handler)
        .retry(Retry::fixed(Duration::ZERO).max_attempts(2))
        .ack_wait(Duration::from_secs(3));
    let running = Registry::new("dock").route(route).start(&services).await.unwrap();
    publisher.publish(&Sent { number: 7 }).await.unwrap();
    assert_eq!((soon(runs.recv()).await, soon(runs.recv()).await), (Some(1), Some(2)));

    proxy.lose_questions();
    go.send(true).unwrap();
    let acked = || async { proxy.lost_questions().contains("+ACK") };
    eventually(SOON, "it has acked", acked).await;
    proxy.cut();
    eventually(SOON, "the ack is there", || async {
        let state = publisher.stream::<Parcels>().consumer_state("dock-parcels_sent").await;
        state.is_ok_and(|state| state.ack_pending == 0)
    })
    .await;
    let report = running.shutdown().await;
    assert_eq!((report[0].handled, report[0].dead_lettered), (1, 0));
    assert_eq!(publisher.dead_letters("dock").count(DeadLetterFilter::all()).await.unwrap(), 0);
}

/// The one ack of a message that is never tried again is lost on its way.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_ack_of_an_only_attempt_makes_no_letter() {
    let server = Server::start().await;
    let proxy = Proxy::start(&server).await;
    let bus = bus(&proxy.url()).await;
    let (sender, mut calls) = tokio::sync::mpsc::unbounded_channel();
    let handler = move |event: Sent, _: Context| {
        std::future::ready(sender.send(event.number).map_err(Failure::from))
    };
    let route = Route::of::<Sent>(handler).retry(Retry::never()).ack_wait(Duration::from_secs(1));
    let running = Registry::new("shop").route(route).start(&bus).await.unwrap();
    proxy.lose_questions_from("$JS.ACK.");
    let other = Bus::connect(server.url()).await.unwrap();
    other.publish(&Sent { number: 1 }).await.unwrap();
    assert_eq!(soon(calls.recv()).await, Some(1));
    eventually(SOON, "the ack is lost", || async { proxy.lost_questions().contains("$JS.ACK.") })
        .await;
    proxy.cut();
    eventually(SOON, "it is settled", || async {
        let state = other.stream::<Parcels>().consumer_state("shop-parcels_sent").await;
        state.is_ok_and(|state| state.ack_pending + state.pending == 0)
    })
    .await;
    let report = running.shutdown().await.remove(0);
    assert_eq!((report.handled, report.dead_lettered), (1, 0));
    assert_eq!(other.dead_letters("shop").count(DeadLetterFilter::all()).await.unwrap(), 0);
}
