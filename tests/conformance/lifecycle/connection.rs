//! A bus says how its connection is, and what becomes of it.

use futures_util::StreamExt;
use tidings::{ConnectionEventKind, ConnectionEvents, ConnectionStatus};
use tokio::time::timeout;

use crate::support::env::{Env, SOON};
use crate::support::message::{Switched, switched};

scenarios! {
    every_bus:
        a_bus_is_connected_and_then_closed,
        events_end_with_the_last_handle_of_a_bus,
        what_a_slow_listener_loses_is_an_event;
}

async fn next(events: &mut ConnectionEvents) -> ConnectionEventKind {
    let event = timeout(SOON, events.next()).await.expect("an event in time");
    event.expect("an event").kind
}

async fn a_bus_is_connected_and_then_closed(env: Env) {
    let bus = env.another_bus().await;
    let mut events = bus.events();
    assert_eq!(bus.state().status, ConnectionStatus::Connected);
    assert_eq!(next(&mut events).await, ConnectionEventKind::Connected);
    let other = bus.clone();
    bus.close().await.expect("closed in order");
    assert_eq!(other.state().status, ConnectionStatus::Closed);
    loop {
        match next(&mut events).await {
            // What happens as listening begins may be told twice.
            ConnectionEventKind::Connected => {}
            kind => break assert_eq!(kind, ConnectionEventKind::Closed),
        }
    }
    assert_eq!(events.next().await, None);
    // Who comes later is told the same.
    let mut events = other.events();
    assert_eq!(next(&mut events).await, ConnectionEventKind::Closed);
    assert_eq!(StreamExt::next(&mut events).await, None);
}

async fn events_end_with_the_last_handle_of_a_bus(env: Env) {
    let bus = env.bus_with_options(|options| options).await;
    let mut events = bus.events();
    drop(bus);
    while next(&mut events).await != ConnectionEventKind::Closed {}
    assert_eq!(events.next().await, None);
}

async fn what_a_slow_listener_loses_is_an_event(env: Env) {
    let bus = env.bus();
    let mut events = bus.events();
    let slow = bus.subscribe::<Switched>().capacity(1).await.expect("a subscription");
    for number in 0..5 {
        bus.publish(&switched(number)).await.expect("published");
    }
    bus.flush().await.expect("flushed");
    loop {
        if let ConnectionEventKind::SlowConsumer { filter, dropped } = next(&mut events).await {
            assert_eq!(dropped, 1, "one event for each power of two");
            break assert!(filter.is_some_and(|filter| filter.contains('*')), "it is named");
        }
    }
    drop(slow);
}
