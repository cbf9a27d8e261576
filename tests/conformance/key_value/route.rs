//! Handlers of what becomes of a bucket.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tidings::prelude::*;
use tidings::{HealthReason, RouteState, ServeError, Topology, WatchEvent, WatchHandler};
use tidings_tests::eventually;
use tokio::sync::Semaphore;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use super::{Session, SessionKey, key, session};
use crate::support::env::{BY_AND_BY, Env, SHORT, SOON, never, soon, within};

scenarios! {
    every_bus:
        values_then_current_then_changes,
        a_handler_may_begin_elsewhere,
        a_failure_comes_again_and_what_follows_waits,
        what_is_given_up_keeps_nothing,
        another_type_is_counted_and_the_next_follows,
        a_handler_that_takes_too_long_is_dropped,
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

pub(super) type Told = WatchEvent<Session, SessionKey>;

pub(super) fn text(told: &Told) -> String {
    match told {
        WatchEvent::Put(entry) => format!("{}={}", entry.key.user, entry.value.cart.join("+")),
        WatchEvent::Removed(removal) => format!("{} {:?}", removal.key.user, removal.reason),
        WatchEvent::Current => "current".to_owned(),
        WatchEvent::Resynchronised => "resynchronised".to_owned(),
        other => panic!("{other:?}"),
    }
}

/// A handler that writes down what it is told.
pub(super) struct Log(pub(super) UnboundedSender<String>);

impl WatchHandler<Session> for Log {
    async fn handle(&self, event: Told, _cx: Context) -> Result<(), Failure> {
        Ok(self.0.send(text(&event))?)
    }
}

pub(super) fn log() -> (Log, UnboundedReceiver<String>) {
    let (sender, told) = mpsc::unbounded_channel();
    (Log(sender), told)
}

pub(super) async fn expect(told: &mut UnboundedReceiver<String>, expected: &[&str]) {
    for one in expected {
        assert_eq!(within(BY_AND_BY, told.recv()).await.as_deref(), Some(*one), "{expected:?}");
    }
}

async fn values_then_current_then_changes(env: Env) {
    let bus = env.bus_with::<Session>().await;
    let sessions = bus.key_value::<Session>();
    sessions.put(&session("acme", 7, &["lamp"])).await.unwrap();
    let (log, mut told) = log();
    let registry = Registry::new("mirror").watch(Route::watch::<Session>(log));
    let plan = registry.plan(&bus).await.unwrap();
    assert_eq!(plan.to_string(), "stream KV_sessions: nothing to do");
    let catalog = registry.catalog().unwrap();
    let service = catalog.services().next().unwrap();
    let handled = service.handles.iter().next().unwrap();
    assert_eq!((&*handled.of.message, &*handled.filter), ("KV_sessions", "$KV.sessions.*.*"));
    assert_eq!(catalog.get("KV_sessions", 1).unwrap().subject, "$KV.sessions.{tenant}.{user}");
    assert_eq!(catalog.streams().map(|(name, _)| name).collect::<Vec<_>>(), ["KV_sessions"]);
    let running = registry.start(&bus).await.unwrap();
    expect(&mut told, &["7=lamp", "current"]).await;
    sessions.put(&session("acme", 8, &["desk"])).await.unwrap();
    sessions.delete(&key("acme", 7)).await.unwrap();
    expect(&mut told, &["8=desk", "7 Deleted"]).await;
    assert!(running.health().await.ready);
    let status = running.status();
    assert_eq!(
        (status[0].message.as_str(), &status[0].state),
        ("KV_sessions", &RouteState::Running)
    );
    let report = running.shutdown().await;
    assert_eq!((report[0].message.as_str(), report[0].handled), ("KV_sessions", 4));
}

async fn a_handler_may_begin_elsewhere(env: Env) {
    let bus = env.bus_with::<Session>().await;
    let sessions = bus.key_value::<Session>();
    for item in ["a", "b"] {
        sessions.put(&session("acme", 7, &[item])).await.unwrap();
    }
    sessions.put(&session("other", 9, &[])).await.unwrap();
    let ((one, mut updates), (two, mut history)) = (log(), log());
    let running = Registry::new("mirror")
        .watch(Route::watch::<Session>(one).updates_only())
        .watch(
            Route::watch::<Session>(two)
                .with_history()
                .filter(Session::key_filter().tenant("acme")),
        )
        .start(&bus)
        .await
        .unwrap();
    expect(&mut updates, &["current"]).await;
    expect(&mut history, &["7=a", "7=b", "current"]).await;
    sessions.put(&session("other", 1, &[])).await.unwrap();
    sessions.put(&session("acme", 2, &[])).await.unwrap();
    expect(&mut updates, &["1=", "2="]).await;
    expect(&mut history, &["2="]).await;
    running.shutdown().await;
}

async fn a_failure_comes_again_and_what_follows_waits(env: Env) {
    let bus = env.bus_with::<Session>().await;
    let sessions = bus.key_value::<Session>();
    let (Log(sender), mut told) = log();
    let handler = move |event: Told, cx: Context| {
        let sender = sender.clone();
        async move {
            sender.send(format!("{} #{}", text(&event), cx.attempt()))?;
            match (&event, cx.attempt()) {
                (WatchEvent::Put(entry), 1) if entry.key.user == 7 => Err("not yet".into()),
                (WatchEvent::Put(entry), 2) if entry.key.user == 7 => panic!("nor now"),
                (WatchEvent::Put(entry), 3) if entry.key.user == 7 => {
                    Err(Failure::retry_after(Duration::from_millis(5), "still not"))
                }
                _ => Ok(()),
            }
        }
    };
    let retry = Retry::fixed(Duration::from_millis(10)).max_attempts(4);
    let route = Route::watch::<Session>(handler).retry(retry);
    let running = Registry::new("mirror").watch(route).start(&bus).await.unwrap();
    expect(&mut told, &["current #1"]).await;
    sessions.put(&session("acme", 7, &[])).await.unwrap();
    sessions.put(&session("acme", 8, &[])).await.unwrap();
    expect(&mut told, &["7= #1", "7= #2", "7= #3", "7= #4", "8= #1"]).await;
    let report = running.shutdown().await;
    let report = &report[0];
    let counts = (report.handled, report.retried, report.failed, report.panicked);
    assert_eq!(counts, (3, 3, 3, 1), "{report:?}");
}

async fn what_is_given_up_keeps_nothing(env: Env) {
    let bus = env.bus_with::<Session>().await;
    let sessions = bus.key_value::<Session>();
    let (Log(sender), mut told) = log();
    let handler = move |event: Told, _: Context| {
        let sender = sender.clone();
        async move {
            sender.send(text(&event))?;
            match event {
                WatchEvent::Put(entry) if entry.key.user == 1 => Err(Failure::reject("never")),
                WatchEvent::Put(entry) if entry.key.user == 2 => Err("again".into()),
                _ => Ok(()),
            }
        }
    };
    let route =
        Route::watch::<Session>(handler).retry(Retry::fixed(Duration::ZERO).max_attempts(2));
    let running = Registry::new("mirror").watch(route).start(&bus).await.unwrap();
    expect(&mut told, &["current"]).await;
    for user in 1..=3 {
        sessions.put(&session("acme", user, &[])).await.unwrap();
    }
    expect(&mut told, &["1=", "2=", "2=", "3="]).await;
    let control = running.control();
    eventually(SOON, "the route is well again", || async {
        control.status()[0].state == RouteState::Running
    })
    .await;
    let report = &running.shutdown().await[0];
    assert_eq!((report.handled, report.rejected, report.failed, report.retried), (2, 1, 2, 1));
}

async fn another_type_is_counted_and_the_next_follows(env: Env) {
    let bus = env.bus_with::<Session>().await;
    let (log, mut told) = log();
    let registry = Registry::new("mirror").watch(Route::watch::<Session>(log));
    let running = registry.start(&bus).await.unwrap();
    let text = bus.bucket::<u32>("sessions");
    text.put("acme.7", &42).await.unwrap();
    text.put("more.tokens.here", &44).await.unwrap();
    bus.key_value::<Session>().put(&session("acme", 8, &[])).await.unwrap();
    expect(&mut told, &["current", "8="]).await;
    let report = &running.shutdown().await[0];
    assert_eq!((report.handled, report.undecodable), (2, 2), "{report:?}");
}

async fn a_handler_that_takes_too_long_is_dropped(env: Env) {
    let bus = env.bus_with::<Session>().await;
    let (Log(sender), mut told) = log();
    let handler = move |event: Told, cx: Context| {
        let sender = sender.clone();
        async move {
            sender.send(text(&event))?;
            if cx.attempt() == 1 && matches!(event, WatchEvent::Put(_)) {
                std::future::pending::<()>().await;
            }
            Ok(())
        }
    };
    let route = Route::watch::<Session>(handler)
        .deadline(Duration::from_millis(50))
        .retry(Retry::fixed(Duration::ZERO).max_attempts(2));
    let running = Registry::new("mirror").watch(route).start(&bus).await.unwrap();
    expect(&mut told, &["current"]).await;
    bus.key_value::<Session>().put(&session("acme", 7, &[])).await.unwrap();
    expect(&mut told, &["7=", "7="]).await;
    let report = &running.shutdown().await[0];
    assert_eq!((report.handled, report.overdue), (2, 1), "{report:?}");
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
