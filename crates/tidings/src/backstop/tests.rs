use bytes::Bytes;
use tokio_util::task::AbortOnDropHandle;

use super::*;
use crate::dead_letter::{
    Cause, DeadLetter, DeadLetterFilter, DeadLetterPolicy, DeadLetterReason, DeadLetters,
};
use crate::header::{self, Headers};
use crate::link::Timeouts;
use crate::stream::{Retention, StreamConfig};
use crate::topology::Topology;
use crate::traces::{Parent, Tracing};
use crate::transport::memory::Memory;
use crate::transport::{ConsumerConfig, Outgoing, StreamState, Transport, Which};

const LETTERS: &str = "shop-dead-letters";

/// A stream of orders, a consumer that delivers each once, and a dead-letter stream.
async fn link(retention: Retention) -> Link {
    let transport = Transport::Memory(Memory::new());
    let mut orders = StreamConfig::new("ORDERS", ["orders.>"]);
    orders.retention = retention;
    transport.create_stream(&orders).await.unwrap();
    let consumer = ConsumerConfig { max_deliver: Some(1), ..ConsumerConfig::new("shop") };
    transport.create_consumer("ORDERS", &consumer).await.unwrap();
    dead_letter::provision(&transport, &letter_stream(), Topology::Manage).await.unwrap();
    Link {
        transport,
        timeouts: Timeouts::default().into(),
        environment: std::sync::Arc::default(),
        cloud_events: None,
        traces: Tracing::default(),
        observers: None,
        pulse: std::sync::Arc::default(),
    }
}

fn letter_stream() -> StreamConfig {
    DeadLetterPolicy::default().config(LETTERS, [], [("ORDERS", "shop")])
}

async fn publish(link: &Link, text: &'static str) {
    let mut headers = Headers::new();
    headers.push("tenant", "acme");
    headers.push(header::MESSAGE_ID, text);
    let subject = Subject::from_static("orders.created");
    let message = Outgoing { subject, headers, payload: Bytes::from_static(text.as_bytes()) };
    link.transport.store(&message).await.unwrap().await.unwrap();
}

/// Takes a message and never settles it: its process dies.
async fn die_with_one(link: &Link) -> Incoming {
    let mut pull = link.transport.pull("ORDERS", "shop", 1).await.unwrap();
    pull.next().await.unwrap().unwrap()
}

async fn start(link: &Link) -> AbortOnDropHandle<()> {
    let modes = Modes { streams: Topology::Manage, consumers: Topology::Manage };
    let backstop = Backstop::prepare(link.clone(), letter_stream(), modes).await.unwrap();
    let running = async move { backstop.run(CancellationToken::new()).await };
    AbortOnDropHandle::new(tokio::spawn(running))
}

async fn letters(link: &Link) -> Vec<DeadLetter> {
    let letters = DeadLetters::new(link.clone(), LETTERS.to_owned());
    letters.list(DeadLetterFilter::all()).map(Result::unwrap).collect().await
}

/// Looks until it is so, for an hour of the paused clock.
async fn until(is_so: impl AsyncFn() -> bool) {
    let looking = async {
        while !is_so().await {
            sleep(Duration::from_secs(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(3600), looking).await.unwrap();
}

/// Waits until a stream holds so many messages; the dead-letter stream's advisories are among them.
async fn until_it_holds(link: &Link, stream: &str, messages: u64) {
    until(async || state(link, stream).await.messages == messages).await;
}

async fn state(link: &Link, stream: &str) -> StreamState {
    link.transport.stream_state(stream).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn what_nobody_settled_is_put_aside_once_by_whoever_sees_it() {
    for (retention, left) in
        [(Retention::Limits, 1), (Retention::Interest, 0), (Retention::WorkQueue, 0)]
    {
        let link = link(retention).await;
        publish(&link, "one").await;
        drop(die_with_one(&link).await);
        let instances = [start(&link).await, start(&link).await];
        // The advisory is there once the ack wait has passed, and gone when it was heeded.
        sleep(Duration::from_secs(31)).await;
        until_it_holds(&link, LETTERS, 1).await;

        let letters = letters(&link).await;
        let [letter] = letters.as_slice() else { panic!("{letters:?}") };
        assert_eq!(letter.reason(), &DeadLetterReason::Deliveries);
        assert_eq!((letter.attempts(), letter.original_sequence()), (Some(1), Some(1)));
        assert_eq!((letter.subject(), letter.stream()), ("orders.created", "ORDERS"));
        assert_eq!((letter.consumer(), letter.message_id()), ("shop", Some("one")));
        assert_eq!(letter.headers().get("tenant"), Some("acme"));
        assert_eq!(letter.payload(), "one");
        assert!(letter.error().contains("died"), "{}", letter.error());
        assert_eq!(state(&link, "ORDERS").await.messages, left, "{retention:?}");
        drop(instances);
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_server_wrote_itself_is_not_put_aside() {
    let link = link(Retention::WorkQueue).await;
    let mut headers = Headers::new();
    headers.push(header::MARKER_REASON, "MaxAge");
    let subject = Subject::from_static("orders.created");
    let marker = Outgoing { subject, headers, payload: Bytes::new() };
    link.transport.store(&marker).await.unwrap().await.unwrap();
    // Another client's reader of the consumer has never settled it.
    let told = r#"{"stream":"ORDERS","consumer":"shop","stream_seq":1,"deliveries":1}"#;
    let advisory = Outgoing {
        subject: Subject::from(dead_letter::exhausted_subject("ORDERS", "shop")),
        headers: Headers::new(),
        payload: Bytes::from_static(told.as_bytes()),
    };
    link.transport.store(&advisory).await.unwrap().await.unwrap();
    let _instance = start(&link).await;
    until_it_holds(&link, LETTERS, 0).await;
    assert_eq!(letters(&link).await.len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_letter_that_its_process_stored_before_it_died_stays_the_only_one() {
    // Within the time in which its id is remembered, and long after it.
    for later in [Duration::ZERO, Duration::from_secs(24 * 3600)] {
        let link = link(Retention::WorkQueue).await;
        publish(&link, "one").await;
        let incoming = die_with_one(&link).await;
        let cause = Cause {
            reason: DeadLetterReason::Attempts,
            error: "no stock".to_owned(),
            attempts: 1,
            first_failed_at: None,
            last_failed_at: link.transport.now(),
        };
        dead_letter::store(&link, LETTERS, &incoming, &cause, &Parent::default()).await.unwrap();
        sleep(Duration::from_secs(31) + later).await;
        let _running = start(&link).await;
        until_it_holds(&link, LETTERS, 1).await;
        let letters = letters(&link).await;
        assert_eq!(letters[0].reason(), &DeadLetterReason::Attempts);
        until_it_holds(&link, "ORDERS", 0).await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_original_that_is_gone_leaves_nothing() {
    let link = link(Retention::Limits).await;
    publish(&link, "one").await;
    drop(die_with_one(&link).await);
    sleep(Duration::from_secs(31)).await;
    until_it_holds(&link, LETTERS, 1).await;
    link.transport.delete_message("ORDERS", 1).await.unwrap();
    let _running = start(&link).await;
    until_it_holds(&link, LETTERS, 0).await;
    assert!(letters(&link).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn where_there_is_no_room_it_waits_until_there_is() {
    let link = link(Retention::WorkQueue).await;
    publish(&link, "one").await;
    drop(die_with_one(&link).await);
    sleep(Duration::from_secs(31)).await;
    until_it_holds(&link, LETTERS, 1).await;
    // Full with the advisory itself.
    let mut config = link.transport.stream(LETTERS).await.unwrap().unwrap();
    config.max_messages = Some(1);
    link.transport.update_stream(&config).await.unwrap();
    let _running = start(&link).await;
    sleep(Duration::from_secs(300)).await;
    assert!(letters(&link).await.is_empty());
    assert_eq!(state(&link, "ORDERS").await.messages, 1);

    config.max_messages = None;
    link.transport.update_stream(&config).await.unwrap();
    until(async || !letters(&link).await.is_empty()).await;
    until_it_holds(&link, LETTERS, 1).await;
    assert_eq!(state(&link, "ORDERS").await.messages, 0);
}

#[tokio::test(start_paused = true)]
async fn a_dead_letter_stream_that_was_deleted_comes_back() {
    let link = link(Retention::Limits).await;
    let _running = start(&link).await;
    link.transport.delete_stream(LETTERS).await.unwrap();
    until(async || link.transport.stream(LETTERS).await.unwrap().is_some()).await;
    publish(&link, "one").await;
    drop(die_with_one(&link).await);
    until(async || !letters(&link).await.is_empty()).await;
}

/// Says that a message is exhausted, as whoever may publish there can.
async fn say(link: &Link, place: (&str, &str), said: (&str, &str, u64, u64)) {
    let (stream, consumer, sequence, deliveries) = said;
    let text = format!(
        r#"{{"stream":"{stream}","consumer":"{consumer}","stream_seq":{sequence},"deliveries":{deliveries}}}"#
    );
    let subject = Subject::from(dead_letter::exhausted_subject(place.0, place.1));
    let advisory = Outgoing { subject, headers: Headers::new(), payload: text.into() };
    link.transport.store(&advisory).await.unwrap().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_is_said_of_a_message_is_compared_before_it_is_read_or_ended() {
    let link = link(Retention::WorkQueue).await;
    let mut vault = StreamConfig::new("VAULT", ["vault.>"]);
    vault.retention = Retention::WorkQueue;
    link.transport.create_stream(&vault).await.unwrap();
    let keeper = ConsumerConfig { max_deliver: Some(1), ..ConsumerConfig::new("keeper") };
    link.transport.create_consumer("VAULT", &keeper).await.unwrap();
    let subject = Subject::from_static("vault.opened");
    let secret = Outgoing { subject, headers: Headers::new(), payload: Bytes::from_static(b"s") };
    link.transport.store(&secret).await.unwrap().await.unwrap();
    publish(&link, "settled").await;
    publish(&link, "handled").await;
    publish(&link, "new").await;
    let mut pull = link.transport.pull("ORDERS", "shop", 2).await.unwrap();
    let first = pull.next().await.unwrap().unwrap();
    first.settle.unwrap().send(Settlement::Ack).await.unwrap();
    let handled = pull.next().await.unwrap().unwrap();
    drop(pull);
    // Somebody else's subjects are listened to as well.
    let mut letter_config = link.transport.stream(LETTERS).await.unwrap().unwrap();
    letter_config.subjects.push(dead_letter::exhausted_subject("VAULT", "*"));
    link.transport.update_stream(&letter_config).await.unwrap();

    for (place, said) in [
        (("ORDERS", "shop"), ("VAULT", "keeper", 1, 1)),
        (("ORDERS", "shop"), ("VAULT", "shop", 1, 1)),
        (("ORDERS", "shop"), ("ORDERS", "keeper", 1, 1)),
        (("VAULT", "keeper"), ("VAULT", "keeper", 1, 1)),
        (("ORDERS", "shop"), ("ORDERS.shop", "shop", 1, 1)),
        (("ORDERS", "shop"), ("*", ">", 1, 1)),
        // One that is handled now, one that was not delivered, and one that is none.
        (("ORDERS", "shop"), ("ORDERS", "shop", 2, 1)),
        (("ORDERS", "shop"), ("ORDERS", "shop", 3, 1)),
        (("ORDERS", "shop"), ("ORDERS", "shop", 0, 1)),
        (("ORDERS", "shop"), ("ORDERS", "shop", u64::MAX, u64::MAX)),
    ] {
        say(&link, place, said).await;
    }
    let running = start(&link).await;
    // All are removed but the one that may be so yet.
    until_it_holds(&link, LETTERS, 1).await;
    assert_eq!(letters(&link).await.len(), 0);
    for sequence in [2, 3] {
        let found = link.transport.stored("ORDERS", Which::At(sequence)).await.unwrap();
        assert!(found.is_some(), "{sequence} is not ended");
    }
    assert_eq!(state(&link, "VAULT").await.messages, 1);
    // It is handled: then it can't be so.
    handled.settle.unwrap().send(Settlement::Ack).await.unwrap();
    until_it_holds(&link, LETTERS, 0).await;
    assert_eq!(letters(&link).await.len(), 0);
    drop(running);
}

#[tokio::test(start_paused = true)]
async fn what_was_delivered_less_often_than_allowed_is_not_given_up() {
    let link = link(Retention::WorkQueue).await;
    let consumer = ConsumerConfig { max_deliver: Some(3), ..ConsumerConfig::new("shop") };
    link.transport.update_consumer("ORDERS", &consumer).await.unwrap();
    publish(&link, "slow").await;
    let mut pull = link.transport.pull("ORDERS", "shop", 1).await.unwrap();
    let slow = pull.next().await.unwrap().unwrap();
    say(&link, ("ORDERS", "shop"), ("ORDERS", "shop", 1, 3)).await;
    let _running = start(&link).await;
    // Nothing was delivered again: it is a lie, and forgotten.
    until_it_holds(&link, LETTERS, 0).await;
    assert_eq!(state(&link, "ORDERS").await.messages, 1);
    slow.settle.unwrap().send(Settlement::Ack).await.unwrap();
    until_it_holds(&link, "ORDERS", 0).await;
    assert_eq!(letters(&link).await.len(), 0);
}
