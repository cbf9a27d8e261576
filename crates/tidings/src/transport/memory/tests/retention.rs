//! Streams that keep messages for their consumers only.

use super::*;
use crate::stream::Retention;

fn work_queue() -> StreamConfig {
    StreamConfig { retention: Retention::WorkQueue, ..stream() }
}

fn interest() -> StreamConfig {
    StreamConfig { retention: Retention::Interest, ..stream() }
}

async fn count(memory: &Memory) -> u64 {
    memory.stream_state("S").await.unwrap().messages
}

fn of(name: &str, of: &[&str]) -> ConsumerConfig {
    ConsumerConfig { filters: filters(of), ..durable(name) }
}

#[tokio::test(start_paused = true)]
async fn work_is_kept_until_it_is_done() {
    let memory = Memory::with_stream(work_queue()).await;
    memory.keep_all("s.a", 1..=3).await;
    assert_eq!(count(&memory).await, 3, "also while nobody works");
    let mut pull = memory.consume(durable("d")).await;
    let first = take(&mut pull).await;
    assert_eq!(count(&memory).await, 3);
    ack(&first).await;
    assert_eq!(count(&memory).await, 2);
    settle(&take(&mut pull).await, Settlement::Term(String::new())).await;
    assert_eq!(count(&memory).await, 1);
    settle(&take(&mut pull).await, Settlement::Nak(None)).await;
    assert_eq!(count(&memory).await, 1);
    ack(&take(&mut pull).await).await;
    let state = memory.stream_state("S").await.unwrap();
    assert_eq!((state.messages, state.bytes, state.first_sequence), (0, 0, 4));
}

#[tokio::test(start_paused = true)]
async fn work_is_for_one_consumer() {
    let memory = Memory::with_stream(work_queue()).await;
    memory.create_consumer("S", &of("a", &["s.a.>"])).await.unwrap();
    assert_eq!(code(memory.create_consumer("S", &durable("all")).await), 10_099);
    for overlapping in ["s.a.b", "s.*.b", "s.>"] {
        let created = memory.create_consumer("S", &of("b", &["s.x", overlapping])).await;
        // `s.>` holds `s.x` too, which is refused for itself.
        let expected = if overlapping == "s.>" { 10_138 } else { 10_100 };
        assert_eq!(code(created), expected, "{overlapping}");
    }
    memory.create_consumer("S", &of("b", &["s.b.>", "s.c"])).await.unwrap();
    let late = ConsumerConfig { from: DeliverFrom::New, ..of("c", &["s.d"]) };
    assert_eq!(code(memory.create_consumer("S", &late).await), 10_101);
    let replay = memory.replay("S", Vec::new(), DeliverFrom::Beginning);
    assert_eq!(code(replay), 10_084);

    let memory = Memory::with_stream(work_queue()).await;
    memory.create_consumer("S", &durable("all")).await.unwrap();
    assert_eq!(code(memory.create_consumer("S", &of("b", &["s.b"])).await), 10_100);
    let wider = of("all", &["s.>"]);
    memory.update_consumer("S", &wider).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn work_that_was_given_up_stays() {
    let memory = Memory::with_stream(work_queue()).await;
    let config = ConsumerConfig { max_deliver: Some(1), ack_wait: SECOND, ..durable("d") };
    let mut pull = memory.consume(config).await;
    memory.keep_all("s.a", 1..=1).await;
    let message = take(&mut pull).await;
    silent(&mut pull, SECOND * 10).await;
    assert_eq!(count(&memory).await, 1);
    // Until it is acknowledged after all.
    ack(&message).await;
    assert_eq!(count(&memory).await, 0);
}

#[tokio::test(start_paused = true)]
async fn without_interest_nothing_is_kept() {
    let memory = Memory::with_stream(interest()).await;
    let ack = memory.keep(with(message("s.a", 1), &[("Nats-Msg-Id", "x")])).await.unwrap();
    assert_eq!(ack.sequence, 1);
    let state = memory.stream_state("S").await.unwrap();
    assert_eq!((state.messages, state.last_sequence), (0, 1));
    let again = memory.keep(with(message("s.a", 1), &[("Nats-Msg-Id", "x")])).await.unwrap();
    assert!(again.duplicate);

    memory.create_consumer("S", &of("b", &["s.b"])).await.unwrap();
    memory.keep(message("s.a", 2)).await.unwrap();
    memory.keep(message("s.b", 3)).await.unwrap();
    let mut pull = memory.pull("S", "b", 1).unwrap();
    assert_eq!(receipt(&take(&mut pull).await).sequence, 3);
    assert_eq!(count(&memory).await, 1);
}

#[tokio::test(start_paused = true)]
async fn everybody_who_is_interested_must_be_done() {
    let memory = Memory::with_stream(interest()).await;
    let mut a = memory.consume(durable("a")).await;
    let mut b = memory.consume(of("b", &["s.b"])).await;
    memory.keep(message("s.a", 1)).await.unwrap();
    memory.keep(message("s.b", 2)).await.unwrap();
    ack(&take(&mut a).await).await;
    assert_eq!(count(&memory).await, 1, "b does not want the first");
    ack(&take(&mut a).await).await;
    assert_eq!(count(&memory).await, 1, "b wants the second");
    ack(&take(&mut b).await).await;
    assert_eq!(count(&memory).await, 0);

    // One that starts later does not want what came before.
    memory.keep(message("s.b", 3)).await.unwrap();
    memory
        .create_consumer("S", &ConsumerConfig { from: DeliverFrom::New, ..durable("c") })
        .await
        .unwrap();
    ack(&take(&mut a).await).await;
    ack(&take(&mut b).await).await;
    assert_eq!(count(&memory).await, 0);
}

#[tokio::test(start_paused = true)]
async fn interest_ends_with_the_consumer() {
    let memory = Memory::with_stream(interest()).await;
    let mut a = memory.consume(durable("a")).await;
    memory.create_consumer("S", &of("b", &["s.b"])).await.unwrap();
    memory.keep(message("s.b", 1)).await.unwrap();
    memory.keep(message("s.b", 2)).await.unwrap();
    ack(&take(&mut a).await).await;
    assert_eq!(count(&memory).await, 2);
    memory.delete_consumer("S", "b").await.unwrap();
    assert_eq!(count(&memory).await, 1);
    memory.delete_consumer("S", "a").await.unwrap();
    assert_eq!(count(&memory).await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_replay_is_interest_while_it_lasts() {
    let memory = Memory::with_stream(interest()).await;
    let mut replay = memory.replay("S", Vec::new(), DeliverFrom::New).unwrap();
    memory.keep_all("s.a", 1..=2).await;
    assert_eq!(count(&memory).await, 2);
    assert_eq!(text(&take(&mut replay).await), "1");
    assert_eq!(count(&memory).await, 1, "delivered is done");
    drop(replay);
    assert_eq!(count(&memory).await, 0);
}
