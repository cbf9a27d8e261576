//! Layers around handlers of what becomes of a bucket.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tidings::prelude::*;
use tidings::{BoxError, HandlerRequest, HandlerService, WatchEvent};
use tokio::sync::mpsc;
use tower::layer::layer_fn;
use tower::timeout::TimeoutLayer;
use tower::{Service as _, service_fn};

use super::route::{Log, Told, expect, log, text};
use super::{Session, session};
use crate::support::env::{Env, SHORT};

scenarios! {
    every_bus:
        layers_are_around_the_handler,
        what_a_layer_refuses_comes_again;
}

/// A mark that a layer puts beside a change, for its handler.
#[derive(Clone)]
struct Seen(String);

async fn layers_are_around_the_handler(env: Env) {
    let bus = env.bus_with::<Session>().await;
    let sessions = bus.key_value::<Session>();
    sessions.put(&session("acme", 7, &["lamp"])).await.unwrap();
    let (sender, mut told) = mpsc::unbounded_channel();
    let layer = |name: &'static str| {
        let sender = sender.clone();
        layer_fn(move |inner: HandlerService| {
            let sender = sender.clone();
            service_fn(move |request: HandlerRequest| {
                let (mut inner, sender) = (inner.clone(), sender.clone());
                async move {
                    assert!(!request.is_batch() && request.messages() == 1);
                    let (route, message) = (request.route().to_owned(), request.message());
                    let (template, subject) = (request.template(), request.subject());
                    let empty = request.payload_size() == 0;
                    sender.send(format!(
                        "{name}: {route} {message} {template} {subject:?} {empty}"
                    ))?;
                    request.insert(Seen(name.to_owned()));
                    let result = inner.call(request).await;
                    sender.send(format!("{name}: {}", result.is_ok()))?;
                    result as Result<_, BoxError>
                }
            })
        })
    };
    let own = sender.clone();
    let handler = move |event: Told, cx: Context| {
        let own = own.clone();
        async move {
            let seen: Seen = cx.get().ok_or_else(|| Failure::reject("no layer"))?;
            own.send(format!("{} in {}", text(&event), seen.0))?;
            Ok(())
        }
    };
    let route = Route::watch::<Session>(handler).layer(layer("inner"));
    let registry = Registry::new("mirror").watch(route).layer(layer("outer"));
    let running = registry.start(&bus).await.unwrap();
    let of = "KV_sessions KV_sessions $KV.sessions.>";
    expect(
        &mut told,
        &[
            &format!("outer: {of} \"$KV.sessions.acme.7\" false"),
            &format!("inner: {of} \"$KV.sessions.acme.7\" false"),
            "7=lamp in inner",
            "inner: true",
            "outer: true",
            &format!("outer: {of} \"\" true"),
            &format!("inner: {of} \"\" true"),
            "current in inner",
            "inner: true",
            "outer: true",
        ],
    )
    .await;
    running.shutdown().await;
}

async fn what_a_layer_refuses_comes_again(env: Env) {
    let bus = env.bus_with::<Session>().await;
    let (Log(sender), mut told) = log();
    let hangs = Arc::new(AtomicU64::new(2));
    let handler = move |event: Told, cx: Context| {
        let (sender, hangs) = (sender.clone(), Arc::clone(&hangs));
        async move {
            let is_change = matches!(event, WatchEvent::Put(_));
            sender.send(format!("{} #{}", text(&event), cx.attempt()))?;
            let left = hangs.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                if is_change { left.checked_sub(1) } else { None }
            });
            if left.is_ok() {
                std::future::pending::<()>().await;
            }
            Ok(())
        }
    };
    let route = Route::watch::<Session>(handler)
        .retry(Retry::fixed(Duration::from_millis(5)))
        .layer(TimeoutLayer::new(SHORT));
    let running = Registry::new("mirror").watch(route).start(&bus).await.unwrap();
    expect(&mut told, &["current #1"]).await;
    bus.key_value::<Session>().put(&session("acme", 7, &[])).await.unwrap();
    expect(&mut told, &["7= #1", "7= #2", "7= #3"]).await;
    let report = running.shutdown().await;
    assert_eq!((report[0].handled, report[0].retried), (2, 2), "{report:?}");
}
