//! A stream's limits, lifetimes and roll-ups.

use super::*;
use crate::stream::{Discard, Storage};

/// The payloads that a stream holds, in order.
async fn held(memory: &Memory) -> Vec<String> {
    let count = memory.stream_state("S").await.unwrap().messages;
    let mut replay = memory.replay("S", Vec::new(), DeliverFrom::Beginning).unwrap();
    let mut held = Vec::new();
    for _ in 0..count {
        held.push(text(&take(&mut replay).await).to_owned());
    }
    silent(&mut replay, Duration::from_millis(1)).await;
    held
}

#[tokio::test(start_paused = true)]
async fn the_oldest_goes() {
    let memory = Memory::with_stream(StreamConfig { max_messages: Some(3), ..stream() }).await;
    memory.keep_all("s.a", 1..=5).await;
    assert_eq!(held(&memory).await, ["3", "4", "5"]);
    let state = memory.stream_state("S").await.unwrap();
    assert_eq!((state.first_sequence, state.last_sequence), (3, 5));
}

#[tokio::test(start_paused = true)]
async fn bytes_are_counted_as_the_server_counts_them() {
    let config = StreamConfig { storage: Storage::Memory, ..stream() };
    let memory = Memory::with_stream(config).await;
    memory.keep(message("s.a", "12345")).await.unwrap();
    assert_eq!(memory.stream_state("S").await.unwrap().bytes, 3 + 5 + 16);
    memory.keep(with(message("s.a", ""), &[("k", "v")])).await.unwrap();
    let headers = "NATS/1.0\r\nk: v\r\n\r\n".len() as u64;
    assert_eq!(memory.stream_state("S").await.unwrap().bytes, 24 + 3 + headers + 16);

    memory.create_stream(&StreamConfig::new("T", ["t"])).await.unwrap();
    memory.keep(message("t", "12345")).await.unwrap();
    memory.keep(with(message("t", ""), &[("k", "v")])).await.unwrap();
    let bytes = memory.stream_state("T").await.unwrap().bytes;
    assert_eq!(bytes, (1 + 5 + 30) + (1 + headers + 34));
}

#[tokio::test(start_paused = true)]
async fn the_oldest_goes_where_bytes_are_limited() {
    let config = StreamConfig { max_bytes: Some(110), storage: Storage::Memory, ..stream() };
    let memory = Memory::with_stream(config).await;
    // 20 bytes each.
    memory.keep_all("s.a", 1..=7).await;
    assert_eq!(held(&memory).await, ["3", "4", "5", "6", "7"]);
}

#[tokio::test(start_paused = true)]
async fn new_ones_are_refused() {
    let full = |config: StreamConfig| StreamConfig { discard: Discard::New, ..config };
    let memory =
        Memory::with_stream(full(StreamConfig { max_messages: Some(2), ..stream() })).await;
    memory.keep_all("s.a", 1..=2).await;
    let refused = memory.keep(with(message("s.a", 3), &[("Nats-Msg-Id", "x")])).await;
    assert_eq!(code(refused), 10_077);
    let refused = memory.keep(with(message("s.a", 3), &[("Nats-Msg-Id", "x")])).await;
    assert_eq!(description(refused), "maximum messages exceeded");
    memory.delete_message("S", 1).await.unwrap();
    let ack = memory.keep(with(message("s.a", 3), &[("Nats-Msg-Id", "x")])).await.unwrap();
    assert_eq!((ack.sequence, ack.duplicate), (3, false));

    let bytes = StreamConfig { max_bytes: Some(45), storage: Storage::Memory, ..stream() };
    let memory = Memory::with_stream(full(bytes)).await;
    memory.keep_all("s.a", 1..=2).await;
    let refused = memory.keep(message("s.a", 3)).await;
    assert_eq!(description(refused), "maximum bytes exceeded");
}

#[tokio::test(start_paused = true)]
async fn a_subject_has_its_own_limit() {
    let config = StreamConfig { max_messages_per_subject: Some(2), ..stream() };
    let memory = Memory::with_stream(config.clone()).await;
    memory.keep_all("s.b", 0..=0).await;
    memory.keep_all("s.a", 1..=4).await;
    assert_eq!(held(&memory).await, ["0", "3", "4"]);

    let config = StreamConfig { discard: Discard::New, max_messages: Some(3), ..config };
    let memory = Memory::with_stream(config.clone()).await;
    memory.keep_all("s.a", 1..=4).await;
    assert_eq!(held(&memory).await, ["3", "4"], "the oldest of the subject goes all the same");

    let config = StreamConfig { discard_new_per_subject: true, ..config };
    let memory = Memory::with_stream(config).await;
    memory.keep_all("s.a", 1..=2).await;
    let refused = memory.keep(message("s.a", 3)).await;
    assert_eq!(description(refused), "maximum messages per subject exceeded");
    memory.keep_all("s.b", 3..=3).await;
    let refused = memory.keep(message("s.b", 4)).await;
    assert_eq!(description(refused), "maximum messages exceeded");
}

#[tokio::test(start_paused = true)]
async fn a_message_may_be_too_large_for_a_stream() {
    let headers = "NATS/1.0\r\nk: v\r\n\r\n".len();
    let limit = u32::try_from(headers + 3).unwrap();
    let memory =
        Memory::with_stream(StreamConfig { max_message_size: Some(limit), ..stream() }).await;
    memory.keep(with(message("s.a", "123"), &[("k", "v")])).await.unwrap();
    let refused = memory.keep(with(message("s.a", "1234"), &[("k", "v")])).await;
    assert_eq!(code(refused), 10_054);
    memory.create_stream(&StreamConfig::new("T", ["t"])).await.unwrap();
    let refused = memory.keep(with(message("t", ""), &[("k", &"x".repeat(65_535))])).await;
    assert_eq!(code(refused), 10_097);
}

#[tokio::test(start_paused = true)]
async fn messages_age() {
    let memory = Memory::with_stream(StreamConfig { max_age: Some(SECOND * 10), ..stream() }).await;
    memory.keep_all("s.a", 1..=1).await;
    tokio::time::advance(SECOND * 6).await;
    memory.keep_all("s.a", 2..=2).await;
    assert_eq!(held(&memory).await, ["1", "2"]);
    tokio::time::sleep(SECOND * 4).await;
    assert_eq!(held(&memory).await, ["2"]);
    tokio::time::sleep(SECOND * 6).await;
    let state = memory.stream_state("S").await.unwrap();
    assert_eq!((state.messages, state.bytes), (0, 0));
    assert_eq!((state.first_sequence, state.last_sequence), (3, 2));
}

#[tokio::test(start_paused = true)]
async fn a_message_brings_its_own_lifetime() {
    let config = StreamConfig { allow_message_ttl: true, max_age: Some(SECOND * 60), ..stream() };
    let memory = Memory::with_stream(config).await;
    for (payload, ttl) in [("a", "2"), ("b", "1h"), ("c", "never"), ("d", "3s"), ("e", "1.9s")] {
        memory.keep(with(message("s.a", payload), &[("Nats-TTL", ttl)])).await.unwrap();
    }
    memory.keep(message("s.a", "f")).await.unwrap();
    tokio::time::advance(SECOND).await;
    assert_eq!(held(&memory).await, ["a", "b", "c", "d", "f"], "whole seconds");
    tokio::time::advance(SECOND).await;
    assert_eq!(held(&memory).await, ["b", "c", "d", "f"]);
    tokio::time::advance(SECOND).await;
    assert_eq!(held(&memory).await, ["b", "c", "f"]);
    tokio::time::advance(SECOND * 60).await;
    assert_eq!(held(&memory).await, ["c"], "no longer than max_age, but for `never`");

    for wrong in ["500ms", "0", "-1", "x", "1d"] {
        let refused = memory.keep(with(message("s.a", ""), &[("Nats-TTL", wrong)])).await;
        assert_eq!(code(refused), 10_165, "{wrong}");
    }
    let memory = Memory::with_stream(stream()).await;
    let refused = memory.keep(with(message("s.a", ""), &[("Nats-TTL", "5")])).await;
    assert_eq!(code(refused), 10_166);
}

#[tokio::test(start_paused = true)]
async fn a_message_replaces_earlier_ones() {
    let memory = Memory::with_stream(StreamConfig { allow_rollup: true, ..stream() }).await;
    memory.keep_all("s.a", 1..=2).await;
    memory.keep_all("s.b", 3..=3).await;
    memory.keep(with(message("s.a", 4), &[("Nats-Rollup", "sub")])).await.unwrap();
    assert_eq!(held(&memory).await, ["3", "4"]);
    memory.keep(with(message("s.c", 5), &[("Nats-Rollup", "all")])).await.unwrap();
    assert_eq!(held(&memory).await, ["5"]);
    let refused = memory.keep(with(message("s.c", 6), &[("Nats-Rollup", "some")])).await;
    assert_eq!(code(refused), 10_111);

    let memory = Memory::with_stream(stream()).await;
    let refused = memory.keep(with(message("s.c", 6), &[("Nats-Rollup", "all")])).await;
    assert_eq!(description(refused), "rollup not permitted");
}
