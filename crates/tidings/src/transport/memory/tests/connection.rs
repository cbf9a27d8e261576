//! Closing, and connecting again.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_closed_connection_refuses_everything() {
    let memory = Memory::with_stream(stream()).await;
    let mut inbox = memory.subscribe("a".to_owned().into(), None).unwrap();
    let mut pull = memory.consume(durable("d")).await;
    let mut replay = memory.replay("S", Vec::new(), DeliverFrom::Beginning).unwrap();
    memory.tell("s.1", 1).await;
    let unsettled = take(&mut pull).await;
    memory.tell("a", "queued").await;

    let polling = tokio::spawn(async move { pull.next().await.is_none() });
    tokio::task::yield_now().await;
    memory.clone().close(SECOND).await.unwrap();
    assert!(polling.await.unwrap(), "a waiting pull ends");
    assert!(replay.next().await.is_none());
    assert_eq!(text(&next(&mut inbox).await), "queued");
    assert!(inbox.next().await.is_none());

    assert!(matches!(memory.publish(&message("a", ""), None).await, Err(Fault::Closed)));
    assert!(matches!(memory.store(&message("a", "")).await, Err(Fault::Closed)));
    assert!(matches!(memory.request(message("a", ""), SECOND).await, Err(Fault::Closed)));
    assert!(matches!(memory.subscribe("a".to_owned().into(), None), Err(Fault::Closed)));
    assert!(matches!(memory.stream("S").await, Err(Fault::Closed)));
    assert!(matches!(memory.create_stream(&stream()).await, Err(Fault::Closed)));
    assert!(matches!(memory.consumer("S", "d").await, Err(Fault::Closed)));
    assert!(matches!(memory.create_consumer("S", &durable("d")).await, Err(Fault::Closed)));
    assert!(matches!(memory.pull("S", "d", 1), Err(Fault::Closed)));
    assert!(matches!(memory.replay("S", Vec::new(), DeliverFrom::New), Err(Fault::Closed)));
    assert!(matches!(memory.barrier(SECOND).await, Err(Fault::Closed)));
    assert!(matches!(memory.close(SECOND).await, Err(Fault::Closed)));
    let settled = unsettled.settle.unwrap().send(Settlement::Ack).await;
    assert!(matches!(settled, Err(Fault::Closed)));
}

#[tokio::test(start_paused = true)]
async fn another_connection_finds_everything_as_it_was() {
    let memory = Memory::with_stream(stream()).await;
    let again = memory.reconnect();
    let mut inbox = again.subscribe("s.*".to_owned().into(), None).unwrap();
    let mut pull = memory.consume(durable("d")).await;
    memory.keep_all("s.1", 1..=2).await;
    let unsettled = take(&mut pull).await;
    memory.close(SECOND).await.unwrap();
    assert_eq!(text(&next(&mut inbox).await), "1", "the other connection's inbox goes on");
    drop((unsettled, pull));

    let mut pull = again.pull("S", "d", 1).unwrap();
    assert_eq!(text(&take(&mut pull).await), "2");
    silent(&mut pull, SECOND * 29).await;
    let redelivered = take(&mut pull).await;
    assert_eq!((text(&redelivered), receipt(&redelivered).attempt), ("1", 2));
    again.barrier(SECOND).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_broker_is_dropped_with_its_last_connection() {
    let memory = Memory::with_stream(StreamConfig { max_age: Some(SECOND), ..stream() }).await;
    memory.keep_all("s.1", 1..=1).await;
    let broker = std::sync::Arc::downgrade(&memory.connection.broker);
    let inbox = memory.subscribe("a".to_owned().into(), None).unwrap();
    tokio::task::yield_now().await;
    drop(memory);
    assert!(broker.upgrade().is_some());
    drop(inbox);
    assert!(broker.upgrade().is_none(), "the timer does not keep it");
}

#[test]
fn a_broker_outlives_the_runtime_that_its_timer_ran_on() {
    let runtime = || {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        runtime.enable_time().build().unwrap()
    };
    let short = ConsumerConfig { ack_wait: Duration::from_millis(50), ..durable("d") };
    let memory = runtime().block_on(async {
        let memory = Memory::with_stream(stream()).await;
        memory.keep_all("s.1", 1..=1).await;
        take(&mut memory.consume(short).await).await;
        memory
    });
    runtime().block_on(async {
        let mut pull = memory.pull("S", "d", 1).unwrap();
        assert_eq!(receipt(&take(&mut pull).await).attempt, 2);
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closing_ends_what_is_opened_or_polled_at_that_moment() {
    for _ in 0..500 {
        let memory = Memory::with_stream(stream()).await;
        let mut pull = memory.consume(durable("d")).await;
        let pulling = tokio::spawn(async move { pull.next().await.is_none() });
        let other = memory.clone();
        let listening = tokio::spawn(async move {
            match other.subscribe("a".to_owned().into(), None) {
                Ok(mut inbox) => inbox.next().await.is_none(),
                Err(fault) => matches!(fault, Fault::Closed),
            }
        });
        memory.close(SECOND).await.unwrap();
        let ended = timeout(SECOND * 10, async { (pulling.await, listening.await) }).await;
        let (pulled, listened) = ended.expect("nobody waits for ever");
        assert!(pulled.unwrap() && listened.unwrap());
    }
}
