//! Durable consumers: what they deliver, and how they share it.

use super::*;

async fn texts(pull: &mut MemoryPull, count: usize) -> Vec<String> {
    let mut texts = Vec::new();
    for _ in 0..count {
        let message = take(pull).await;
        texts.push(text(&message).to_owned());
        ack(&message).await;
    }
    texts
}

#[tokio::test(start_paused = true)]
async fn a_consumer_delivers_in_order_and_counts() {
    let memory = Memory::with_stream(stream()).await;
    memory.keep_all("s.a", 1..=3).await;
    let mut pull = memory.consume(durable("d")).await;
    for (sequence, pending) in [(1, 2), (2, 1), (3, 0)] {
        let message = take(&mut pull).await;
        assert!(message.reply.is_none());
        let receipt = receipt(&message);
        assert_eq!((receipt.sequence, receipt.attempt, receipt.pending), (sequence, 1, pending));
        ack(&message).await;
    }
    let state = memory.consumer_state("S", "d").await.unwrap();
    assert_eq!((state.pending, state.ack_pending, state.delivered), (0, 0, 3));
    silent(&mut pull, SECOND * 100).await;
    memory.keep_all("s.a", 4..=4).await;
    assert_eq!(texts(&mut pull, 1).await, ["4"]);
}

#[tokio::test(start_paused = true)]
async fn a_waiting_pull_is_woken() {
    let memory = Memory::with_stream(stream()).await;
    let mut pull = memory.consume(durable("d")).await;
    let waiting = tokio::spawn(async move { text(&take(&mut pull).await).to_owned() });
    tokio::task::yield_now().await;
    memory.tell("s.a", "hello").await;
    assert_eq!(waiting.await.unwrap(), "hello");
}

#[tokio::test(start_paused = true)]
async fn a_consumer_starts_where_it_is_told() {
    let memory = Memory::with_stream(stream()).await;
    memory.keep_all("s.a", 1..=2).await;
    tokio::time::advance(SECOND).await;
    let at = memory.now();
    memory.keep_all("s.b", 3..=4).await;
    let from = |from| {
        let config = ConsumerConfig { from, filters: filters(&["s.>"]), ..durable(&name_of(from)) };
        let memory = memory.clone();
        async move {
            let mut pull = memory.consume(config).await;
            let mut texts = Vec::new();
            while let Ok(message) = timeout(Duration::ZERO, pull.next()).await {
                texts.push(text(&message.unwrap().unwrap()).to_owned());
            }
            texts.join(" ")
        }
    };
    assert_eq!(from(DeliverFrom::Beginning).await, "1 2 3 4");
    assert_eq!(from(DeliverFrom::Sequence(3)).await, "3 4");
    assert_eq!(from(DeliverFrom::Sequence(9)).await, "");
    assert_eq!(from(DeliverFrom::Time(at)).await, "3 4");
    assert_eq!(from(DeliverFrom::Time(at + SECOND)).await, "");
    assert_eq!(from(DeliverFrom::Time(std::time::UNIX_EPOCH)).await, "1 2 3 4");
    assert_eq!(from(DeliverFrom::LastPerSubject).await, "2 4");
    assert_eq!(from(DeliverFrom::New).await, "");
    assert_eq!(
        code(
            memory
                .create_consumer(
                    "S",
                    &ConsumerConfig { from: DeliverFrom::Sequence(0), ..durable("zero") }
                )
                .await
        ),
        10_094
    );

    let unfiltered = ConsumerConfig { from: DeliverFrom::LastPerSubject, ..durable("last") };
    assert_eq!(code(memory.create_consumer("S", &unfiltered).await), 10_094);

    // Each goes on with what is stored from then on; one waits for its sequence.
    memory.keep_all("s.c", 5..=10).await;
    for (start, expected) in [
        (DeliverFrom::LastPerSubject, "5"),
        (DeliverFrom::New, "5"),
        (DeliverFrom::Sequence(9), "9"),
    ] {
        let mut pull = memory.pull("S", &name_of(start), 1).unwrap();
        assert_eq!(text(&take(&mut pull).await), expected, "{start:?}");
    }
}

/// A name for each start.
fn name_of(from: DeliverFrom) -> String {
    format!("{from:?}").chars().filter(char::is_ascii_alphanumeric).collect()
}

#[tokio::test(start_paused = true)]
async fn the_last_of_each_subject_leaves_out_what_goes_meanwhile() {
    let memory = Memory::with_stream(stream()).await;
    for (subject, payload) in [("s.a", 1), ("s.b", 2), ("s.a", 3), ("s.c", 4)] {
        memory.keep(message(subject, payload)).await.unwrap();
    }
    let config = ConsumerConfig {
        from: DeliverFrom::LastPerSubject,
        filters: filters(&["s.a", "s.b"]),
        ..durable("d")
    };
    let mut pull = memory.consume(config).await;
    assert_eq!(memory.consumer_state("S", "d").await.unwrap().pending, 2);
    memory.delete_message("S", 3).await.unwrap();
    memory.keep_all("s.a", 5..=5).await;
    assert_eq!(memory.consumer_state("S", "d").await.unwrap().pending, 2);
    assert_eq!(texts(&mut pull, 2).await, ["2", "5"]);
    silent(&mut pull, SECOND).await;
}

#[tokio::test(start_paused = true)]
async fn several_filters_are_one_flow_in_order() {
    let memory = Memory::with_stream(stream()).await;
    let config = ConsumerConfig { filters: filters(&["s.a.*", "s.*.x"]), ..durable("d") };
    let mut pull = memory.consume(config).await;
    for (subject, payload) in [("s.a.x", 1), ("s.b.x", 2), ("s.b.y", 3), ("s.a.y", 4), ("s.a", 5)] {
        memory.keep(message(subject, payload)).await.unwrap();
    }
    let state = memory.consumer_state("S", "d").await.unwrap();
    assert_eq!(state.pending, 3, "one that both filters match counts once");
    assert_eq!(texts(&mut pull, 3).await, ["1", "2", "4"]);
    silent(&mut pull, SECOND).await;

    for overlapping in [["s.>", "s.a"], ["s.a", "s.a"]] {
        let config = ConsumerConfig { filters: filters(&overlapping), ..durable("e") };
        assert_eq!(code(memory.create_consumer("S", &config).await), 10_138);
    }
    let config = ConsumerConfig { filters: filters(&["s..a"]), ..durable("e") };
    assert_eq!(code(memory.create_consumer("S", &config).await), 10_052);
}

#[tokio::test(start_paused = true)]
async fn the_same_consumer_again_is_no_fault() {
    let memory = Memory::with_stream(stream()).await;
    memory.create_consumer("S", &durable("d")).await.unwrap();
    memory.create_consumer("S", &durable("d")).await.unwrap();
    let other = ConsumerConfig { max_deliver: Some(3), ..durable("d") };
    assert_eq!(code(memory.create_consumer("S", &other).await), ApiError::CONSUMER_EXISTS);
    assert_eq!(memory.consumer("S", "d").await.unwrap(), Some(durable("d")));
    assert_eq!(memory.consumer("S", "e").await.unwrap(), None);
    assert_eq!(memory.consumer("T", "d").await.unwrap(), None);
    let zero = ConsumerConfig { ack_wait: Duration::ZERO, ..durable("z") };
    memory.create_consumer("S", &zero).await.unwrap();
    let back = memory.consumer("S", "z").await.unwrap().unwrap();
    assert_eq!(back.ack_wait, Duration::from_secs(30));
}

#[tokio::test(start_paused = true)]
async fn what_is_missing_is_said() {
    let memory = Memory::with_stream(stream()).await;
    assert_eq!(code(memory.pull("S", "d", 1)), ApiError::CONSUMER_NOT_FOUND);
    assert_eq!(code(memory.pull("T", "d", 1)), ApiError::STREAM_NOT_FOUND);
    assert_eq!(code(memory.replay("T", Vec::new(), DeliverFrom::New)), ApiError::STREAM_NOT_FOUND);
    let created = memory.create_consumer("T", &durable("d")).await;
    assert_eq!(code(created), ApiError::STREAM_NOT_FOUND);
    let named = memory.create_consumer("S", &durable("a.b")).await;
    assert_eq!(code(named), 10_052);
}

#[tokio::test(start_paused = true)]
async fn pulls_share_the_work() {
    let memory = Memory::with_stream(stream()).await;
    let mut a = memory.consume(durable("d")).await;
    let mut b = memory.pull("S", "d", 1).unwrap();
    memory.keep_all("s.a", 1..=4).await;
    assert_eq!(texts(&mut a, 1).await, ["1"]);
    assert_eq!(texts(&mut b, 2).await, ["2", "3"]);
    assert_eq!(texts(&mut a, 1).await, ["4"]);

    // Both wait; the one that is dropped takes nothing with it.
    silent(&mut a, Duration::from_millis(1)).await;
    silent(&mut b, Duration::from_millis(1)).await;
    let waiting = tokio::spawn(async move { texts(&mut b, 1).await });
    tokio::task::yield_now().await;
    memory.keep_all("s.a", 5..=5).await;
    drop(a);
    assert_eq!(waiting.await.unwrap(), ["5"]);
}

#[tokio::test(start_paused = true)]
async fn a_pull_takes_nothing_before_it_is_asked() {
    let memory = Memory::with_stream(stream()).await;
    memory.keep_all("s.a", 1..=10).await;
    let config = ConsumerConfig { ack_wait: SECOND * 5, ..durable("d") };
    memory.create_consumer("S", &config).await.unwrap();
    let mut pull = memory.pull("S", "d", 100).unwrap();
    take(&mut pull).await;
    tokio::time::advance(SECOND * 4).await;
    let state = memory.consumer_state("S", "d").await.unwrap();
    assert_eq!((state.ack_pending, state.pending), (1, 9));
}

#[tokio::test(start_paused = true)]
async fn max_ack_pending_is_a_cap() {
    let memory = Memory::with_stream(stream()).await;
    let config = ConsumerConfig { max_ack_pending: Some(3), ..durable("d") };
    let mut pull = memory.consume(config).await;
    memory.keep_all("s.a", 1..=10).await;
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(take(&mut pull).await);
    }
    silent(&mut pull, SECOND).await;
    // What frees a place wakes a pull that waits for one.
    let waiting = tokio::spawn(async move {
        let message = take(&mut pull).await;
        (pull, message)
    });
    tokio::task::yield_now().await;
    ack(&held[1]).await;
    let (mut pull, message) = waiting.await.unwrap();
    assert_eq!(text(&message), "4");
    silent(&mut pull, SECOND).await;

    // A redelivery is pending already: it comes in spite of the cap.
    settle(&held[0], Settlement::Nak(None)).await;
    let again = take(&mut pull).await;
    assert_eq!((text(&again), receipt(&again).attempt), ("1", 2));
    silent(&mut pull, SECOND).await;
    settle(&held[2], Settlement::Term("no use".to_owned())).await;
    assert_eq!(text(&take(&mut pull).await), "5");
}

#[tokio::test(start_paused = true)]
async fn a_stream_limits_its_consumers() {
    let limits = crate::stream::ConsumerLimits { max_ack_pending: Some(10), ..Default::default() };
    let config = StreamConfig { max_consumers: Some(2), consumer_limits: Some(limits), ..stream() };
    let memory = Memory::with_stream(config).await;
    let many = ConsumerConfig { max_ack_pending: Some(11), ..durable("a") };
    assert_eq!(code(memory.create_consumer("S", &many).await), 10_121);
    memory.create_consumer("S", &durable("a")).await.unwrap();
    let replay = memory.replay("S", Vec::new(), DeliverFrom::New).unwrap();
    assert_eq!(code(memory.create_consumer("S", &durable("b")).await), 10_026);
    drop(replay);
    memory.create_consumer("S", &durable("b")).await.unwrap();
}
