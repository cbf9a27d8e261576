//! A bus and a registry say whether they are ready, and why not.

use std::sync::Arc;

use tidings::prelude::*;
use tidings::{CircuitBreaker, HealthReason, HealthThresholds};
use tidings_tests::eventually;
use tokio::sync::Notify;

use crate::support::env::{Env, SHORT, SOON, soon};
use crate::support::message::{Parcels, Sent, sent};
use crate::support::script::{Step, script};

scenarios! {
    every_bus:
        a_registry_is_ready_until_it_is_paused,
        a_lag_over_its_threshold_is_a_reason,
        a_consumer_that_is_gone_is_a_reason,
        retries_that_take_all_places_are_a_reason,
        a_breaker_that_is_open_is_a_reason,
        a_registry_that_shuts_down_says_so_elsewhere,
        a_closed_bus_is_not_live;
}

async fn a_registry_is_ready_until_it_is_paused(env: Env) {
    let bus = env.bus();
    let (handler, _calls) = script(|_, _| Step::Done);
    let running = Registry::new("shop").handle::<Sent>(handler).start(&bus).await.unwrap();
    let health = eventually(SOON, "it is ready", || async {
        let health = running.health().await;
        if health.ready { Ok(health) } else { Err(health) }
    });
    let health = health.await;
    assert!(health.live && health.reasons.is_empty());
    assert!(bus.health().await.ready);
    running.control().pause::<Sent>().unwrap();
    let health = running.health().await;
    assert!(health.live && !health.ready);
    assert!(matches!(&*health.reasons, [HealthReason::Paused { .. }]), "{health:?}");
    let json = serde_json::to_value(&health).unwrap();
    assert_eq!(json["reasons"][0]["reason"], "paused");
    running.shutdown().await;
}

async fn a_registry_that_shuts_down_says_so_elsewhere(env: Env) {
    let bus = env.bus();
    let (begun, mut begins) = tokio::sync::mpsc::unbounded_channel();
    let end = Arc::new(Notify::new());
    let waits = Arc::clone(&end);
    let handler = move |_: Sent, _: Context| {
        let (begun, waits) = (begun.clone(), Arc::clone(&waits));
        async move {
            begun.send(())?;
            waits.notified().await;
            Ok(())
        }
    };
    let running = Registry::new("shop").handle::<Sent>(handler).start(&bus).await.unwrap();
    let probe = running.health_probe();
    eventually(SOON, "it is ready", || async {
        let health = probe.health().await;
        if health.ready && health == running.health().await { Ok(()) } else { Err(health) }
    })
    .await;
    bus.publish(&sent(1)).await.unwrap();
    soon(begins.recv()).await.unwrap();
    let shutdown = tokio::spawn(running.shutdown());
    eventually(SOON, "it is told while the handler runs", || async {
        let health = probe.health().await;
        if health.reasons == [HealthReason::Stopping] { Ok(()) } else { Err(health) }
    })
    .await;
    assert!(!shutdown.is_finished());
    end.notify_one();
    assert_eq!(soon(shutdown).await.unwrap()[0].handled, 1);
    let health = probe.health().await;
    assert!(health.live && !health.ready, "{health:?}");
    let json = serde_json::to_value(&health).unwrap();
    assert_eq!(json["reasons"][0]["reason"], "stopping");
}

async fn a_lag_over_its_threshold_is_a_reason(env: Env) {
    let bus = env.bus();
    let (handler, _calls) = script(|_, _| Step::Done);
    let running = Registry::new("shop").handle::<Sent>(handler).start(&bus).await.unwrap();
    running.control().pause::<Sent>().unwrap();
    let thresholds = HealthThresholds::new().max_lag(2);
    for number in 0..40 {
        bus.publish(&sent(number)).await.unwrap();
    }
    eventually(SOON, "the lag is told", || async {
        let health = running.health_by(&thresholds).await;
        let is_lag = |reason: &HealthReason| {
            matches!(reason, HealthReason::Lag { limit: 2, pending, .. } if *pending > 2)
        };
        if health.reasons.iter().any(is_lag) { Ok(()) } else { Err(health) }
    })
    .await;
    running.control().resume::<Sent>().unwrap();
    eventually(SOON, "it is worked off", || async {
        let health = running.health_by(&thresholds).await;
        if health.ready { Ok(()) } else { Err(health) }
    })
    .await;
    running.shutdown().await;
}

async fn a_consumer_that_is_gone_is_a_reason(env: Env) {
    let bus = env.bus();
    let (handler, _calls) = script(|_, _| Step::Done);
    let registry = Registry::new("shop").consumers(tidings::Topology::BindOnly);
    let (maker, _made) = script(|_, _| Step::Done);
    Registry::new("shop").handle::<Sent>(maker).start(&bus).await.unwrap().shutdown().await;
    let running = registry.handle::<Sent>(handler).start(&bus).await.unwrap();
    bus.stream::<Parcels>().delete_consumer("shop-parcels_sent").await.unwrap();
    eventually(SOON, "the consumer is missed", || async {
        let health = running.health().await;
        let is_gone = |reason: &HealthReason| matches!(reason, HealthReason::Consumer { .. });
        if health.reasons.iter().any(is_gone) { Ok(()) } else { Err(health) }
    })
    .await;
    running.shutdown().await;
}

async fn retries_that_take_all_places_are_a_reason(env: Env) {
    let bus = env.bus();
    let (handler, _calls) = script(|_, _| Step::Fail(Failure::retry("down")));
    let route = Route::of::<Sent>(handler).max_ack_pending(3).retry(Retry::fixed(SHORT));
    let running = Registry::new("shop").route(route).start(&bus).await.unwrap();
    for number in 0..5 {
        bus.publish(&sent(number)).await.unwrap();
    }
    let thresholds = HealthThresholds::new().max_redelivered(2);
    eventually(SOON, "both are told", || async {
        let health = running.health_by(&thresholds).await;
        let is_full =
            |reason: &HealthReason| matches!(reason, HealthReason::Full { max_ack_pending: 3, .. });
        let is_told = |reason: &HealthReason| {
            matches!(reason, HealthReason::Redelivered { redelivered: 3, limit: 2, .. })
        };
        let reasons = &health.reasons;
        let told = reasons.iter().any(is_full) && reasons.iter().any(is_told);
        if told && health.live && !health.ready { Ok(()) } else { Err(health) }
    })
    .await;
    running.shutdown().await;
}

async fn a_breaker_that_is_open_is_a_reason(env: Env) {
    let bus = env.bus();
    let (handler, _calls) = script(|_, _| Step::Fail(Failure::retry("down")));
    let route = Route::of::<Sent>(handler).circuit_breaker(CircuitBreaker::after(2));
    let running = Registry::new("shop").route(route).start(&bus).await.unwrap();
    for number in 0..3 {
        bus.publish(&sent(number)).await.unwrap();
    }
    eventually(SOON, "it is open", || async {
        let health = running.health().await;
        let is_open = |reason: &HealthReason| matches!(reason, HealthReason::Open { route, .. } if route == "parcels.sent");
        if health.live && health.reasons.iter().any(is_open) { Ok(()) } else { Err(health) }
    })
    .await;
    running.shutdown().await;
}

async fn a_closed_bus_is_not_live(env: Env) {
    let bus = env.another_bus().await;
    let other = bus.clone();
    bus.close().await.unwrap();
    let health = other.health().await;
    assert!(!health.live && !health.ready);
    assert_eq!(health.reasons, [HealthReason::Closed]);
}
