//! Messages that are published later.

use super::*;
use crate::timestamp;

fn scheduling() -> StreamConfig {
    StreamConfig { allow_message_schedules: true, allow_message_ttl: true, ..stream() }
}

/// `@at` so many seconds from now.
fn at(memory: &Memory, seconds: u64) -> String {
    let now = memory.now();
    format!("@at {}", timestamp::write(now + SECOND * u32::try_from(seconds).unwrap()).unwrap())
}

fn later(payload: &str, schedule: &str) -> Outgoing {
    let headers = [("Nats-Schedule", schedule), ("Nats-Schedule-Target", "s.target")];
    with(message("s.schedule.1", payload), &headers)
}

fn target() -> ConsumerConfig {
    ConsumerConfig { filters: filters(&["s.target"]), ..durable("d") }
}

#[tokio::test(start_paused = true)]
async fn a_message_is_delayed() {
    let memory = Memory::with_stream(scheduling()).await;
    let mut pull = memory.consume(target()).await;
    let delayed = with(
        later("hello", &at(&memory, 60)),
        &[("Nats-Msg-Id", "x"), ("tenant", "acme"), ("Nats-Schedule-TTL", "5")],
    );
    assert_eq!(memory.keep(delayed.clone()).await.unwrap().sequence, 1);
    assert!(memory.keep(delayed).await.unwrap().duplicate);
    silent(&mut pull, SECOND * 59).await;
    let message = take(&mut pull).await;
    assert_eq!((message.subject.as_str(), text(&message)), ("s.target", "hello"));
    let headers: Vec<_> = message.headers.iter().collect();
    assert_eq!(
        headers,
        [
            ("tenant", "acme"),
            ("Nats-Scheduler", "s.schedule.1"),
            ("Nats-Schedule-Next", "purge"),
            ("Nats-TTL", "5"),
        ]
    );
    let state = memory.stream_state("S").await.unwrap();
    assert_eq!((state.messages, state.first_sequence), (1, 2), "the schedule is gone");
    tokio::time::sleep(SECOND * 6).await;
    assert_eq!(memory.stream_state("S").await.unwrap().messages, 0);
}

#[tokio::test(start_paused = true)]
async fn a_schedule_replaces_the_one_before_it() {
    let memory = Memory::with_stream(scheduling()).await;
    let mut pull = memory.consume(target()).await;
    memory.keep(later("first", &at(&memory, 10))).await.unwrap();
    memory.keep(later("second", &at(&memory, 20))).await.unwrap();
    assert_eq!(memory.stream_state("S").await.unwrap().messages, 1);
    silent(&mut pull, SECOND * 19).await;
    let message = take(&mut pull).await;
    assert_eq!(text(&message), "second");
    silent(&mut pull, SECOND * 20).await;
}

#[tokio::test(start_paused = true)]
async fn a_schedule_that_is_purged_publishes_nothing() {
    let memory = Memory::with_stream(scheduling()).await;
    let mut pull = memory.consume(target()).await;
    memory.keep(later("x", &at(&memory, 10))).await.unwrap();
    let of = Subject::from("s.schedule.1".to_owned());
    memory.purge_stream("S", Some(&of)).await.unwrap();
    silent(&mut pull, SECOND * 20).await;

    // The same by a message that ends it.
    memory.keep(later("y", &at(&memory, 10))).await.unwrap();
    let ends = [("Nats-Scheduler", "s.schedule.1"), ("Nats-Schedule-Next", "purge")];
    memory.keep(with(message("s.other", ""), &ends)).await.unwrap();
    silent(&mut pull, SECOND * 20).await;
    assert_eq!(memory.stream_state("S").await.unwrap().messages, 1);

    // And by a message of its subject that schedules nothing.
    memory.keep(later("z", &at(&memory, 10))).await.unwrap();
    memory.keep(message("s.schedule.1", "")).await.unwrap();
    silent(&mut pull, SECOND * 20).await;
}

#[tokio::test(start_paused = true)]
async fn a_time_that_has_passed_is_now() {
    let memory = Memory::with_stream(scheduling()).await;
    let mut pull = memory.consume(target()).await;
    memory.keep(later("x", "@at 2001-01-01T00:00:00Z")).await.unwrap();
    assert_eq!(text(&take(&mut pull).await), "x");
}

#[tokio::test(start_paused = true)]
async fn a_schedule_repeats() {
    let memory = Memory::with_stream(scheduling()).await;
    let mut pull = memory.consume(target()).await;
    memory.keep(message("s.source", "of the source")).await.unwrap();
    let repeated = with(
        later("own", "@every 10s"),
        &[("Nats-Schedule-Source", "s.source"), ("Nats-Schedule-Rollup", "sub")],
    );
    memory.keep(repeated).await.unwrap();
    for _ in 0..3 {
        silent(&mut pull, SECOND * 9).await;
        let message = take(&mut pull).await;
        assert_eq!(text(&message), "of the source");
        let next = message.headers.get("Nats-Schedule-Next").unwrap();
        assert!(timestamp::read(next).is_some(), "{next}");
    }
    let state = memory.stream_state("S").await.unwrap();
    assert_eq!(state.messages, 3, "source, schedule, and the last that was published");
}

#[tokio::test(start_paused = true)]
async fn schedules_that_cannot_be() {
    let memory = Memory::with_stream(scheduling()).await;
    let schedule = |headers: &[(&'static str, &str)]| {
        let memory = memory.clone();
        let message = with(message("s.x", ""), headers);
        async move { code(memory.keep(message).await) }
    };
    let (when, to) = (("Nats-Schedule", "@every 5s"), ("Nats-Schedule-Target", "s.t"));
    for pattern in ["@at noon", "@every 500ms", "0 * * * *", "0 0 0 30 2 *", "soon"] {
        assert_eq!(schedule(&[("Nats-Schedule", pattern), to]).await, 10_189);
    }
    assert_eq!(schedule(&[when]).await, 10_190);
    for target in ["s.x", "t", "s.*"] {
        assert_eq!(schedule(&[when, ("Nats-Schedule-Target", target)]).await, 10_190);
    }
    assert_eq!(schedule(&[when, to, ("Nats-Schedule-TTL", "10ms")]).await, 10_191);
    assert_eq!(schedule(&[when, to, ("Nats-Schedule-Rollup", "all")]).await, 10_192);
    assert_eq!(schedule(&[when, to, ("Nats-Rollup", "all")]).await, 10_192);
    assert_eq!(schedule(&[when, to, ("Nats-Schedule-Source", "s.t")]).await, 10_203);
    let (cron, zone) = (("Nats-Schedule", "0 0 * * * *"), "Nats-Schedule-Time-Zone");
    for name in ["+02:00", "", "Mars"] {
        assert_eq!(schedule(&[cron, to, (zone, name)]).await, 10_223, "{name:?}");
    }
    assert_eq!(schedule(&[when, to, (zone, "Europe/Berlin")]).await, 10_189);
    assert_eq!(schedule(&[("Nats-Scheduler", "s.y")]).await, 10_212);
    assert_eq!(
        schedule(&[("Nats-Scheduler", "s.y"), ("Nats-Schedule-Next", "soon")]).await,
        10_212
    );

    memory.create_stream(&StreamConfig::new("T", ["t.>"])).await.unwrap();
    let refused =
        memory.keep(with(message("t.a", ""), &[when, ("Nats-Schedule-Target", "t.b")])).await;
    assert_eq!(code(refused), 10_188);
}
