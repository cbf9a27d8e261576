//! `max_ack_pending`: how much may be unsettled at a time.

use std::sync::Arc;

use tidings::prelude::*;
use tidings_tests::eventually;
use tokio::sync::{Semaphore, mpsc};

use crate::support::env::{Env, SHORT, SOON, never, next, soon};
use crate::support::message::{Parcels, Sent, sent};

scenarios! {
    every_bus:
        a_consumer_holds_no_more_than_its_limit,
        a_route_begins_no_more_than_its_limit;
}

async fn a_consumer_holds_no_more_than_its_limit(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    bus.publish_all((1..=10).map(sent)).await.unwrap();
    let open = |bus: Bus| async move { bus.consume::<Sent>("billing").max_ack_pending(3).await };
    let mut work = open(bus.clone()).await.unwrap();
    let mut held = Vec::new();
    for number in 1..=3 {
        let delivery = next(&mut work).await;
        assert_eq!(delivery.number, number);
        held.push(delivery);
    }
    never(SHORT, work.next()).await;
    // The limit is for all readers together.
    let waiting = async || bus.stream::<Parcels>().consumer_state("billing").await.unwrap().waiting;
    let alone = waiting().await;
    let mut other = open(env.another_bus().await).await.unwrap();
    never(SHORT, other.next()).await;
    drop(other);
    // Until the server has seen that it is gone, the next message may be sent to it.
    eventually(SOON, "it is gone", || async { waiting().await == alone }).await;
    // One that is settled makes room for one; one that is asked for again does not.
    for number in 4..=10 {
        held.remove(0).ack_confirmed().await.unwrap();
        let delivery = next(&mut work).await;
        assert_eq!((delivery.number, delivery.attempt()), (number, 1));
        held.push(delivery);
    }
    held.remove(0).nak(None).await.unwrap();
    let again = next(&mut work).await;
    assert_eq!((again.number, again.attempt()), (8, 2));
    held.push(again);
    for delivery in held {
        delivery.ack_confirmed().await.unwrap();
    }
    never(SHORT, work.next()).await;
}

async fn a_route_begins_no_more_than_its_limit(env: Env) {
    let (begun, mut starts) = mpsc::unbounded_channel();
    let gate = Arc::new(Semaphore::new(0));
    let handler = |begun: mpsc::UnboundedSender<u64>, gate: Arc<Semaphore>| {
        move |event: Sent, _: Context| {
            let (begun, gate) = (begun.clone(), Arc::clone(&gate));
            async move {
                begun.send(event.number)?;
                gate.acquire().await?.forget();
                Ok(())
            }
        }
    };
    let mut instances = Vec::new();
    for _ in 0..2 {
        let route = Route::of::<Sent>(handler(begun.clone(), Arc::clone(&gate)));
        let route = route.max_ack_pending(3).concurrency(8);
        let bus = env.another_bus().await;
        instances.push(Registry::new("shop").route(route).start(&bus).await.unwrap());
    }
    env.bus().publish_all((1..=10).map(sent)).await.unwrap();
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(soon(starts.recv()).await.unwrap());
    }
    never(SHORT, starts.recv()).await;
    for _ in 4..=10 {
        gate.add_permits(1);
        seen.push(soon(starts.recv()).await.unwrap());
    }
    never(SHORT, starts.recv()).await;
    gate.add_permits(3);
    let mut done = 0;
    for running in instances {
        done += running.shutdown().await[0].handled;
    }
    assert_eq!(done, 10);
    seen.sort_unstable();
    assert_eq!(seen, (1..=10).collect::<Vec<_>>(), "each once");
}
