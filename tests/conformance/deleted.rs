//! What a running registry stands on is deleted, and comes back.

use std::sync::Arc;
use std::time::Duration;

use tidings::ReceiveError;
use tidings::prelude::*;
use tokio::sync::{Semaphore, mpsc};

use crate::env::{Env, next, soon};
use crate::ledger::Ledger;
use crate::message::{Parcels, Sent, sent};

pub(crate) async fn a_route_comes_back_after_its_consumer_was_deleted(env: Env) {
    let (bus, ledger) = (env.bus(), Ledger::default());
    let running =
        Registry::new("shop").handle::<Sent>(ledger.handler("one")).start(&bus).await.unwrap();
    bus.publish_all((1..=10).map(sent)).await.unwrap();
    ledger.wait_for(10, 10).await;
    bus.stream::<Parcels>().delete_consumer("shop-parcels_sent").await.unwrap();
    bus.publish_all((11..=20).map(sent)).await.unwrap();
    // A consumer that is new begins at the beginning: nothing is lost, and what was handled
    // before is handled once more.
    ledger.wait_for(20, 30).await;
    let state = bus.stream::<Parcels>().consumer_state("shop-parcels_sent").await.unwrap();
    assert_eq!((state.delivered, state.pending), (20, 0));
    assert_eq!(running.shutdown().await[0].handled, 30);
    let entries = ledger.entries();
    assert!(entries.iter().all(|(number, by)| by.len() == if *number <= 10 { 2 } else { 1 }));
}

pub(crate) async fn a_route_comes_back_whose_consumer_was_deleted_while_it_was_busy(env: Env) {
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
    // From the beginning once more, and then the new one.
    assert_eq!(soon(begins.recv()).await, Some(1));
    assert_eq!(soon(begins.recv()).await, Some(2));
    running.shutdown().await;
}

pub(crate) async fn a_route_comes_back_after_its_stream_was_deleted(env: Env) {
    let (bus, ledger) = (env.bus(), Ledger::default());
    let running =
        Registry::new("shop").handle::<Sent>(ledger.handler("one")).start(&bus).await.unwrap();
    bus.publish_all((1..=10).map(sent)).await.unwrap();
    ledger.wait_for(10, 10).await;
    bus.stream::<Parcels>().delete().await.unwrap();
    bus.provision::<Parcels>().await.unwrap();
    // Another stream of the same name: it knows no id of the first, and begins with 1.
    let acks = bus.publish_all((1..=20).map(sent)).await.unwrap();
    assert!(acks.iter().zip(1..).all(|(ack, n)| ack.sequence == n && !ack.duplicate));
    ledger.wait_for(20, 30).await;
    assert_eq!(running.shutdown().await[0].handled, 30);
}

pub(crate) async fn a_stream_that_is_made_again_has_no_past(env: Env) {
    let (bus, time) = (env.bus(), Duration::from_secs(2));
    let (sender, mut attempts) = mpsc::unbounded_channel();
    let handler = move |event: Sent, cx: Context| {
        sender.send((event.number, cx.attempt())).unwrap();
        std::future::ready(Err(Failure::retry("not yet")))
    };
    let retry = Retry::fixed(time / 4).max_elapsed(time);
    let route = Route::of::<Sent>(handler).retry(retry);
    let running = Registry::new("shop").route(route).start(&bus).await.unwrap();
    bus.publish(&sent(1)).await.unwrap();
    assert_eq!(soon(attempts.recv()).await, Some((1, 1)));
    bus.stream::<Parcels>().delete().await.unwrap();
    bus.provision::<Parcels>().await.unwrap();
    tokio::time::sleep(time).await;
    // It has the first one's place in the stream, and not its time.
    assert_eq!(bus.publish(&sent(2)).await.unwrap().sequence, 1);
    assert_eq!(soon(attempts.recv()).await, Some((2, 1)));
    assert_eq!(soon(attempts.recv()).await, Some((2, 2)));
    running.shutdown().await;
}

pub(crate) async fn a_reader_is_told_that_its_consumer_was_deleted(env: Env) {
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
