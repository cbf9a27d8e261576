//! Expectations of publishers, and duplicates.

use super::*;

async fn keep(memory: &Memory, headers: &[(&'static str, &str)]) -> Result<PublishAck, Fault> {
    memory.keep(with(message("s.a", ""), headers)).await
}

#[tokio::test(start_paused = true)]
async fn a_duplicate_is_stored_once() {
    let memory = Memory::with_stream(stream()).await;
    let first = keep(&memory, &[("Nats-Msg-Id", "x")]).await.unwrap();
    keep(&memory, &[("Nats-Msg-Id", "y")]).await.unwrap();
    // Another subject and payload: the id alone counts.
    let again = memory.keep(with(message("s.b", "other"), &[("Nats-Msg-Id", "x")])).await.unwrap();
    assert_eq!((first.sequence, first.duplicate), (1, false));
    assert_eq!((again.sequence, again.duplicate), (1, true));
    assert_eq!(memory.stream_state("S").await.unwrap().messages, 2);
    // Removing the message does not make it forgotten.
    memory.purge_stream("S", None).await.unwrap();
    assert!(keep(&memory, &[("Nats-Msg-Id", "x")]).await.unwrap().duplicate);
}

#[tokio::test(start_paused = true)]
async fn an_id_is_remembered_for_the_window() {
    let memory = Memory::with_stream(stream()).await;
    let id = [("Nats-Msg-Id", "x")];
    keep(&memory, &id).await.unwrap();
    tokio::time::advance(Duration::from_secs(119)).await;
    assert!(keep(&memory, &id).await.unwrap().duplicate);
    tokio::time::advance(SECOND).await;
    let later = keep(&memory, &id).await.unwrap();
    assert_eq!((later.sequence, later.duplicate), (2, false), "two minutes after the first");

    let config = StreamConfig { duplicate_window: Some(SECOND), ..StreamConfig::new("T", ["t"]) };
    memory.create_stream(&config).await.unwrap();
    let keep = || memory.keep(with(message("t", ""), &id));
    keep().await.unwrap();
    assert!(keep().await.unwrap().duplicate);
    tokio::time::advance(SECOND).await;
    assert!(!keep().await.unwrap().duplicate);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_publishers_of_one_id_store_it_once() {
    let memory = Memory::with_stream(stream()).await;
    for round in 0..20 {
        let id = format!("id-{round}");
        let publishers: Vec<_> = (0..50)
            .map(|_| {
                let (memory, id) = (memory.clone(), id.clone());
                tokio::spawn(async move { keep(&memory, &[("Nats-Msg-Id", &id)]).await.unwrap() })
            })
            .collect();
        let mut new = 0;
        for publisher in publishers {
            let ack = publisher.await.unwrap();
            assert_eq!(ack.sequence, round + 1);
            new += u32::from(!ack.duplicate);
        }
        assert_eq!(new, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn the_last_sequence_is_the_expected_one() {
    let memory = Memory::with_stream(stream()).await;
    let expect = |value| [("Nats-Expected-Last-Sequence", value)];
    keep(&memory, &expect("0")).await.unwrap();
    keep(&memory, &expect("1")).await.unwrap();
    for wrong in ["1", "3", "x"] {
        let refused = keep(&memory, &expect(wrong)).await;
        assert_eq!(description(refused), "wrong last sequence: 2");
    }
    assert_eq!(code(keep(&memory, &expect("7")).await), ApiError::WRONG_LAST_SEQUENCE);
}

#[tokio::test(start_paused = true)]
async fn the_last_sequence_of_the_subject_is_the_expected_one() {
    let memory = Memory::with_stream(stream()).await;
    memory.keep_all("s.b", 1..=3).await;
    let expect = |value| [("Nats-Expected-Last-Subject-Sequence", value)];
    assert_eq!(description(keep(&memory, &expect("3")).await), "wrong last sequence: 0");
    keep(&memory, &expect("0")).await.unwrap();
    keep(&memory, &expect("4")).await.unwrap();
    assert_eq!(description(keep(&memory, &expect("4")).await), "wrong last sequence: 5");

    // The same about another subject, or several.
    let of = |subject, value| {
        [
            ("Nats-Expected-Last-Subject-Sequence", value),
            ("Nats-Expected-Last-Subject-Sequence-Subject", subject),
        ]
    };
    keep(&memory, &of("s.b", "3")).await.unwrap();
    keep(&memory, &of("s.*", "6")).await.unwrap();
    assert_eq!(description(keep(&memory, &of("s.b", "7")).await), "wrong last sequence: 3");
    let subject = [("Nats-Expected-Last-Subject-Sequence-Subject", "s.b")];
    assert_eq!(code(keep(&memory, &subject).await), 10_193);
}

#[tokio::test(start_paused = true)]
async fn the_last_id_is_the_expected_one() {
    let memory = Memory::with_stream(stream()).await;
    keep(&memory, &[("Nats-Msg-Id", "a")]).await.unwrap();
    keep(&memory, &[("Nats-Msg-Id", "b"), ("Nats-Expected-Last-Msg-Id", "a")]).await.unwrap();
    let refused = keep(&memory, &[("Nats-Expected-Last-Msg-Id", "a")]).await;
    assert_eq!(description(refused), "wrong last msg ID: b");
    let refused = keep(&memory, &[("Nats-Expected-Last-Msg-Id", "a")]).await;
    assert_eq!(code(refused), ApiError::WRONG_LAST_MESSAGE_ID);
    // A message without an id is the last one all the same.
    keep(&memory, &[]).await.unwrap();
    assert!(keep(&memory, &[("Nats-Expected-Last-Msg-Id", "b")]).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn the_stream_is_the_expected_one() {
    let memory = Memory::with_stream(stream()).await;
    keep(&memory, &[("Nats-Expected-Stream", "S")]).await.unwrap();
    let refused = keep(&memory, &[("Nats-Expected-Stream", "T")]).await;
    assert_eq!(code(refused), ApiError::EXPECTED_STREAM);
    let refused = keep(&memory, &[("Nats-Expected-Stream", "T")]).await;
    assert_eq!(description(refused), "expected stream does not match");
    assert_eq!(memory.stream_state("S").await.unwrap().messages, 1);
}

#[tokio::test(start_paused = true)]
async fn what_was_refused_is_not_remembered() {
    let memory = Memory::with_stream(stream()).await;
    let refused =
        keep(&memory, &[("Nats-Msg-Id", "x"), ("Nats-Expected-Last-Sequence", "9")]).await;
    assert!(refused.is_err());
    assert!(!keep(&memory, &[("Nats-Msg-Id", "x")]).await.unwrap().duplicate);
}
