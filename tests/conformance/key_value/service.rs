//! Services that watch a bucket: paused, without it, restarted, shut down, and several instances at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tidings::prelude::*;
use tidings::{HealthReason, RouteState, ServeError, Topology, WatchEvent};
use tidings_tests::eventually;
use tokio::sync::Semaphore;

use super::route::{Log, Told, expect, log, text};
use super::{Session, session};
use crate::support::env::{BY_AND_BY, Env, SHORT, never, soon};

scenarios! {
    every_bus:
        a_pause_tells_nothing_until_it_ends,
        a_bucket_that_is_missing_is_made_or_named,
        a_filter_is_checked_before_anything_is_touched,
        a_bucket_that_is_deleted_is_unhealthy_until_it_is_back,
        a_shutdown_lets_the_handler_end;
    also_on_threads:
        each_instance_is_told_and_what_it_publishes_is_stored_once;
    with_restart:
        a_restarted_server_is_told;
}

async fn a_pause_tells_nothing_until_it_ends(env: Env) {
    let bus = env.bus_with::<Session>().await;
    let sessions = bus.key_value::<Session>();
    let (log, mut told) = log();
    let registry = Registry::new("mirror").watch(Route::watch::<Session>(log));
    let running = registry.start(&bus).await.unwrap();
    expect(&mut told, &["current"]).await;
    let control = running.control();
    control.pause_watch::<Session>().unwrap();
    assert_eq!(control.status()[0].state, RouteState::Paused);
    assert!(!running.health().await.ready);
    sessions.put(&session("acme", 7, &[])).await.unwrap();
    never(SHORT, told.recv()).await;
    control.resume_watch::<Session>().unwrap();
    expect(&mut told, &["7="]).await;
    let error = control.pause_watch::<super::Code>().unwrap_err();
    assert_eq!(
        (error.message.as_str(), &*error.known),
        ("KV_codes", &["KV_sessions".to_owned()][..])
    );
    running.shutdown().await;
}

async fn a_bucket_that_is_missing_is_made_or_named(env: Env) {
    let bus = env.bus();
    let registry = || Registry::new("mirror").watch(Route::watch::<Session>(log().0));
    let plan = registry().plan(&bus).await.unwrap();
    assert_eq!(plan.to_string(), "stream KV_sessions: create, for $KV.sessions.>");
    let error = registry().streams(Topology::BindOnly).start(&bus).await.unwrap_err();
    let ServeError::Provision { message, .. } = &error else { panic!("{error:?}") };
    assert_eq!(message, "KV_sessions");
    let running = registry().start(&bus).await.unwrap();
    assert!(bus.stream::<Session>().config().await.unwrap().is_some());
    running.shutdown().await;
}

async fn a_filter_is_checked_before_anything_is_touched(env: Env) {
    let bus = env.bus();
    let route = Route::watch::<Session>(log().0).filter(Session::key_filter().tenant("a.b"));
    let error = Registry::new("mirror").watch(route).start(&bus).await.unwrap_err();
    assert!(matches!(&error, ServeError::Watch { bucket: "sessions", .. }), "{error:?}");
    assert!(error.to_string().contains("field `tenant`"), "{error}");
    let route =
        Route::watch::<Session>(log().0).retry(Retry::fixed(Duration::ZERO).max_attempts(0));
    let error = Registry::new("mirror").watch(route).start(&bus).await.unwrap_err();
    assert!(matches!(&error, ServeError::Option { option: "retry", .. }), "{error:?}");
    assert!(bus.stream::<Session>().config().await.unwrap().is_none(), "nothing was made");
}

async fn a_bucket_that_is_deleted_is_unhealthy_until_it_is_back(env: Env) {
    let bus = env.bus_with::<Session>().await;
    let (log, mut told) = log();
    let registry = Registry::new("mirror").watch(Route::watch::<Session>(log));
    let running = registry.start(&bus).await.unwrap();
    expect(&mut told, &["current"]).await;
    bus.stream::<Session>().delete().await.unwrap();
    eventually(BY_AND_BY, "the route says that the bucket is gone", || async {
        let health = running.health().await;
        let says = |reason: &HealthReason| match reason {
            HealthReason::Failing { route, error } => {
                route == "KV_sessions" && error.contains("bucket `sessions` was deleted")
            }
            _ => false,
        };
        if health.reasons.iter().any(says) { Ok(()) } else { Err(format!("{health:?}")) }
    })
    .await;
    bus.provision::<Session>().await.unwrap();
    expect(&mut told, &["resynchronised", "current"]).await;
    bus.key_value::<Session>().put(&session("acme", 7, &[])).await.unwrap();
    expect(&mut told, &["7="]).await;
    assert!(running.health().await.ready);
    running.shutdown().await;
}

async fn a_shutdown_lets_the_handler_end(env: Env) {
    let bus = env.bus_with::<Session>().await;
    let sessions = bus.key_value::<Session>();
    sessions.put(&session("acme", 7, &[])).await.unwrap();
    sessions.put(&session("acme", 8, &[])).await.unwrap();
    let (gate, (Log(sender), mut told)) = (Arc::new(Semaphore::new(0)), log());
    let handler = {
        let gate = Arc::clone(&gate);
        move |event: Told, cx: Context| {
            let (gate, sender) = (Arc::clone(&gate), sender.clone());
            async move {
                sender.send(text(&event))?;
                cx.shutting_down().await;
                gate.acquire().await?.forget();
                Ok(())
            }
        }
    };
    let registry = Registry::new("mirror").watch(Route::watch::<Session>(handler));
    let running = registry.start(&bus).await.unwrap();
    expect(&mut told, &["7="]).await;
    let shutdown = tokio::spawn(running.shutdown());
    gate.add_permits(1);
    let report = &soon(shutdown).await.unwrap()[0];
    assert_eq!((report.handled, report.aborted), (1, 0), "{report:?}");
    assert!(told.recv().await.is_none(), "nothing is begun any more");
}

#[derive(EventStream)]
#[stream(name = "GREETINGS", subjects("greetings.>"))]
struct Greetings;

/// An event without an id of its own.
#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "greetings.sent", stream = Greetings)]
struct Greeted {
    user: u64,
}

async fn each_instance_is_told_and_what_it_publishes_is_stored_once(env: Env) {
    let bus = env.bus_with::<Session>().await;
    bus.provision::<Greetings>().await.unwrap();
    let count = Arc::new(AtomicU64::new(0));
    let mut instances = Vec::new();
    for _ in 0..2 {
        let count = Arc::clone(&count);
        let handler = move |event: Told, cx: Context| {
            let count = Arc::clone(&count);
            async move {
                if let WatchEvent::Put(entry) = event {
                    cx.publish(&Greeted { user: entry.key.user }).await?;
                    count.fetch_add(1, Ordering::SeqCst);
                }
                Ok(())
            }
        };
        let registry = Registry::new("greeter").watch(Route::watch::<Session>(handler));
        instances.push(registry.start(&env.another_bus().await).await.unwrap());
    }
    for user in 0..20 {
        bus.key_value::<Session>().put(&session("acme", user, &[])).await.unwrap();
    }
    eventually(BY_AND_BY, "both have handled all", || async {
        let handled = count.load(Ordering::SeqCst);
        if handled == 40 { Ok(()) } else { Err(handled) }
    })
    .await;
    assert_eq!(bus.stream::<Greetings>().state().await.unwrap().messages, 20);
    for instance in instances {
        instance.shutdown().await;
    }
}

async fn a_restarted_server_is_told(mut env: Env) {
    let bus = env.bus_with::<Session>().await;
    let sessions = bus.key_value::<Session>();
    sessions.put(&session("acme", 7, &["lamp"])).await.unwrap();
    let (log, mut told) = log();
    let registry = Registry::new("mirror").watch(Route::watch::<Session>(log));
    let running = registry.start(&bus).await.unwrap();
    expect(&mut told, &["7=lamp", "current"]).await;
    env.crash().await;
    expect(&mut told, &["resynchronised", "7=lamp", "current"]).await;
    sessions.put(&session("acme", 8, &["back"])).await.unwrap();
    expect(&mut told, &["8=back"]).await;
    // A server that is away keeps no shutdown.
    running.shutdown().await;
}
