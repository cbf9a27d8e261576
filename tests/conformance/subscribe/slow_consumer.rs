//! Slow consumers: messages that they lose are counted and logged.

use std::sync::Arc;

use tidings::prelude::*;
use tokio::sync::{Semaphore, mpsc};

use crate::support::env::{Env, next, soon};
use crate::support::message::{Switched, switched};

scenarios! {
    every_bus:
        a_slow_subscription_counts_what_it_loses,
        a_slow_route_counts_what_it_loses;
}

async fn a_slow_subscription_counts_what_it_loses(env: Env) {
    let bus = env.bus();
    let mut slow = env.another_bus().await.subscribe::<Switched>().capacity(8).await.unwrap();
    let mut fast = bus.subscribe::<Switched>().await.unwrap();
    for number in 0..20 {
        bus.publish(&switched(number)).await.unwrap();
    }
    for number in 0..20 {
        assert_eq!(next(&mut fast).await.number, number);
    }
    while slow.dropped() < 12 {
        tokio::task::yield_now().await;
    }
    assert_eq!((slow.dropped(), fast.dropped()), (12, 0));
    // The first are kept, and the flow goes on behind the gap.
    for number in 0..8 {
        assert_eq!(next(&mut slow).await.number, number);
    }
    bus.publish(&switched(20)).await.unwrap();
    assert_eq!(next(&mut slow).await.number, 20);
    assert_eq!(slow.dropped(), 12);
}

async fn a_slow_route_counts_what_it_loses(env: Env) {
    /// Number of messages that a subscription holds by default.
    const CAPACITY: u64 = 65_536;
    let bus = env.bus();
    let (gate, (begun, mut beginning)) = (Arc::new(Semaphore::new(0)), mpsc::unbounded_channel());
    let handler = {
        let gate = Arc::clone(&gate);
        move |event: Switched, _: Context| {
            let (gate, begun) = (Arc::clone(&gate), begun.clone());
            async move {
                begun.send(event.number)?;
                let _open = gate.acquire().await?;
                Ok(())
            }
        }
    };
    let route = Route::of::<Switched>(handler).concurrency(1);
    let running = Registry::new("lamps").route(route).start(&bus).await.unwrap();
    bus.publish(&switched(0)).await.unwrap();
    assert_eq!(soon(beginning.recv()).await, Some(0));
    for number in 1..=CAPACITY + 10 {
        bus.publish(&switched(number)).await.unwrap();
    }
    while running.report()[0].dropped < 10 {
        tokio::task::yield_now().await;
    }
    gate.add_permits(1);
    for number in 1..=CAPACITY {
        assert_eq!(soon(beginning.recv()).await, Some(number));
    }
    let report = soon(running.shutdown()).await;
    assert_eq!((report[0].handled, report[0].left, report[0].dropped), (CAPACITY + 1, 0, 10));
}
