//! Deletion of the stream or consumer that a running registry stands on, and its way back.

use std::sync::Arc;
use std::time::Duration;

use tidings::prelude::*;
use tidings::{Batch, ReceiveError};
use tidings_tests::eventually;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::Instant;

use crate::support::env::{BY_AND_BY, Env, SHORT, SOON, next, soon, within};
use crate::support::handler_log::HandlerLog;
use crate::support::message::{Parcels, Sent, sent};
use crate::support::script::{Calls, Step, script};

scenarios! {
    also_on_threads:
        a_route_comes_back_after_its_consumer_was_deleted,
        what_was_not_settled_comes_again_and_nothing_else,
        a_batch_comes_back_after_its_consumer_was_deleted,
        acks_of_many_come_back_after_their_consumer_was_deleted,
        two_instances_go_on_behind_what_both_have_settled,
        a_work_queue_comes_back_after_its_consumer_was_deleted,
        a_route_comes_back_whose_consumer_was_deleted_while_it_was_busy,
        a_route_comes_back_after_its_stream_was_deleted,
        a_stream_that_is_made_again_has_no_past,
        a_reader_is_told_that_its_consumer_was_deleted;
}

async fn a_route_comes_back_after_its_consumer_was_deleted(env: Env) {
    let (bus, log) = (env.bus(), HandlerLog::default());
    let running =
        Registry::new("shop").handle::<Sent>(log.handler("one")).start(&bus).await.unwrap();
    bus.publish_all((1..=10).map(sent)).await.unwrap();
    log.wait_for(10, 10).await;
    bus.stream::<Parcels>().delete_consumer("shop-parcels_sent").await.unwrap();
    bus.publish_all((11..=20).map(sent)).await.unwrap();
    // It goes on behind what it has settled: nothing is lost, and nothing is handled once more.
    log.wait_for(20, 20).await;
    let state = bus.stream::<Parcels>().consumer_state("shop-parcels_sent").await.unwrap();
    assert_eq!((state.delivered, state.pending), (10, 0));
    assert_eq!(running.shutdown().await[0].handled, 20);
}

/// The numbers of so many calls, in order.
async fn numbers(calls: &mut Calls, count: usize) -> Vec<u64> {
    let mut numbers = Vec::new();
    while numbers.len() < count {
        numbers.push(calls.later().await.number);
    }
    numbers.sort_unstable();
    numbers
}

async fn what_was_not_settled_comes_again_and_nothing_else(env: Env) {
    let bus = env.bus();
    let (handler, mut calls) = script(|number, attempt| match (number, attempt) {
        (3 | 7, 1) => Step::Fail(Failure::retry_after(Duration::from_secs(1), "not yet")),
        _ => Step::Done,
    });
    let running = Registry::new("shop").handle::<Sent>(handler).start(&bus).await.unwrap();
    bus.publish_all((1..=10).map(sent)).await.unwrap();
    assert_eq!(numbers(&mut calls, 10).await, (1..=10).collect::<Vec<_>>());
    // What failed is unsettled for a while, and what came behind it is not.
    bus.stream::<Parcels>().delete_consumer("shop-parcels_sent").await.unwrap();
    bus.publish(&sent(11)).await.unwrap();
    assert_eq!(numbers(&mut calls, 3).await, [3, 7, 11]);
    assert_eq!(numbers(&mut calls, 2).await, [3, 7]);
    calls.none_within(SHORT).await;
    let settled = async || {
        let state = bus.stream::<Parcels>().consumer_state("shop-parcels_sent").await;
        state.unwrap().ack_pending == 0
    };
    eventually(SOON, "all of them are settled", settled).await;
    running.shutdown().await;
}

async fn a_batch_comes_back_after_its_consumer_was_deleted(env: Env) {
    let (bus, (sender, mut batches)) = (env.bus(), mpsc::unbounded_channel());
    let handler = move |batch: Batch<Sent>, _: Context| {
        let numbers: Vec<u64> = batch.iter().map(|sent| sent.number).collect();
        sender.send(numbers).unwrap();
        std::future::ready(Ok(()))
    };
    let route = Route::of::<Batch<Sent>>(handler).max_size(5).max_wait(SHORT);
    let running = Registry::new("shop").route(route).start(&bus).await.unwrap();
    bus.publish_all((1..=10).map(sent)).await.unwrap();
    let mut seen = Vec::new();
    while seen.len() < 10 {
        seen.extend(soon(batches.recv()).await.unwrap());
    }
    bus.stream::<Parcels>().delete_consumer("shop-parcels_sent").await.unwrap();
    bus.publish_all((11..=15).map(sent)).await.unwrap();
    // A server may say nothing to a request that comes as the consumer goes.
    while seen.len() < 15 {
        seen.extend(within(BY_AND_BY, batches.recv()).await.unwrap());
    }
    assert_eq!(seen, (1..=15).collect::<Vec<_>>());
    running.shutdown().await;
}

/// Waits until the server knows that all of them are settled.
async fn settled(bus: &Bus) {
    eventually(SOON, "all of them are settled", || async {
        let state = bus.stream::<Parcels>().consumer_state("shop-parcels_sent").await;
        state.unwrap().ack_pending == 0
    })
    .await;
}

async fn acks_of_many_come_back_after_their_consumer_was_deleted(env: Env) {
    let (bus, log) = (env.bus(), HandlerLog::default());
    let route = Route::of::<Sent>(log.handler("one")).concurrency(1).ack_every(4);
    let running = Registry::new("shop").route(route).start(&bus).await.unwrap();
    bus.publish_all((1..=10).map(sent)).await.unwrap();
    log.wait_for(10, 10).await;
    bus.stream::<Parcels>().delete_consumer("shop-parcels_sent").await.unwrap();
    bus.publish_all((11..=20).map(sent)).await.unwrap();
    log.wait_for(20, 20).await;
    settled(&bus).await;
    assert_eq!(running.shutdown().await[0].handled, 20);
}

async fn two_instances_go_on_behind_what_both_have_settled(env: Env) {
    let log = HandlerLog::default();
    let (bus, other) = (env.bus(), env.another_bus().await);
    let registry =
        |name| Registry::new("shop").route(Route::of::<Sent>(log.handler(name)).prefetch(1));
    let one = registry("one").start(&bus).await.unwrap();
    let two = registry("two").start(&other).await.unwrap();
    let begun = Instant::now();
    bus.publish_all((1..=200).map(sent)).await.unwrap();
    log.wait_for(200, 200).await;
    settled(&bus).await;
    // Each knows its part; what all have settled only the server does, which is asked a quarter of a second after the last
    // delivery and then after twice the time of the look before: nothing tells of it, and by thrice this time each has asked
    // since all are settled.
    tokio::time::sleep(begun.elapsed() * 2 + Duration::from_secs(5)).await;
    bus.stream::<Parcels>().delete_consumer("shop-parcels_sent").await.unwrap();
    bus.publish_all((201..=220).map(sent)).await.unwrap();
    log.wait_for(220, 220).await;
    one.shutdown().await;
    two.shutdown().await;
    assert_eq!(log.entries().values().map(Vec::len).sum::<usize>(), 220);
}

/// Stream whose messages are gone once they are settled.
#[derive(EventStream)]
#[stream(name = "ERRANDS", subjects("errands.>"), retention = "work_queue")]
struct Errands;

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "errands.asked", stream = Errands)]
struct Asked {
    number: u64,
}

async fn a_work_queue_comes_back_after_its_consumer_was_deleted(env: Env) {
    let (bus, (sender, mut asked)) = (env.bus(), mpsc::unbounded_channel());
    let handler = move |event: Asked, _: Context| {
        sender.send(event.number).unwrap();
        std::future::ready(Ok(()))
    };
    let running = Registry::new("shop").handle::<Asked>(handler).start(&bus).await.unwrap();
    for number in 1..=3 {
        bus.publish(&Asked { number }).await.unwrap();
        assert_eq!(soon(asked.recv()).await, Some(number));
    }
    bus.stream::<Errands>().delete_consumer("shop-errands_asked").await.unwrap();
    bus.publish(&Asked { number: 4 }).await.unwrap();
    assert_eq!(soon(asked.recv()).await, Some(4));
    running.shutdown().await;
}

async fn a_route_comes_back_whose_consumer_was_deleted_while_it_was_busy(env: Env) {
    let bus = env.bus();
    let (begun, mut begins) = mpsc::unbounded_channel();
    let gate = Arc::new(Semaphore::new(0));
    let handler = {
        let gate = Arc::clone(&gate);
        move |event: Sent, _: Context| {
            let (begun, gate) = (begun.clone(), Arc::clone(&gate));
            async move {
                begun.send(event.number)?;
                gate.acquire().await?.forget();
                Ok(())
            }
        }
    };
    let route = Route::of::<Sent>(handler).concurrency(1);
    let running = Registry::new("shop").route(route).start(&bus).await.unwrap();
    bus.publish(&sent(1)).await.unwrap();
    assert_eq!(soon(begins.recv()).await, Some(1));
    // The one handler is busy, so nothing is being asked for: nobody tells the route.
    bus.stream::<Parcels>().delete_consumer("shop-parcels_sent").await.unwrap();
    bus.publish(&sent(2)).await.unwrap();
    gate.add_permits(10);
    // The first has ended by then.
    assert_eq!(soon(begins.recv()).await, Some(2));
    assert_eq!(running.shutdown().await[0].handled, 2);
}

async fn a_route_comes_back_after_its_stream_was_deleted(env: Env) {
    let (bus, log) = (env.bus(), HandlerLog::default());
    let running =
        Registry::new("shop").handle::<Sent>(log.handler("one")).start(&bus).await.unwrap();
    bus.publish_all((1..=10).map(sent)).await.unwrap();
    log.wait_for(10, 10).await;
    bus.stream::<Parcels>().delete().await.unwrap();
    bus.provision::<Parcels>().await.unwrap();
    // Another stream of the same name: it knows no id of the first, and begins with 1.
    let acks = bus.publish_all((1..=20).map(sent)).await.unwrap();
    assert!(acks.iter().zip(1..).all(|(ack, n)| ack.sequence == n && !ack.duplicate));
    log.wait_for(20, 30).await;
    assert_eq!(running.shutdown().await[0].handled, 30);
}

async fn a_stream_that_is_made_again_has_no_past(env: Env) {
    let (bus, time) = (env.bus(), Duration::from_secs(4));
    let (sender, mut attempts) = mpsc::unbounded_channel();
    let handler = move |event: Sent, cx: Context| {
        sender.send((event.number, cx.attempt())).unwrap();
        std::future::ready(Err(Failure::retry("not yet")))
    };
    let retry = Retry::fixed(time / 2).max_elapsed(time);
    let route = Route::of::<Sent>(handler).retry(retry);
    let running = Registry::new("shop").route(route).start(&bus).await.unwrap();
    bus.publish(&sent(1)).await.unwrap();
    assert_eq!(soon(attempts.recv()).await, Some((1, 1)));
    bus.stream::<Parcels>().delete().await.unwrap();
    bus.provision::<Parcels>().await.unwrap();
    // So long that the policy's time would be over for the first one.
    tokio::time::sleep(time).await;
    // It has the first one's place in the stream, and not its time.
    assert_eq!(bus.publish(&sent(2)).await.unwrap().sequence, 1);
    assert_eq!(soon(attempts.recv()).await, Some((2, 1)));
    assert_eq!(soon(attempts.recv()).await, Some((2, 2)));
    running.shutdown().await;
}

async fn a_reader_is_told_that_its_consumer_was_deleted(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    bus.publish(&sent(1)).await.unwrap();
    let mut work = bus.consume::<Sent>("billing").await.unwrap();
    next(&mut work).await.ack_confirmed().await.unwrap();
    bus.stream::<Parcels>().delete_consumer("billing").await.unwrap();
    let told = soon(work.next()).await.unwrap();
    assert!(matches!(&told, Err(ReceiveError::ConsumerGone { .. })), "{told:?}");
    assert!(soon(work.next()).await.is_none(), "and then the flow ends");
    // Opened again it is a new consumer.
    let mut work = bus.consume::<Sent>("billing").await.unwrap();
    let again = next(&mut work).await;
    assert_eq!((again.number, again.attempt()), (1, 1));
}
