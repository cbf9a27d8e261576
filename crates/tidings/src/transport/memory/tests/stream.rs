//! Creating streams, and storing in them.

use super::*;
use crate::stream::{Discard, Persistence, Retention, Source, Storage};

#[tokio::test(start_paused = true)]
async fn storing_needs_a_stream() {
    let memory = Memory::with_stream(stream()).await;
    let ack = memory.keep(message("s.a", 1)).await.unwrap();
    assert_eq!((ack.stream.as_str(), ack.sequence, ack.duplicate), ("S", 1, false));
    let nobody = memory.keep(message("t.a", 1)).await;
    assert!(matches!(nobody, Err(Fault::NoResponders)), "{nobody:?}");
    // Somebody got it and answers nothing: as over the network, only time tells.
    let mut inbox = memory.subscribe("t.*".to_owned().into(), None).unwrap();
    let silent = memory.keep(message("t.a", 2)).await;
    assert!(matches!(silent, Err(Fault::Timeout)), "{silent:?}");
    assert_eq!(text(&next(&mut inbox).await), "2");
}

#[tokio::test(start_paused = true)]
async fn whoever_listens_gets_what_is_stored_too() {
    let memory = Memory::with_stream(stream()).await;
    let mut inbox = memory.subscribe("s.>".to_owned().into(), None).unwrap();
    memory.keep(message("s.a", 1)).await.unwrap();
    memory.tell("s.b", 2).await;
    for expected in ["1", "2"] {
        let message = next(&mut inbox).await;
        assert_eq!(text(&message), expected);
        assert!(message.settle.is_none() && message.receipt.is_none());
    }
    let mut pull = memory.consume(durable("d")).await;
    assert_eq!(text(&take(&mut pull).await), "1");
    assert_eq!(text(&take(&mut pull).await), "2", "a core publish is stored as well");
}

#[tokio::test(start_paused = true)]
async fn a_stream_answers_a_publish_that_asks() {
    let memory = Memory::with_stream(StreamConfig { max_message_size: Some(3), ..stream() }).await;
    let id = [("Nats-Msg-Id", "x")];
    let memory = &memory;
    let ask = |payload: &'static str| async move {
        let asked = with(message("s.a", payload), &id);
        let answer = memory.request(asked, SECOND).await.unwrap();
        serde_json::from_slice::<serde_json::Value>(&answer.payload).unwrap()
    };
    // Over the size with the header.
    let refused = ask("too large").await;
    assert_eq!(refused["error"]["err_code"], 10_054);
    assert_eq!(refused["error"]["code"], 400);
    memory.update_stream(&stream()).await.unwrap();
    assert_eq!(ask("").await, serde_json::json!({"stream": "S", "seq": 1}));
    let again = serde_json::json!({"stream": "S", "seq": 1, "duplicate": true});
    assert_eq!(ask("").await, again);
}

#[tokio::test(start_paused = true)]
async fn the_same_configuration_again_is_no_fault() {
    let memory = Memory::with_stream(stream()).await;
    memory.create_stream(&stream()).await.unwrap();
    // What is left open is the same as the server's default.
    let spelled = StreamConfig {
        duplicate_window: Some(Duration::from_secs(120)),
        max_messages: Some(0),
        ..stream()
    };
    memory.create_stream(&spelled).await.unwrap();
    let other = StreamConfig { max_messages: Some(1), ..stream() };
    assert_eq!(code(memory.create_stream(&other).await), ApiError::STREAM_NAME_IN_USE);
    let overlapping = StreamConfig::new("T", ["s.*.a"]);
    assert_eq!(code(memory.create_stream(&overlapping).await), 10_065);
    memory.create_stream(&StreamConfig::new("T", ["t"])).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_configuration_comes_back_with_the_defaults() {
    let memory = Memory::with_stream(stream()).await;
    let config = memory.stream("S").await.unwrap().unwrap();
    assert_eq!(config.duplicate_window, Some(Duration::from_secs(120)));
    assert_eq!(memory.stream("T").await.unwrap(), None);

    let short = StreamConfig { max_age: Some(SECOND), ..StreamConfig::new("T", [""; 0]) };
    memory.create_stream(&short).await.unwrap();
    let config = memory.stream("T").await.unwrap().unwrap();
    assert_eq!(config.duplicate_window, Some(SECOND), "no longer than messages live");
    assert_eq!(config.subjects, ["T"], "its name, where it is given none");
    assert_eq!(memory.keep(message("T", 1)).await.unwrap().stream, "T");
}

#[tokio::test(start_paused = true)]
async fn configurations_that_cannot_be() {
    let memory = Memory::new();
    let ms = Duration::from_millis;
    let wrong = [
        StreamConfig { name: String::new(), ..stream() },
        StreamConfig { name: "a.b".to_owned(), ..stream() },
        StreamConfig { max_age: Some(ms(99)), ..stream() },
        StreamConfig { duplicate_window: Some(ms(99)), ..stream() },
        StreamConfig { duplicate_window: Some(ms(600)), max_age: Some(ms(500)), ..stream() },
        StreamConfig { deny_purge: true, allow_rollup: true, ..stream() },
        StreamConfig { discard_new_per_subject: true, ..stream() },
        StreamConfig { discard_new_per_subject: true, discard: Discard::New, ..stream() },
        StreamConfig { allow_message_schedules: true, discard: Discard::New, ..stream() },
        StreamConfig {
            persistence: Some(Persistence::Async),
            storage: Storage::Memory,
            ..stream()
        },
        StreamConfig {
            persistence: Some(Persistence::Async),
            allow_atomic_publish: true,
            ..stream()
        },
        StreamConfig::new("S", ["a..b"]),
        StreamConfig::new("S", ["a", "a"]),
        StreamConfig::new("S", ["a.*", "*.b"]),
        StreamConfig::new("S", [">"]),
        StreamConfig::new("S", ["$JS.>"]),
        StreamConfig::new("S", ["$SYS.>"]),
    ];
    for config in wrong {
        assert_eq!(code(memory.create_stream(&config).await), 10_052, "{config:?}");
    }
    let replicas = StreamConfig { replicas: 6, ..stream() };
    assert_eq!(code(memory.create_stream(&replicas).await), 10_052);
    let replicas = StreamConfig { replicas: 3, ..StreamConfig::new("R", ["r"]) };
    memory.create_stream(&replicas).await.unwrap();
    assert_eq!(memory.stream("R").await.unwrap().unwrap().replicas, 3);
    memory.delete_stream("R").await.unwrap();
    for right in ["$JS.EVENT.ADVISORY.>", "$SYS.ACCOUNT.>", "$KV.a.>"] {
        memory.create_stream(&StreamConfig::new("R", [right])).await.unwrap();
        memory.delete_stream("R").await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_embedded_is_refused() {
    let memory = Memory::new();
    let missing = [
        StreamConfig { mirror: Some(Source::new("T")), subjects: Vec::new(), ..stream() },
        StreamConfig { sources: vec![Source::new("T")], ..stream() },
        StreamConfig { allow_message_counter: true, ..stream() },
    ];
    for config in missing {
        let refused = description(memory.create_stream(&config).await);
        assert!(refused.contains("embedded broker"), "{refused}");
    }
    let memory = Memory::with_stream(stream()).await;
    let counter = with(message("s.a", ""), &[("Nats-Incr", "1")]);
    assert_eq!(code(memory.keep(counter).await), 10_168);
    let sourced = with(message("s.a", ""), &[("Nats-Stream-Source", "T 1")]);
    assert_eq!(code(memory.keep(sourced).await), 10_227);
}

#[tokio::test(start_paused = true)]
async fn a_stream_without_acks_answers_nobody() {
    let config = StreamConfig { no_ack: true, ..stream() };
    let memory = Memory::with_stream(config).await;
    assert!(matches!(memory.keep(message("s.a", 1)).await, Err(Fault::Timeout)));
    assert_eq!(memory.stream_state("S").await.unwrap().messages, 1);
}

#[tokio::test(start_paused = true)]
async fn a_first_sequence_is_kept_to() {
    let memory = Memory::with_stream(StreamConfig { first_sequence: Some(100), ..stream() }).await;
    assert_eq!(memory.keep(message("s.a", 1)).await.unwrap().sequence, 100);
    let mut pull = memory.consume(durable("d")).await;
    assert_eq!(receipt(&take(&mut pull).await).sequence, 100);
}

#[tokio::test(start_paused = true)]
async fn a_sealed_stream_takes_nothing() {
    let memory = Memory::with_stream(stream()).await;
    memory.keep_all("s.a", 1..=2).await;
    let sealed = StreamConfig { sealed: true, ..stream() };
    memory.update_stream(&sealed).await.unwrap();
    assert_eq!(code(memory.keep(message("s.a", 3)).await), 10_109);
    assert_eq!(code(memory.purge_stream("S", None).await), 10_110);
    assert_eq!(code(memory.delete_message("S", 1).await), 10_109);
    assert_eq!(code(memory.update_stream(&stream()).await), 10_052);
    let mut pull = memory.consume(durable("d")).await;
    assert_eq!(text(&take(&mut pull).await), "1");
}

#[tokio::test(start_paused = true)]
async fn a_message_keeps_its_headers_and_its_time() {
    let memory = Memory::with_stream(stream()).await;
    let start = memory.now();
    tokio::time::advance(SECOND * 5).await;
    memory.keep(with(message("s.a", ""), &[("k", "1"), ("K", "2")])).await.unwrap();
    tokio::time::advance(SECOND * 5).await;
    let message = take(&mut memory.consume(durable("d")).await).await;
    assert_eq!(message.headers.get_all("k").collect::<Vec<_>>(), ["1", "2"]);
    let receipt = receipt(&message);
    assert_eq!(receipt.stored_at, start + SECOND * 5);
    assert_eq!((&*receipt.stream, &*receipt.consumer), ("S", "d"));
}

#[tokio::test(start_paused = true)]
async fn an_interest_stream_can_be_asked_for_by_its_retention() {
    let config = StreamConfig { retention: Retention::Interest, ..stream() };
    let memory = Memory::with_stream(config.clone()).await;
    let back = memory.stream("S").await.unwrap().unwrap();
    assert_eq!(back.retention, Retention::Interest);
}
