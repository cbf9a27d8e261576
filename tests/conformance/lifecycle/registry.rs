//! Registries: whole services, beside and after each other.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tidings::ServeError;
use tidings::prelude::*;
use tokio::sync::{Barrier, mpsc};

use crate::support::env::{Env, SHORT, never, soon};
use crate::support::handler_log::HandlerLog;
use crate::support::message::{Find, Seen, Sent, Switched, Tallied, Tally, audit, sent};

scenarios! {
    every_bus:
        two_registries_of_one_name_share,
        two_registries_of_two_names_each_get_all,
        streams_and_consumers_are_created_by_name,
        bad_registries_are_refused,
        a_request_under_another_ones_stream_does_not_start;
}

/// A handler that sends on the number of what it handles.
fn recorder(sender: mpsc::UnboundedSender<u64>) -> impl Handler<Sent> {
    move |event: Sent, _: Context| {
        std::future::ready(sender.send(event.number).map_err(Failure::from))
    }
}

async fn two_registries_of_one_name_share(env: Env) {
    let log = HandlerLog::default();
    // Neither instance goes on before both hold an event: a quick one can't take them all.
    let both = Arc::new(Barrier::new(2));
    let mut running = Vec::new();
    for instance in ["a", "b"] {
        let (log, both) = (log.clone(), both.clone());
        let first = AtomicBool::new(true);
        let handler = move |event: Sent, _: Context| {
            let (log, both) = (log.clone(), both.clone());
            let first = first.swap(false, Ordering::Relaxed);
            async move {
                if first {
                    both.wait().await;
                }
                log.enter(instance, event.number);
                Ok(())
            }
        };
        let route = Route::of::<Sent>(handler).concurrency(1);
        let bus = env.another_bus().await;
        running.push(Registry::new("shop").route(route).start(&bus).await.unwrap());
    }
    env.bus().publish_all((0..200).map(sent)).await.unwrap();
    log.wait_for(200, 200).await;
    never(SHORT, log.wait_for(200, 201)).await;
    let entries = log.entries();
    assert!(entries.values().all(|instances| instances.len() == 1), "each once");
    for instance in ["a", "b"] {
        assert!(entries.values().any(|by| by[0] == instance), "{instance} worked");
    }
    for registry in running {
        registry.shutdown().await;
    }
}

async fn two_registries_of_two_names_each_get_all(env: Env) {
    let log = HandlerLog::default();
    let mut running = Vec::new();
    for name in ["billing", "shipping"] {
        let registry = Registry::new(name).handle::<Sent>(log.handler(name));
        running.push(registry.start(&env.bus()).await.unwrap());
    }
    env.bus().publish_all((0..50).map(sent)).await.unwrap();
    log.wait_for(50, 100).await;
    for mut by in log.entries().into_values() {
        by.sort_unstable();
        assert_eq!(by, ["billing", "shipping"]);
    }
    for registry in running {
        registry.shutdown().await;
    }
}

async fn streams_and_consumers_are_created_by_name(env: Env) {
    let bus = env.bus();
    let (sender, mut numbers) = mpsc::unbounded_channel();
    let start = || Registry::new("shop").handle::<Sent>(recorder(sender.clone())).start(&bus);
    start().await.unwrap().shutdown().await;
    bus.publish(&sent(1)).await.unwrap();
    // A name without the Rust type's: renaming the type keeps the consumer's place.
    let mut by_hand = bus.consume::<Sent>("shop-parcels_sent").await.unwrap();
    soon(by_hand.next()).await.unwrap().unwrap().ack_confirmed().await.unwrap();
    drop(by_hand);
    bus.publish(&sent(2)).await.unwrap();
    let running = start().await.unwrap();
    assert_eq!(soon(numbers.recv()).await, Some(2));
    running.shutdown().await;
}

async fn bad_registries_are_refused(env: Env) {
    #[derive(Debug, Event)]
    enum Unnamed {
        Sent(Sent),
        Seen(Seen),
    }
    let bus = env.bus();
    let (sender, _numbers) = mpsc::unbounded_channel();
    let record = || recorder(sender.clone());
    let start = |registry: Registry| {
        let bus = bus.clone();
        async move { registry.start(&bus).await.map(drop).unwrap_err() }
    };
    for name in ["", "my shop", "a.b", "é"] {
        let error = start(Registry::new(name).handle::<Sent>(record())).await;
        assert!(matches!(&error, ServeError::Name { name: said } if said == name), "{error:?}");
    }
    let error = start(Registry::new("shop").version("1").handle::<Sent>(record())).await;
    assert!(matches!(error, ServeError::Version { .. }), "{error:?}");
    let error = start(Registry::new("shop")).await;
    assert!(matches!(error, ServeError::Empty { .. }), "{error:?}");
    let twice = Registry::new("shop").handle::<Sent>(record()).handle::<Sent>(record());
    let error = start(twice).await;
    assert!(error.to_string().contains("shop-parcels_sent"), "{error}");
    let find = |_: Find, _: Context| async { Ok(String::new()) };
    let switch = |_: Switched, _: Context| async { Ok(()) };
    let misplaced = [
        (Registry::new("shop").route(Route::of::<Find>(find).retry(Retry::default())), "retry"),
        (Registry::new("shop").route(Route::of::<Switched>(switch).durable("d")), "durable"),
        (Registry::new("shop").route(Route::of::<Sent>(record()).queue_group("g")), "queue_group"),
        (Registry::new("shop").route(Route::of::<Sent>(record()).concurrency(0)), "concurrency"),
    ];
    for (registry, misplaced) in misplaced {
        let error = start(registry).await;
        assert!(
            matches!(&error, ServeError::Option { option, .. } if *option == misplaced),
            "{error:?}"
        );
    }
    let error = start(Registry::new("shop").handle::<Find>(find).handle::<Sent>(record())).await;
    assert!(
        matches!(&error, ServeError::RequestInStream { stream, .. } if stream == "PARCELS"),
        "the stream would answer in the handler's stead: {error:?}"
    );
    let ignore = |event: Unnamed, _: Context| {
        drop(event);
        std::future::ready(Ok(()))
    };
    let error = start(Registry::new("shop").handle::<Unnamed>(ignore)).await;
    assert!(matches!(error, ServeError::Unnamed { .. }), "{error:?}");
    let named = Route::of::<Unnamed>(ignore).durable("everything");
    Registry::new("shop").route(named).start(&bus).await.unwrap().shutdown().await;
}

/// Request under a stream of another program: that would answer before the handler.
async fn a_request_under_another_ones_stream_does_not_start(env: Env) {
    let bus = env.bus();
    let registry = || {
        let tally = |_: Tally, _: Context| async { Ok(Tallied { total: None }) };
        let record = |_: Sent, _: Context| async { Ok(()) };
        Registry::new("stock").handle::<Sent>(record).handle::<Tally>(tally)
    };
    audit(&bus, |_| {}).await;
    for error in [
        soon(registry().start(&bus)).await.map(drop).unwrap_err(),
        soon(registry().plan(&bus)).await.map(drop).unwrap_err(),
    ] {
        let ServeError::RequestInStream { message, subject, stream } = &error else {
            panic!("{error:?}")
        };
        assert_eq!(
            (message.as_str(), *subject, stream.as_str()),
            ("stock.tally", "stock.tally", "AUDIT")
        );
    }
    assert!(bus.discover(SHORT).await.unwrap().is_empty(), "nothing of it listens");
    // One that answers nobody may keep what is asked.
    audit(&bus, |config| config.no_ack = true).await;
    registry().plan(&bus).await.unwrap();
    soon(registry().start(&bus)).await.unwrap().shutdown().await;
}
