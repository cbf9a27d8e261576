//! Reading a stream in order.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_replay_reads_and_goes_on() {
    let memory = Memory::with_stream(stream()).await;
    memory.keep_all("s.a", 1..=3).await;
    let mut replay = memory.replay("S", Vec::new(), DeliverFrom::Beginning).unwrap();
    for sequence in 1..=3 {
        let message = take(&mut replay).await;
        assert!(message.settle.is_none());
        let receipt = receipt(&message);
        assert_eq!((receipt.sequence, receipt.attempt), (sequence, 1));
        assert_eq!(receipt.pending, 3 - sequence);
    }
    silent(&mut replay, SECOND * 1_000).await;
    memory.keep_all("s.a", 4..=4).await;
    assert_eq!(text(&take(&mut replay).await), "4");
    // Nothing is acknowledged, and nothing comes again.
    silent(&mut replay, SECOND * 1_000).await;
}

#[tokio::test(start_paused = true)]
async fn a_replay_has_filters_and_a_start() {
    let memory = Memory::with_stream(stream()).await;
    for (subject, payload) in [("s.a", 1), ("s.b", 2), ("s.a", 3), ("s.c", 4), ("s.b", 5)] {
        memory.keep(message(subject, payload)).await.unwrap();
    }
    let of = filters(&["s.a", "s.b"]);
    let mut replay = memory.replay("S", of.clone(), DeliverFrom::Sequence(2)).unwrap();
    for expected in ["2", "3", "5"] {
        assert_eq!(text(&take(&mut replay).await), expected);
    }
    let mut replay = memory.replay("S", of.clone(), DeliverFrom::LastPerSubject).unwrap();
    for expected in ["3", "5"] {
        assert_eq!(text(&take(&mut replay).await), expected);
    }
    let mut replay = memory.replay("S", of, DeliverFrom::New).unwrap();
    memory.keep_all("s.c", 6..=6).await;
    memory.keep_all("s.a", 7..=7).await;
    assert_eq!(text(&take(&mut replay).await), "7");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_while_others_publish_misses_nothing() {
    const EACH: u64 = 2_000;
    let memory = Memory::with_stream(stream()).await;
    let publishers: Vec<_> = (0..4)
        .map(|_| {
            let memory = memory.clone();
            tokio::spawn(async move { memory.keep_all("s.a", 1..=EACH).await })
        })
        .collect();
    let replays: Vec<_> = (0..3)
        .map(|_| {
            let mut replay = memory.replay("S", Vec::new(), DeliverFrom::Beginning).unwrap();
            tokio::spawn(async move {
                for sequence in 1..=4 * EACH {
                    let message = replay.next().await.unwrap().unwrap();
                    assert_eq!(receipt(&message).sequence, sequence, "each once, in order");
                }
            })
        })
        .collect();
    for task in publishers.into_iter().chain(replays) {
        timeout(Duration::from_secs(60), task).await.unwrap().unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_dropped_replay_leaves_nothing_behind() {
    let memory = Memory::with_stream(stream()).await;
    let replay = memory.replay("S", Vec::new(), DeliverFrom::New).unwrap();
    assert_eq!(memory.stream_state("S").await.unwrap().consumers, 1);
    drop(replay);
    assert_eq!(memory.stream_state("S").await.unwrap().consumers, 0);
}
