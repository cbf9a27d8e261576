//! Load: many streams, consumers, messages and subscriptions.

use super::*;

#[tokio::test(start_paused = true)]
async fn many_messages_to_many_subscriptions() {
    const MESSAGES: usize = 5_000;
    let memory = Memory::new();
    let mut inboxes: Vec<_> = (0..50)
        .map(|i| {
            let filter = if i % 2 == 0 { "load.>" } else { "load.*" };
            memory.subscribe(filter.to_owned().into(), None).unwrap()
        })
        .collect();
    for i in 0..MESSAGES {
        memory.tell("load.a", i).await;
    }
    for inbox in &mut inboxes {
        for i in 0..MESSAGES {
            assert_eq!(text(&next(inbox).await), i.to_string());
        }
        assert_eq!(inbox.dropped().count(), 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_pulls_share_a_stream_and_lose_nothing() {
    const MESSAGES: u64 = 5_000;
    let memory = Memory::with_stream(stream()).await;
    let config = ConsumerConfig { max_ack_pending: Some(20), ..durable("d") };
    memory.create_consumer("S", &config).await.unwrap();
    let workers: Vec<_> = (0..8)
        .map(|worker| {
            let mut pull = memory.pull("S", "d", 4).unwrap();
            tokio::spawn(async move {
                let mut seen = Vec::new();
                while let Some(Ok(message)) = pull.next().await {
                    let receipt = receipt(&message);
                    // Each third is refused once.
                    if receipt.sequence % 3 == worker % 3 && receipt.attempt == 1 {
                        settle(&message, Settlement::Nak(None)).await;
                    } else {
                        seen.push(receipt.sequence);
                        ack(&message).await;
                    }
                }
                seen
            })
        })
        .collect();
    memory.keep_all("s.a", 1..=MESSAGES).await;
    let done = async {
        loop {
            let state = memory.consumer_state("S", "d").await.unwrap();
            if state.pending + state.ack_pending == 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(60), done).await.unwrap();
    memory.close(SECOND).await.unwrap();
    let mut all = Vec::new();
    for worker in workers {
        all.extend(worker.await.unwrap());
    }
    all.sort_unstable();
    assert!(all.into_iter().eq(1..=MESSAGES), "each exactly once");
}

#[tokio::test(start_paused = true)]
async fn the_count_of_what_is_pending_stays_right() {
    use crate::transport::memory::random::Random;

    let mut random = Random::seeded(3);
    let config = StreamConfig {
        max_messages: Some(60),
        max_messages_per_subject: Some(12),
        allow_rollup: true,
        max_age: Some(SECOND * 40),
        ..stream()
    };
    let memory = Memory::with_stream(config).await;
    let subjects = ["s.a", "s.b", "s.c.x", "s.c.y"];
    let selections: [&[&str]; 4] = [&[], &["s.a"], &["s.*", "s.c.x"], &["s.c.>"]];
    let froms = [DeliverFrom::Beginning, DeliverFrom::LastPerSubject, DeliverFrom::Sequence(30)];
    let mut pulls: Vec<(ConsumerConfig, MemoryPull)> = Vec::new();
    for step in 0..3_000_u32 {
        match random.below(12) {
            0 if pulls.len() < 12 => {
                let from = froms[random.below(3)];
                // The last of each subject is only for a consumer with filters.
                let least = usize::from(from == DeliverFrom::LastPerSubject);
                let config = ConsumerConfig {
                    filters: filters(selections[least + random.below(4 - least)]),
                    from,
                    ..durable(&format!("c{step}"))
                };
                pulls.push((config.clone(), memory.consume(config).await));
            }
            1 => {
                let last = memory.stream_state("S").await.unwrap().last_sequence;
                let back = random.below(50) as u64;
                let _ = memory.delete_message("S", last.saturating_sub(back)).await;
            }
            2 => tokio::time::advance(SECOND * 2).await,
            3 if step % 5 == 0 => {
                let rollup =
                    with(message(subjects[random.below(4)], step), &[("Nats-Rollup", "sub")]);
                memory.keep(rollup).await.unwrap();
            }
            4..=7 if !pulls.is_empty() => {
                let chosen = random.below(pulls.len());
                let pull = &mut pulls[chosen].1;
                if let Ok(Some(Ok(message))) = timeout(Duration::ZERO, pull.next()).await {
                    match random.below(3) {
                        0 => settle(&message, Settlement::Nak(None)).await,
                        _ => ack(&message).await,
                    }
                }
            }
            _ => drop(memory.keep(message(subjects[random.below(4)], step)).await.unwrap()),
        }
        memory.connection.broker.with(|state, _| {
            let stream = state.streams.named("S").unwrap();
            for consumer in stream.consumers.values() {
                let undelivered = stream.log.from(0).filter(|(sequence, message)| {
                    let selected = super::super::log::selects(
                        &consumer.config.filters,
                        message.subject.as_str(),
                    );
                    selected
                        && (*sequence >= consumer.next || consumer.first_of_all.contains(sequence))
                });
                assert_eq!(consumer.undelivered, undelivered.count() as u64, "step {step}");
                assert!(consumer.pending.keys().all(|s| stream.log.get(*s).is_some()));
                assert!(consumer.first_of_all.iter().all(|s| stream.log.get(*s).is_some()));
                let timed = consumer.pending.values().filter(|p| p.deadline.is_some()).count();
                assert_eq!(consumer.deadlines.len(), timed);
            }
        });
    }
    assert!(pulls.len() > 5);
}
