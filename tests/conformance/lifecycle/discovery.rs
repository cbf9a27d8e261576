//! Service discovery: who is there, what it offers and how it fares.

use std::time::Duration;

use tidings::prelude::*;
use tidings::{RequestError, ServiceInfo};
use tidings_tests::eventually;

use crate::support::env::{Env, SHORT, SOON, soon};
use crate::support::message::{Check, Echo, OutOfStock, Sent, Stock, Switched};

scenarios! {
    every_bus:
        a_service_tells_what_it_is_and_offers,
        a_service_tells_how_it_fares,
        every_instance_answers_for_itself,
        a_service_of_events_alone_is_found;
}

/// Two endpoints; it has ten of everything, and an echo that wants to hear something.
fn warehouse() -> Registry {
    let check = |ask: Check, _: Context| async move {
        if ask.quantity > 10 {
            Err(OutOfStock { available: 10 })
        } else {
            Ok(Stock { available: 10 })
        }
    };
    let echo = |ask: Echo, _: Context| async move {
        if ask.text.is_empty() { Err(Failure::public("nothing to say")) } else { Ok(ask.text) }
    };
    Registry::new("warehouse")
        .version("1.4.0")
        .description("Knows what there is.")
        .metadata("team", "parcels")
        .handle::<Check>(check)
        .handle::<Echo>(echo)
}

/// Asks until there are so many: how long an answer takes is not promised.
async fn discover(bus: &Bus, count: usize) -> Vec<ServiceInfo> {
    eventually(SOON, format!("{count} services"), || async {
        let found = bus.discover(SHORT).await.map_err(|error| error.to_string())?;
        let whole =
            |service: &ServiceInfo| service.round_trip.is_some() && !service.started.is_empty();
        let all = found.len() == count && found.iter().all(whole);
        if all { Ok(found) } else { Err(format!("{found:?}")) }
    })
    .await
}

async fn a_service_tells_what_it_is_and_offers(env: Env) {
    let bus = env.another_bus().await;
    assert!(bus.discover(SHORT).await.unwrap().is_empty(), "nobody is there");
    let running = warehouse().start(&env.bus()).await.unwrap();
    let service = discover(&bus, 1).await.remove(0);
    assert_eq!((service.name.as_str(), service.version.as_str()), ("warehouse", "1.4.0"));
    assert_eq!(service.description, "Knows what there is.");
    assert_eq!(service.metadata.get("team").map(String::as_str), Some("parcels"));
    assert!(!service.id.is_empty());
    assert!(service.round_trip.is_some_and(|took| took <= SHORT));
    let offers: Vec<_> = service
        .endpoints
        .iter()
        .map(|e| (e.name.as_str(), e.subject.as_str(), e.queue_group.as_str()))
        .collect();
    assert_eq!(offers, [("stock-check", "stock.check", "q"), ("echo-say", "echo.*.say", "q")]);
    assert_eq!(service.endpoints[0].metadata["message"], "stock.check.v1");
    running.shutdown().await;
    assert!(bus.discover(SHORT).await.unwrap().is_empty(), "it has gone");
}

async fn a_service_tells_how_it_fares(env: Env) {
    let bus = env.another_bus().await;
    let _running = warehouse().start(&env.bus()).await.unwrap();
    for quantity in [1, 2, 11] {
        drop(soon(bus.request(&Check { quantity })).await);
    }
    let mute = Echo { room: "hall".into(), text: String::new() };
    let error = soon(bus.request(&mute)).await;
    assert!(matches!(error, Err(RequestError::Service { code: 500, .. })), "{error:?}");
    let service = discover(&bus, 1).await.remove(0);
    let counts: Vec<_> =
        service.endpoints.iter().map(|e| (e.requests, e.errors, e.last_error.as_str())).collect();
    assert_eq!(counts, [(3, 1, "only 10 left"), (1, 1, "nothing to say")]);
    assert!(service.endpoints.iter().all(|e| e.processing_time > Duration::ZERO));
}

async fn every_instance_answers_for_itself(env: Env) {
    let mut running = Vec::new();
    for _ in 0..3 {
        running.push(warehouse().start(&env.another_bus().await).await.unwrap());
    }
    let events = Registry::new("billing")
        .handle::<Check>(|_: Check, _: Context| async { Err(OutOfStock { available: 0 }) });
    running.push(events.start(&env.bus()).await.unwrap());
    let found = discover(&env.bus(), 4).await;
    let names: Vec<_> = found.iter().map(|service| service.name.as_str()).collect();
    assert_eq!(names, ["billing", "warehouse", "warehouse", "warehouse"]);
    let ids: std::collections::HashSet<_> = found.iter().map(|service| &service.id).collect();
    assert_eq!(ids.len(), 4);
    // One of them answers a request, and one counts it.
    soon(env.bus().request(&Echo { room: "hall".into(), text: "who".into() })).await.unwrap();
    let found = discover(&env.bus(), 4).await;
    let requests = found.iter().flat_map(|s| &s.endpoints).map(|e| e.requests).sum::<u64>();
    assert_eq!(requests, 1);
    running.remove(0).shutdown().await;
    assert_eq!(discover(&env.bus(), 3).await.len(), 3);
}

/// A service that answers no request says who it is all the same.
async fn a_service_of_events_alone_is_found(env: Env) {
    let bus = env.another_bus().await;
    let route = Route::of::<Sent>(|_: Sent, _: Context| async { Ok(()) });
    let stored = Registry::new("packers").version("2.0.1").route(route);
    let route = Route::of::<Switched>(|_: Switched, _: Context| async { Ok(()) });
    let live = Registry::new("lamps").description("Counts lamps.").route(route);
    let running = [stored.start(&env.bus()).await.unwrap(), live.start(&env.bus()).await.unwrap()];
    let found = discover(&bus, 2).await;
    let told: Vec<_> = found
        .iter()
        .map(|s| (s.name.as_str(), s.version.as_str(), s.description.as_str(), s.endpoints.len()))
        .collect();
    assert_eq!(told, [("lamps", "0.0.0", "Counts lamps.", 0), ("packers", "2.0.1", "", 0)]);
    for running in running {
        running.shutdown().await;
    }
    assert!(bus.discover(SHORT).await.unwrap().is_empty(), "they have gone");
}
