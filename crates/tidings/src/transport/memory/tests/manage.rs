//! Changing and deleting streams and consumers.

use super::*;
use crate::stream::{Retention, Storage};

#[tokio::test(start_paused = true)]
async fn a_pull_ends_with_its_consumer() {
    let memory = Memory::with_stream(stream()).await;
    let mut pull = memory.consume(durable("d")).await;
    let waiting = tokio::spawn(async move {
        let fault = next(&mut pull).await;
        (fault, pull.next().await.is_none())
    });
    tokio::task::yield_now().await;
    memory.delete_consumer("S", "d").await.unwrap();
    let (fault, ended) = waiting.await.unwrap();
    assert_eq!(code(fault), ApiError::CONSUMER_NOT_FOUND);
    assert!(ended);
    assert_eq!(memory.consumer("S", "d").await.unwrap(), None);
    let deleted = memory.delete_consumer("S", "d").await;
    assert_eq!(code(deleted), ApiError::CONSUMER_NOT_FOUND);

    // One of the same name is another consumer.
    let mut old = memory.consume(durable("d")).await;
    memory.delete_consumer("S", "d").await.unwrap();
    let mut new = memory.consume(durable("d")).await;
    memory.keep_all("s.a", 1..=1).await;
    assert_eq!(code(next(&mut old).await), ApiError::CONSUMER_NOT_FOUND);
    assert_eq!(text(&take(&mut new).await), "1");
}

#[tokio::test(start_paused = true)]
async fn a_pull_ends_with_its_stream() {
    let memory = Memory::with_stream(stream()).await;
    memory.keep_all("s.a", 1..=1).await;
    let mut pull = memory.consume(durable("d")).await;
    let mut replay = memory.replay("S", Vec::new(), DeliverFrom::New).unwrap();
    let waiting = tokio::spawn(async move {
        let fault = next(&mut replay).await;
        (fault, replay.next().await.is_none())
    });
    tokio::task::yield_now().await;
    memory.delete_stream("S").await.unwrap();
    let (fault, ended) = waiting.await.unwrap();
    assert_eq!(code(fault), ApiError::STREAM_NOT_FOUND);
    assert!(ended);
    assert_eq!(code(next(&mut pull).await), ApiError::STREAM_NOT_FOUND);
    assert!(pull.next().await.is_none());
    assert!(matches!(memory.keep(message("s.a", 1)).await, Err(Fault::NoResponders)));
    memory.create_stream(&StreamConfig::new("T", ["s.>"])).await.unwrap();
    assert_eq!(code(memory.delete_stream("S").await), ApiError::STREAM_NOT_FOUND);
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_changed() {
    let memory = Memory::with_stream(stream()).await;
    memory.keep_all("s.a", 1..=5).await;
    memory.keep_all("s.b", 6..=6).await;
    let smaller = StreamConfig { max_messages_per_subject: Some(2), ..stream() };
    memory.update_stream(&smaller).await.unwrap();
    assert_eq!(memory.stream_state("S").await.unwrap().messages, 3);
    memory.update_stream(&StreamConfig { max_messages: Some(1), ..stream() }).await.unwrap();
    assert_eq!(memory.stream_state("S").await.unwrap().first_sequence, 6);

    memory.update_stream(&StreamConfig::new("S", ["t"])).await.unwrap();
    assert_eq!(memory.keep(message("t", 7)).await.unwrap().sequence, 7);
    assert!(matches!(memory.keep(message("s.a", 7)).await, Err(Fault::NoResponders)));
    memory.create_stream(&StreamConfig::new("T", ["s.>"])).await.unwrap();
    assert_eq!(code(memory.update_stream(&stream()).await), 10_065);

    let wrong = [
        StreamConfig { storage: Storage::Memory, ..StreamConfig::new("S", ["t"]) },
        StreamConfig { retention: Retention::WorkQueue, ..StreamConfig::new("S", ["t"]) },
    ];
    for config in wrong {
        assert_eq!(code(memory.update_stream(&config).await), 10_052);
    }
    let missing = memory.update_stream(&StreamConfig::new("U", ["u"])).await;
    assert_eq!(code(missing), ApiError::STREAM_NOT_FOUND);
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_purged() {
    let memory = Memory::with_stream(stream()).await;
    memory.keep_all("s.a", 1..=3).await;
    memory.keep_all("s.b", 4..=5).await;
    let mut pull = memory.consume(durable("d")).await;
    let pending = take(&mut pull).await;
    let of = Subject::from("s.a".to_owned());
    assert_eq!(memory.purge_stream("S", Some(&of)).await.unwrap(), 3);
    let state = memory.consumer_state("S", "d").await.unwrap();
    assert_eq!((state.pending, state.ack_pending), (2, 0));
    settle(&pending, Settlement::Nak(None)).await;
    assert_eq!(text(&take(&mut pull).await), "4");
    assert_eq!(memory.purge_stream("S", None).await.unwrap(), 2);
    let state = memory.stream_state("S").await.unwrap();
    assert_eq!((state.messages, state.first_sequence, state.last_sequence), (0, 6, 5));
    silent(&mut pull, SECOND * 100).await;
    memory.keep_all("s.a", 6..=6).await;
    assert_eq!(text(&take(&mut pull).await), "6");

    let denied = StreamConfig { deny_purge: true, deny_delete: true, ..stream() };
    memory.update_stream(&denied).await.unwrap();
    assert_eq!(code(memory.purge_stream("S", None).await), 10_110);
    assert_eq!(code(memory.delete_message("S", 6).await), 10_057);
    assert_eq!(code(memory.update_stream(&stream()).await), 10_052, "denied is denied for good");
}

#[tokio::test(start_paused = true)]
async fn one_message_is_deleted() {
    let memory = Memory::with_stream(stream()).await;
    memory.keep_all("s.a", 1..=3).await;
    let mut pull = memory.consume(durable("d")).await;
    memory.delete_message("S", 2).await.unwrap();
    assert_eq!(code(memory.delete_message("S", 2).await), 10_043);
    assert_eq!(receipt(&take(&mut pull).await).pending, 1);
    assert_eq!(text(&take(&mut pull).await), "3");
}

#[tokio::test(start_paused = true)]
async fn a_consumer_is_changed() {
    let memory = Memory::with_stream(stream()).await;
    memory.keep_all("s.a", 1..=2).await;
    memory.keep_all("s.b", 3..=4).await;
    let config = ConsumerConfig { max_ack_pending: Some(1), ..durable("d") };
    let mut pull = memory.consume(config.clone()).await;
    take(&mut pull).await;
    silent(&mut pull, SECOND).await;
    let waiting = tokio::spawn(async move {
        let message = take(&mut pull).await;
        (pull, message)
    });
    tokio::task::yield_now().await;
    let config = ConsumerConfig { max_ack_pending: Some(2), filters: filters(&["s.b"]), ..config };
    memory.update_consumer("S", &config).await.unwrap();
    let (_pull, message) = waiting.await.unwrap();
    assert_eq!(text(&message), "3");
    assert_eq!(receipt(&message).pending, 1);

    let other = ConsumerConfig { from: DeliverFrom::New, ..config };
    assert_eq!(code(memory.update_consumer("S", &other).await), 10_012);
    assert_eq!(code(memory.update_consumer("S", &durable("e")).await), 10_149);
}

#[tokio::test(start_paused = true)]
async fn a_consumer_is_paused() {
    let memory = Memory::with_stream(stream()).await;
    let mut pull = memory.consume(durable("d")).await;
    memory.keep_all("s.a", 1..=3).await;
    settle(&take(&mut pull).await, Settlement::Nak(None)).await;
    let now = memory.now();
    memory.pause_consumer("S", "d", now + SECOND * 60).await.unwrap();
    let until = memory.consumer_state("S", "d").await.unwrap().paused_until;
    assert_eq!(until, Some(now + SECOND * 60));
    silent(&mut pull, SECOND * 59).await;
    let message = take(&mut pull).await;
    assert_eq!((text(&message), receipt(&message).attempt), ("1", 2));

    memory.pause_consumer("S", "d", now + SECOND * 1_000).await.unwrap();
    silent(&mut pull, SECOND).await;
    memory.pause_consumer("S", "d", SystemTime::UNIX_EPOCH).await.unwrap();
    assert_eq!(text(&take(&mut pull).await), "2");
    assert_eq!(memory.consumer_state("S", "d").await.unwrap().paused_until, None);
}

#[tokio::test(start_paused = true)]
async fn states_count() {
    let memory = Memory::with_stream(stream()).await;
    let state = memory.stream_state("S").await.unwrap();
    assert_eq!((state.first_sequence, state.last_sequence), (0, 0));
    memory.keep_all("s.a", 1..=3).await;
    memory.keep_all("s.b", 4..=4).await;
    let mut pull = memory.consume(durable("d")).await;
    let first = take(&mut pull).await;
    take(&mut pull).await;
    settle(&first, Settlement::Nak(None)).await;
    take(&mut pull).await;
    let state = memory.stream_state("S").await.unwrap();
    assert_eq!((state.messages, state.subjects, state.consumers), (4, 2, 1));
    let state = memory.consumer_state("S", "d").await.unwrap();
    assert_eq!((state.pending, state.ack_pending), (2, 2));
    assert_eq!((state.redelivered, state.delivered), (1, 3));
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there_is_deleted_as_the_storage_says() {
    for (storage, outside) in [(Storage::File, 10_057), (Storage::Memory, 10_043)] {
        let memory = Memory::with_stream(StreamConfig { storage, ..stream() }).await;
        assert_eq!(code(memory.delete_message("S", 1).await), outside, "{storage:?}, empty");
        memory.keep_all("s.a", 1..=4).await;
        memory.delete_message("S", 1).await.unwrap();
        memory.delete_message("S", 3).await.unwrap();
        for sequence in [0, 1, 5] {
            assert_eq!(code(memory.delete_message("S", sequence).await), outside, "{sequence}");
        }
        assert_eq!(code(memory.delete_message("S", 3).await), 10_043, "{storage:?}, a gap");
    }
}

#[tokio::test(start_paused = true)]
async fn limits_on_consumers_hold_for_those_there_are() {
    use crate::stream::ConsumerLimits;
    let memory = Memory::with_stream(stream()).await;
    let most = |max| ConsumerConfig { max_ack_pending: Some(max), ..durable("d") };
    memory.create_consumer("S", &most(5)).await.unwrap();
    let limited = |max_ack_pending| StreamConfig {
        consumer_limits: Some(ConsumerLimits { inactive_threshold: None, max_ack_pending }),
        ..stream()
    };
    assert_eq!(code(memory.update_stream(&limited(Some(4))).await), 10_069);
    memory.update_stream(&limited(Some(5))).await.unwrap();
    memory.update_stream(&limited(None)).await.unwrap();
    // A replay settles nothing, but has what a server gives it: the limit of its stream.
    memory.delete_consumer("S", "d").await.unwrap();
    let replay = memory.replay("S", Vec::new(), DeliverFrom::Beginning).unwrap();
    memory.update_stream(&limited(Some(1))).await.unwrap();
    let _limited = memory.replay("S", Vec::new(), DeliverFrom::Beginning).unwrap();
    drop(replay);
    memory.update_stream(&limited(Some(2))).await.unwrap();
    let _later = memory.replay("S", Vec::new(), DeliverFrom::Beginning).unwrap();
    assert_eq!(code(memory.update_stream(&limited(Some(1))).await), 10_069);
}

#[tokio::test(start_paused = true)]
async fn times_that_nats_does_not_know_are_refused() {
    let memory = Memory::with_stream(stream()).await;
    let old = StreamConfig { max_age: Some(Duration::MAX), ..stream() };
    assert!(matches!(memory.update_stream(&old).await, Err(Fault::Client(_))));
    let old = StreamConfig { name: "T".into(), ..old };
    assert!(matches!(memory.create_stream(&old).await, Err(Fault::Client(_))));
    let slow = ConsumerConfig { ack_wait: Duration::MAX, ..durable("d") };
    assert_eq!(code(memory.create_consumer("S", &slow).await), 10_183);
    let slow =
        ConsumerConfig { max_deliver: Some(2), backoff: vec![Duration::MAX], ..durable("d") };
    assert_eq!(code(memory.create_consumer("S", &slow).await), 10_184);
}

#[tokio::test(start_paused = true)]
async fn limits_that_are_lowered_together_act_in_a_servers_order() {
    let memory = Memory::with_stream(stream()).await;
    memory.keep_all("s.a", 1..=3).await;
    memory.keep_all("s.b", 4..=6).await;
    let lower =
        StreamConfig { max_messages: Some(4), max_messages_per_subject: Some(2), ..stream() };
    memory.update_stream(&lower).await.unwrap();
    // The two oldest go first, and then one more of the second subject.
    let state = memory.stream_state("S").await.unwrap();
    assert_eq!((state.messages, state.first_sequence), (3, 3));
}

#[tokio::test(start_paused = true)]
async fn a_change_of_something_else_keeps_what_interest_keeps() {
    let interest = StreamConfig { retention: Retention::Interest, ..stream() };
    let memory = Memory::with_stream(interest.clone()).await;
    let later = ConsumerConfig { from: DeliverFrom::Sequence(3), ..durable("d") };
    memory.create_consumer("S", &later).await.unwrap();
    memory.keep_all("s.a", 1..=4).await;
    let before = memory.stream_state("S").await.unwrap().messages;
    let described = StreamConfig { description: Some("all".into()), ..interest };
    memory.update_stream(&described).await.unwrap();
    assert_eq!((before, memory.stream_state("S").await.unwrap().messages), (4, 4));
}

#[tokio::test(start_paused = true)]
async fn a_shorter_window_counts_once_the_longer_one_is_over() {
    let window = |seconds| StreamConfig { duplicate_window: Some(SECOND * seconds), ..stream() };
    let memory = Memory::with_stream(window(100)).await;
    let twice = with(message("s.a", 1), &[("Nats-Msg-Id", "one")]);
    memory.keep(twice.clone()).await.unwrap();
    memory.update_stream(&window(1)).await.unwrap();
    tokio::time::advance(SECOND * 50).await;
    assert!(memory.keep(twice.clone()).await.unwrap().duplicate);
    tokio::time::advance(SECOND * 50).await;
    assert!(!memory.keep(twice.clone()).await.unwrap().duplicate);
    tokio::time::advance(SECOND).await;
    assert!(!memory.keep(twice).await.unwrap().duplicate);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_was_purged_has_a_first_sequence() {
    let memory = Memory::with_stream(stream()).await;
    let one = filters(&["s.a"]);
    for (filter, first) in [(Some(&one[0]), 0), (None, 1)] {
        memory.purge_stream("S", filter).await.unwrap();
        assert_eq!(memory.stream_state("S").await.unwrap().first_sequence, first);
    }
}

#[tokio::test(start_paused = true)]
async fn a_work_queue_says_first_that_a_replay_settles_nothing() {
    let queue = StreamConfig { retention: Retention::WorkQueue, ..stream() };
    let memory = Memory::with_stream(queue).await;
    let replay = memory.replay("S", Vec::new(), DeliverFrom::Sequence(0));
    assert_eq!(code(replay.map(drop)), 10_084);
}

#[tokio::test(start_paused = true)]
async fn a_subject_may_be_longer_than_an_events() {
    let memory = Memory::with_stream(stream()).await;
    let long = |bytes: usize| format!("s.{}.{}", "a".repeat(1000), "b".repeat(bytes - 1003));
    memory.keep(message(&long(2900), 1)).await.unwrap();
    for wrong in [long(4001), format!("{}.", long(2500)), format!("{} x", long(2500))] {
        assert!(matches!(memory.keep(message(&wrong, 1)).await, Err(Fault::Client(_))), "{wrong}");
    }
}
