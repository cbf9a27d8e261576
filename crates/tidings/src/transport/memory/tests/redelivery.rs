//! Settling: acks, redeliveries, and messages that are given up.

use serde_json::{Value, json};

use super::*;
use crate::transport::memory::MemoryInbox;

const ADVISORIES: &str = "$JS.EVENT.ADVISORY.CONSUMER";

/// An advisory without what differs each time.
async fn advisory(inbox: &mut MemoryInbox) -> (String, Value) {
    let message = next(inbox).await;
    let mut advisory: Value = serde_json::from_slice(&message.payload).unwrap();
    let fields = advisory.as_object_mut().unwrap();
    assert!(fields.remove("id").is_some());
    let time = fields.remove("timestamp").unwrap();
    assert!(crate::timestamp::read(time.as_str().unwrap()).is_some());
    (message.subject.as_str().to_owned(), advisory)
}

fn advisories(memory: &Memory, kind: &str) -> MemoryInbox {
    memory.subscribe(format!("{ADVISORIES}.{kind}.>").into(), None).unwrap()
}

#[tokio::test(start_paused = true)]
async fn what_nobody_settles_comes_again() {
    let memory = Memory::with_stream(stream()).await;
    let config = ConsumerConfig { ack_wait: SECOND * 5, ..durable("d") };
    let mut pull = memory.consume(config).await;
    memory.keep_all("s.a", 1..=1).await;
    for attempt in 1..=4 {
        let start = Instant::now();
        let message = timeout(SECOND * 60, pull.next()).await.unwrap().unwrap().unwrap();
        assert_eq!(receipt(&message).attempt, attempt);
        let waited = if attempt == 1 { 0 } else { 5 };
        assert_eq!(start.elapsed().as_secs(), waited);
        if attempt == 4 {
            ack(&message).await;
        }
    }
    silent(&mut pull, SECOND * 100).await;
}

#[tokio::test(start_paused = true)]
async fn late_messages_come_in_their_order() {
    let memory = Memory::with_stream(stream()).await;
    let config = ConsumerConfig { ack_wait: SECOND * 5, ..durable("d") };
    let mut pull = memory.consume(config).await;
    memory.keep_all("s.a", 1..=6).await;
    let mut held = Vec::new();
    for _ in 0..4 {
        held.push(take(&mut pull).await);
    }
    ack(&held[1]).await;
    // Progress in another order changes nothing about the order of those that are late together.
    for i in [3, 0, 2] {
        settle(&held[i], Settlement::Progress).await;
    }
    tokio::time::advance(SECOND * 5).await;
    let mut order = Vec::new();
    for _ in 0..5 {
        let message = take(&mut pull).await;
        order.push((receipt(&message).sequence, receipt(&message).attempt));
    }
    assert_eq!(order, [(1, 2), (3, 2), (4, 2), (5, 1), (6, 1)], "before anything new");
}

#[tokio::test(start_paused = true)]
async fn a_dropped_pull_leaves_its_messages_to_the_next() {
    let memory = Memory::with_stream(stream()).await;
    let mut pull = memory.consume(durable("d")).await;
    memory.keep_all("s.a", 1..=2).await;
    let unsettled = take(&mut pull).await;
    drop((pull, unsettled));
    let mut pull = memory.pull("S", "d", 1).unwrap();
    let second = take(&mut pull).await;
    assert_eq!(text(&second), "2");
    ack(&second).await;
    silent(&mut pull, SECOND * 29).await;
    let again = take(&mut pull).await;
    assert_eq!((text(&again), receipt(&again).attempt), ("1", 2));
}

#[tokio::test(start_paused = true)]
async fn a_nak_brings_it_back() {
    let memory = Memory::with_stream(stream()).await;
    let mut pull = memory.consume(durable("d")).await;
    let mut inbox = advisories(&memory, "MSG_NAKED");
    memory.keep_all("s.a", 1..=2).await;
    let first = take(&mut pull).await;
    settle(&first, Settlement::Nak(None)).await;
    let again = take(&mut pull).await;
    assert_eq!((text(&again), receipt(&again).attempt), ("1", 2), "at once, before the new one");
    assert_eq!(
        advisory(&mut inbox).await,
        (
            format!("{ADVISORIES}.MSG_NAKED.S.d"),
            json!({
                "type": "io.nats.jetstream.advisory.v1.nak",
                "stream": "S", "consumer": "d",
                "consumer_seq": 1, "stream_seq": 1, "deliveries": 1,
            }),
        )
    );

    settle(&again, Settlement::Nak(Some(SECOND * 10))).await;
    assert_eq!(text(&take(&mut pull).await), "2");
    silent(&mut pull, SECOND * 9).await;
    let third = take(&mut pull).await;
    assert_eq!((text(&third), receipt(&third).attempt), ("1", 3));

    // A delay takes it out of the queue again.
    settle(&third, Settlement::Nak(None)).await;
    settle(&third, Settlement::Nak(Some(SECOND * 10))).await;
    silent(&mut pull, SECOND * 9).await;
    assert_eq!(receipt(&take(&mut pull).await).attempt, 4);
}

#[tokio::test(start_paused = true)]
async fn progress_starts_the_wait_anew() {
    let memory = Memory::with_stream(stream()).await;
    let config = ConsumerConfig { ack_wait: SECOND * 5, ..durable("d") };
    let mut pull = memory.consume(config).await;
    memory.keep_all("s.a", 1..=1).await;
    let message = take(&mut pull).await;
    for _ in 0..5 {
        silent(&mut pull, SECOND * 4).await;
        settle(&message, Settlement::Progress).await;
    }
    silent(&mut pull, Duration::from_millis(4_990)).await;
    assert_eq!(receipt(&take(&mut pull).await).attempt, 2);
}

/// Compares with what a nats-server does with these, to the tenth of a second.
#[tokio::test(start_paused = true)]
async fn each_delivery_waits_as_its_backoff_says() {
    let memory = Memory::with_stream(stream()).await;
    let backoff = vec![SECOND, SECOND * 2, SECOND * 4];
    let config = ConsumerConfig { backoff, ack_wait: SECOND * 30, ..durable("d") };
    let mut pull = memory.consume(config).await;
    let found = memory.consumer("S", "d").await.unwrap().unwrap();
    assert_eq!(found.ack_wait, SECOND, "a server makes it the first of the backoff");
    memory.keep_all("s.a", 1..=1).await;
    let mut message = take(&mut pull).await;
    assert_eq!(receipt(&message).attempt, 1);
    for (attempt, waited) in [(2, 1), (3, 2), (4, 4), (5, 4)] {
        let start = Instant::now();
        message = timeout(SECOND * 60, pull.next()).await.unwrap().unwrap().unwrap();
        assert_eq!(receipt(&message).attempt, attempt);
        assert_eq!(start.elapsed().as_secs(), waited);
    }

    // A nak says itself when; then the wait goes by the number of deliveries.
    for (delay, waited) in [(None, 0), (Some(SECOND), 1)] {
        let start = Instant::now();
        settle(&message, Settlement::Nak(delay)).await;
        take(&mut pull).await;
        assert_eq!(start.elapsed().as_secs(), waited);
        silent(&mut pull, Duration::from_millis(3_900)).await;
        message = take(&mut pull).await;
    }

    // Progress starts the wait of this delivery anew.
    silent(&mut pull, SECOND * 3).await;
    settle(&message, Settlement::Progress).await;
    silent(&mut pull, Duration::from_millis(3_900)).await;
    ack(&take(&mut pull).await).await;
}

#[tokio::test(start_paused = true)]
async fn progress_on_the_first_delivery_starts_the_first_wait() {
    let memory = Memory::with_stream(stream()).await;
    let backoff = vec![SECOND * 2, SECOND * 20];
    let mut pull = memory.consume(ConsumerConfig { backoff, ..durable("d") }).await;
    memory.keep_all("s.a", 1..=1).await;
    let message = take(&mut pull).await;
    silent(&mut pull, SECOND).await;
    settle(&message, Settlement::Progress).await;
    silent(&mut pull, Duration::from_millis(1_900)).await;
    assert_eq!(receipt(&take(&mut pull).await).attempt, 2);
}

#[tokio::test(start_paused = true)]
async fn a_backoff_is_no_longer_than_the_deliveries() {
    let memory = Memory::with_stream(stream()).await;
    let backoff = vec![SECOND; 3];
    let with = |limit| ConsumerConfig {
        backoff: backoff.clone(),
        max_deliver: limit,
        ..durable(&format!("d{}", limit.unwrap_or(0)))
    };
    assert_eq!(code(memory.create_consumer("S", &with(Some(2))).await), 10_116);
    memory.create_consumer("S", &with(Some(3))).await.unwrap();
    memory.create_consumer("S", &with(None)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn settling_twice_is_harmless() {
    let memory = Memory::with_stream(stream()).await;
    let mut pull = memory.consume(durable("d")).await;
    memory.keep_all("s.a", 1..=3).await;
    let message = take(&mut pull).await;
    ack(&message).await;
    for after in [
        Settlement::Ack,
        Settlement::Nak(None),
        Settlement::Nak(Some(SECOND)),
        Settlement::Progress,
        Settlement::Term("late".to_owned()),
    ] {
        settle(&message, after).await;
    }
    assert_eq!(text(&take(&mut pull).await), "2");
    assert_eq!(memory.consumer_state("S", "d").await.unwrap().ack_pending, 1);

    // Two naks bring it back once.
    let third = take(&mut pull).await;
    settle(&third, Settlement::Nak(None)).await;
    settle(&third, Settlement::Nak(None)).await;
    assert_eq!(receipt(&take(&mut pull).await).attempt, 2);
    silent(&mut pull, SECOND).await;
    // An ack of the first delivery is an ack of the message.
    ack(&third).await;
    silent(&mut pull, SECOND * 28).await;
    let second = take(&mut pull).await;
    assert_eq!(text(&second), "2", "only the one that nobody settled");
}

#[tokio::test(start_paused = true)]
async fn a_settlement_for_what_is_gone_is_harmless() {
    let memory = Memory::with_stream(stream()).await;
    let mut pull = memory.consume(durable("d")).await;
    memory.keep_all("s.a", 1..=1).await;
    let message = take(&mut pull).await;
    memory.delete_consumer("S", "d").await.unwrap();
    ack(&message).await;
    memory.delete_stream("S").await.unwrap();
    ack(&message).await;
}

#[tokio::test(start_paused = true)]
async fn a_terminated_message_never_comes_again() {
    let memory = Memory::with_stream(stream()).await;
    let mut inbox = advisories(&memory, "MSG_TERMINATED");
    let mut pull = memory.consume(durable("d")).await;
    memory.keep_all("s.a", 1..=1).await;
    settle(&take(&mut pull).await, Settlement::Nak(None)).await;
    settle(&take(&mut pull).await, Settlement::Term("no use".to_owned())).await;
    silent(&mut pull, SECOND * 100).await;
    assert_eq!(
        advisory(&mut inbox).await,
        (
            format!("{ADVISORIES}.MSG_TERMINATED.S.d"),
            json!({
                "type": "io.nats.jetstream.advisory.v1.terminated",
                "stream": "S", "consumer": "d", "reason": "no use",
                "consumer_seq": 1, "stream_seq": 1, "deliveries": 2,
            }),
        )
    );
    silent(&mut inbox, SECOND).await;
}

#[tokio::test(start_paused = true)]
async fn a_message_is_given_up_after_its_last_delivery() {
    let memory = Memory::with_stream(stream()).await;
    let mut inbox = advisories(&memory, "MAX_DELIVERIES");
    let config = ConsumerConfig { ack_wait: SECOND * 5, max_deliver: Some(2), ..durable("d") };
    let mut pull = memory.consume(config).await;
    memory.keep_all("s.a", 1..=1).await;
    take(&mut pull).await;
    tokio::time::advance(SECOND * 5).await;
    let last = take(&mut pull).await;
    assert_eq!(receipt(&last).attempt, 2);
    silent(&mut inbox, Duration::from_millis(4_900)).await;
    // Nobody pulls any more, and still it is said when the time comes.
    drop(pull);
    assert_eq!(
        advisory(&mut inbox).await,
        (
            format!("{ADVISORIES}.MAX_DELIVERIES.S.d"),
            json!({
                "type": "io.nats.jetstream.advisory.v1.max_deliver",
                "stream": "S", "consumer": "d", "stream_seq": 1, "deliveries": 2,
            }),
        )
    );
    let mut pull = memory.pull("S", "d", 1).unwrap();
    silent(&mut pull, SECOND * 100).await;
    silent(&mut inbox, SECOND).await;
    let state = memory.consumer_state("S", "d").await.unwrap();
    assert_eq!((state.ack_pending, state.pending), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_nak_of_the_last_delivery_gives_it_up() {
    let memory = Memory::with_stream(stream()).await;
    let mut inbox = advisories(&memory, "MAX_DELIVERIES");
    let config = ConsumerConfig { max_deliver: Some(1), ..durable("d") };
    let mut pull = memory.consume(config).await;
    memory.keep_all("s.a", 1..=1).await;
    settle(&take(&mut pull).await, Settlement::Nak(None)).await;
    silent(&mut pull, SECOND * 100).await;
    assert_eq!(advisory(&mut inbox).await.1["deliveries"], 1);
    silent(&mut inbox, SECOND).await;
}

#[tokio::test(start_paused = true)]
async fn advisories_can_be_kept_in_a_stream() {
    let memory = Memory::with_stream(stream()).await;
    let advisories = format!("{ADVISORIES}.MAX_DELIVERIES.S.d");
    let advisories = StreamConfig::new("A", ["a".to_owned(), advisories]);
    memory.create_stream(&advisories).await.unwrap();
    let config = ConsumerConfig { ack_wait: SECOND, max_deliver: Some(1), ..durable("d") };
    let mut pull = memory.consume(config).await;
    memory.keep_all("s.a", 1..=1).await;
    take(&mut pull).await;
    tokio::time::sleep(SECOND * 2).await;
    assert_eq!(memory.stream_state("A").await.unwrap().messages, 1);
}

#[tokio::test(start_paused = true)]
async fn a_message_that_left_the_stream_does_not_come_again() {
    let memory = Memory::with_stream(StreamConfig { max_messages: Some(2), ..stream() }).await;
    let mut inbox = advisories(&memory, "MSG_TERMINATED");
    let mut pull = memory.consume(durable("d")).await;
    memory.keep_all("s.a", 1..=2).await;
    let first = take(&mut pull).await;
    settle(&first, Settlement::Nak(None)).await;
    memory.keep_all("s.a", 3..=3).await;
    assert_eq!(text(&take(&mut pull).await), "2");
    assert_eq!(text(&take(&mut pull).await), "3");
    let (_, advisory) = advisory(&mut inbox).await;
    assert_eq!(advisory["reason"], "Unacknowledged message was deleted");
    assert_eq!(advisory["stream_seq"], 1);
    assert_eq!(memory.consumer_state("S", "d").await.unwrap().ack_pending, 2);
}
