//! Messages behind a handler that does not end: they go to an instance that has room.

use std::collections::BTreeSet;
use std::future::pending;
use std::time::Duration;

use tidings::Running;
use tidings::prelude::*;
use tokio::sync::mpsc;

use crate::support::env::{Env, soon};
use crate::support::message::{Parcels, Sent, sent};

scenarios! {
    every_bus:
        behind_a_hung_handler_nobody_waits_for_ever,
        behind_a_hung_handler_of_its_key_nobody_waits_for_ever,
        behind_a_hung_handler_in_order_nobody_waits_for_ever,
        one_unsettled_at_a_time_is_in_order_over_all_instances;
}

const ACK_WAIT: Duration = Duration::from_millis(400);
const LIMIT: Duration = Duration::from_millis(800);
const FIRST: u64 = 1;

/// An instance whose handler never ends, and what it has begun.
type Calls = mpsc::UnboundedReceiver<u64>;

fn limited(route: Route<Sent>) -> Route<Sent> {
    route.ack_wait(ACK_WAIT).progress_limit(LIMIT)
}

/// An instance that hangs with the first message and has others behind it, beside a healthy one.
async fn behind_a_hung_one(env: &Env, shape: impl Fn(Route<Sent>) -> Route<Sent>, messages: u64) {
    let bus = env.bus_with::<Parcels>().await;
    let (begun, mut begins): (_, Calls) = mpsc::unbounded_channel();
    let hangs = move |parcel: Sent, _: Context| {
        let _ = begun.send(parcel.number);
        pending::<Result<(), Failure>>()
    };
    let route = |route: Route<Sent>| Registry::new("shop").route(limited(shape(route)));
    let ill: Running = route(Route::of::<Sent>(hangs)).start(&bus).await.unwrap();
    bus.publish_all((FIRST..=messages).map(sent)).await.unwrap();
    soon(begins.recv()).await.unwrap();
    let (done, mut ends): (_, Calls) = mpsc::unbounded_channel();
    let works = move |parcel: Sent, _: Context| {
        let sent = done.send(parcel.number);
        async move { Ok(sent?) }
    };
    let healthy = route(Route::of::<Sent>(works)).start(&env.another_bus().await).await.unwrap();
    let mut handled = BTreeSet::new();
    while handled.len() < usize::try_from(messages).unwrap() {
        handled.insert(soon(ends.recv()).await.expect("the healthy one runs"));
    }
    assert!(handled.into_iter().eq(FIRST..=messages));
    soon(healthy.shutdown()).await;
    drop(ill);
}

async fn behind_a_hung_handler_nobody_waits_for_ever(env: Env) {
    behind_a_hung_one(&env, |route| route.concurrency(1), 20).await;
}

async fn behind_a_hung_handler_of_its_key_nobody_waits_for_ever(env: Env) {
    let keyed = |route: Route<Sent>| route.concurrency(4).keyed_by(|parcel| parcel.number % 2);
    behind_a_hung_one(&env, keyed, 12).await;
}

async fn behind_a_hung_handler_in_order_nobody_waits_for_ever(env: Env) {
    behind_a_hung_one(&env, |route| route.concurrency(1).ack_every(8), 20).await;
}

/// Over all instances: what one of them fails with keeps those behind it from every other.
async fn one_unsettled_at_a_time_is_in_order_over_all_instances(env: Env) {
    const MANY: u64 = 30;
    let bus = env.bus_with::<Parcels>().await;
    let (begun, mut begins) = mpsc::unbounded_channel();
    let mut instances = Vec::new();
    for _ in 0..2 {
        let begun = begun.clone();
        let handler = move |parcel: Sent, cx: Context| {
            let _ = begun.send((parcel.number, cx.attempt()));
            let fails = parcel.number.is_multiple_of(7) && cx.attempt() == 1;
            async move { if fails { Err(Failure::retry("busy")) } else { Ok(()) } }
        };
        let route = Route::of::<Sent>(handler).max_ack_pending(1);
        let route = route.retry(Retry::fixed(Duration::from_millis(20)));
        let registry = Registry::new("shop").route(route);
        instances.push(registry.start(&env.another_bus().await).await.unwrap());
    }
    bus.publish_all((1..=MANY).map(sent)).await.unwrap();
    for number in 1..=MANY {
        assert_eq!(soon(begins.recv()).await, Some((number, 1)));
        if number % 7 == 0 {
            assert_eq!(soon(begins.recv()).await, Some((number, 2)));
        }
    }
    for running in instances {
        soon(running.shutdown()).await;
    }
}
