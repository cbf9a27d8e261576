//! Handlers of what becomes of a bucket.

use tidings::prelude::*;
use tidings::{RouteState, WatchEvent, WatchHandler};
use tidings_tests::eventually;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use super::{Session, SessionKey, key, session};
use crate::support::env::{BY_AND_BY, Env, SOON, within};

scenarios! {
    every_bus:
        values_then_current_then_changes,
        a_handler_may_begin_elsewhere,
        a_failure_comes_again_and_what_follows_waits,
        what_is_given_up_keeps_nothing,
        another_type_is_counted_and_the_next_follows,
        a_handler_that_takes_too_long_is_dropped;
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
