//! A route that is paused takes nothing, and others do.

use std::sync::Arc;

use tidings::prelude::*;
use tidings::{Control, RequestError, RouteState};
use tidings_tests::eventually;
use tokio::sync::{Semaphore, mpsc};

use crate::support::condition::state;
use crate::support::env::{Env, SHORT, SOON, never, soon};
use crate::support::handler_log::HandlerLog;
use crate::support::message::{Check, Parcels, Seen, Sent, Stock, Switched, sent, switched};
use crate::support::script::{Step, script, which};

scenarios! {
    every_bus:
        a_stream_s_events_go_to_another_instance,
        what_was_not_begun_is_given_back,
        a_core_event_goes_to_another_member,
        a_request_has_no_responders_meanwhile,
        who_waits_for_a_change_is_told_of_each,
        a_paused_registry_ends_like_any_other;
}

/// Subject of [`switched`].
const LAMPS: &str = "lamps.hall.switched";

fn is_paused(state: &RouteState) -> bool {
    *state == RouteState::Paused
}

/// Waits until the routes of `shop` hold so many messages.
async fn holds(bus: &Bus, messages: u64) {
    eventually(SOON, format!("{messages} are held"), || async {
        let state = bus.stream::<Parcels>().consumer_state("shop-parcels_sent").await.unwrap();
        if state.ack_pending == messages { Ok(()) } else { Err(state) }
    })
    .await;
}

/// Waits until so many routes of `shop` ask for messages: a pause or a resume has come to the server.
async fn ask(bus: &Bus, routes: u64) {
    eventually(SOON, format!("{routes} ask for messages"), || async {
        let state = bus.stream::<Parcels>().consumer_state("shop-parcels_sent").await.unwrap();
        if state.waiting == routes { Ok(()) } else { Err(state) }
    })
    .await;
}

async fn a_stream_s_events_go_to_another_instance(env: Env) {
    let (bus, log) = (env.bus(), HandlerLog::default());
    let mut running = Vec::new();
    for instance in ["a", "b"] {
        let route = Route::of::<Sent>(log.handler(instance)).retry(Retry::never());
        let bus = env.another_bus().await;
        running.push(Registry::new("shop").route(route).start(&bus).await.unwrap());
    }
    let control = running[0].control();
    control.pause::<Sent>().unwrap();
    assert_eq!(running[0].status()[0].state, RouteState::Paused);
    assert_eq!(running[1].status()[0].state, RouteState::Running);
    ask(&bus, 1).await;
    bus.publish_all((0..100).map(sent)).await.unwrap();
    log.wait_for(100, 100).await;
    assert!(log.entries().values().all(|by| *by == ["b"]), "{:?}", log.entries());
    // The other way round.
    running[1].control().pause::<Sent>().unwrap();
    ask(&bus, 0).await;
    control.resume::<Sent>().unwrap();
    ask(&bus, 1).await;
    bus.publish_all((100..200).map(sent)).await.unwrap();
    log.wait_for(200, 200).await;
    let late: Vec<_> = log.entries().into_iter().filter(|(number, _)| *number >= 100).collect();
    assert!(late.iter().all(|(_, by)| *by == ["a"]), "{late:?}");
    for running in running {
        running.shutdown().await;
    }
}

/// A message that was fetched ahead goes to others at once, and what is being handled is finished.
async fn what_was_not_begun_is_given_back(env: Env) {
    let bus = env.bus();
    let gate = Arc::new(Semaphore::new(0));
    let of_handler = Arc::clone(&gate);
    let (handler, mut calls) = script(move |number, _| match number {
        1 => Step::Await(Arc::clone(&of_handler)),
        _ => Step::Done,
    });
    let route = Route::of::<Sent>(handler).concurrency(1);
    let running = Registry::new("shop").route(route).start(&bus).await.unwrap();
    bus.publish_all((1..=2).map(sent)).await.unwrap();
    assert_eq!(calls.next().await.number, 1);
    holds(&bus, 2).await;
    let control = running.control();
    control.pause::<Sent>().unwrap();
    let (other, mut others) = script(|_, _| Step::Done);
    let route = Route::of::<Sent>(other).concurrency(1);
    let beside = Registry::new("shop").route(route).start(&env.another_bus().await).await.unwrap();
    assert_eq!(others.next().await.number, 2);
    gate.add_permits(1);
    holds(&bus, 0).await;
    eventually(SOON, "it is counted", || async { running.report()[0].handled == 1 }).await;
    calls.none_within(SHORT).await;
    others.none_within(SHORT).await;
    beside.shutdown().await;
    // Alone again it goes on where it stands.
    bus.publish(&sent(3)).await.unwrap();
    calls.none_within(SHORT).await;
    control.resume::<Sent>().unwrap();
    assert_eq!(which(&[calls.next().await]), [(3, 1)]);
    running.shutdown().await;
}

async fn a_core_event_goes_to_another_member(env: Env) {
    let bus = env.bus();
    let (sender, mut calls) = mpsc::unbounded_channel();
    let mut instances = Vec::new();
    for name in ["a", "b"] {
        let sender = sender.clone();
        let handler = move |event: Switched, _: Context| {
            let sent = sender.send((name, event.number));
            async move { Ok(sent?) }
        };
        let bus = env.another_bus().await;
        let registry = Registry::new("lamps").handle::<Switched>(handler);
        instances.push(registry.start(&bus).await.unwrap());
    }
    let [a, b] = [0, 1].map(|at| instances[at].control());
    a.pause::<Switched>().unwrap();
    env.listeners(LAMPS, 1).await;
    for number in 0..50 {
        bus.publish(&switched(number)).await.unwrap();
        assert_eq!(soon(calls.recv()).await, Some(("b", number)));
    }
    a.resume::<Switched>().unwrap();
    env.listeners(LAMPS, 2).await;
    b.pause::<Switched>().unwrap();
    env.listeners(LAMPS, 1).await;
    for number in 0..50 {
        bus.publish(&switched(number)).await.unwrap();
        assert_eq!(soon(calls.recv()).await, Some(("a", number)));
    }
    // With nobody there it is gone, as any event to which nobody listens.
    a.pause::<Switched>().unwrap();
    env.listeners(LAMPS, 0).await;
    bus.publish(&switched(99)).await.unwrap();
    never(SHORT, calls.recv()).await;
    for running in instances {
        soon(running.shutdown()).await;
    }
}

async fn a_request_has_no_responders_meanwhile(env: Env) {
    let bus = env.bus();
    let answer = async |_: Check, _: Context| Ok(Stock { available: 7 });
    let running = Registry::new("shop").handle::<Check>(answer);
    let running = running.start(&env.another_bus().await).await.unwrap();
    let control = running.control();
    let ask = || bus.request(&Check { quantity: 1 });
    assert!(ask().await.is_ok());
    control.pause::<Check>().unwrap();
    eventually(SOON, "no responders", || async {
        match ask().await {
            Err(RequestError::NoResponders { .. }) => Ok(()),
            answer => Err(answer),
        }
    })
    .await;
    control.resume::<Check>().unwrap();
    eventually(SOON, "an answer", || async { ask().await.map(drop) }).await;
    running.shutdown().await;
}

async fn who_waits_for_a_change_is_told_of_each(env: Env) {
    let bus = env.bus();
    let (handler, mut calls) = script(|_, _| Step::Done);
    let registry = Registry::new("shop").handle::<Sent>(handler);
    let control = registry.control();
    // Before it runs there is nothing to pause, and nothing to see.
    assert!(control.status().is_empty());
    let error = control.pause::<Sent>().unwrap_err();
    assert_eq!((error.message.as_str(), error.known.len()), ("parcels.sent", 0));
    let running = registry.start(&bus).await.unwrap();
    let unknown = control.resume::<Seen>().unwrap_err();
    assert_eq!(
        (unknown.message.as_str(), &*unknown.known),
        ("parcels.seen", &["parcels.sent".to_owned()][..])
    );
    assert!(unknown.to_string().contains("parcels.seen"), "{unknown}");

    let changed = control.changed();
    control.pause::<Sent>().unwrap();
    soon(changed).await;
    state(&control, is_paused).await;
    // Saying it again changes nothing.
    let changed = control.changed();
    control.pause::<Sent>().unwrap();
    never(SHORT, changed).await;
    let changed = control.changed();
    control.resume::<Sent>().unwrap();
    soon(changed).await;
    assert_eq!(control.status()[0].message, "parcels.sent");
    assert_eq!(control.status()[0].state, RouteState::Running);
    // However fast it goes to and fro, in the end it runs.
    for _ in 0..20 {
        control.pause::<Sent>().unwrap();
        tokio::task::yield_now().await;
        control.resume::<Sent>().unwrap();
        tokio::task::yield_now().await;
    }
    bus.publish_all((0..5).map(sent)).await.unwrap();
    calls.list(5).await;
    running.shutdown().await;
}

async fn a_paused_registry_ends_like_any_other(env: Env) {
    let bus = env.bus();
    let pause = |control: Control| {
        control.pause::<Sent>().unwrap();
        control.pause::<Switched>().unwrap();
    };
    let start = || {
        let gate = Arc::new(Semaphore::new(0));
        let of_handler = Arc::clone(&gate);
        let (handler, calls) = script(move |_, _| Step::Await(Arc::clone(&of_handler)));
        let switch = async |_: Switched, _: Context| Ok(());
        let registry = Registry::new("shop").handle::<Sent>(handler).handle::<Switched>(switch);
        let bus = bus.clone();
        async move { (registry.start(&bus).await.unwrap(), calls, gate) }
    };
    // Long before, just before, and while it ends.
    let (running, ..) = start().await;
    pause(running.control());
    ask(&bus, 0).await;
    env.listeners(LAMPS, 0).await;
    soon(running.shutdown()).await;

    let (running, mut calls, gate) = start().await;
    bus.publish(&sent(1)).await.unwrap();
    calls.next().await;
    pause(running.control());
    let ending = tokio::spawn(running.shutdown());
    gate.add_permits(1);
    assert_eq!(soon(ending).await.unwrap()[0].handled, 1);

    let (running, mut calls, gate) = start().await;
    bus.publish(&sent(2)).await.unwrap();
    calls.next().await;
    let control = running.control();
    let ending = tokio::spawn(running.shutdown());
    // It has begun once nobody listens any more.
    env.listeners(LAMPS, 0).await;
    pause(control.clone());
    control.resume::<Sent>().unwrap();
    gate.add_permits(1);
    assert_eq!(soon(ending).await.unwrap()[0].handled, 1);
    holds(&bus, 0).await;
}
