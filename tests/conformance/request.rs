//! Asking and answering.

use std::time::Duration;

use futures_util::future::join_all;
use tidings::prelude::*;
use tidings::{RequestError, Running};
use tokio::time::Instant;

use crate::env::{Env, SOON, soon};
use crate::message::{Check, Echo, GarbledCheck, MisreadCheck, OutOfStock, Stock};

/// A warehouse with ten pieces; 999 makes it panic, 1000 slow.
async fn warehouse(bus: &Bus) -> Running {
    let check = |ask: Check, _: Context| async move {
        assert_ne!(ask.quantity, 999, "a deliberate panic");
        if ask.quantity == 1000 {
            tokio::time::sleep(Duration::from_secs(60)).await;
        }
        if ask.quantity > 10 {
            Err(OutOfStock { available: 10 })
        } else {
            Ok(Stock { available: 10 })
        }
    };
    let echo = |ask: Echo, cx: Context| async move {
        if ask.text.is_empty() {
            return Err(Failure::retry("nothing to say\r\nin two lines"));
        }
        Ok(format!("{} in {}", ask.text, cx.tokens::<Echo>()?.room))
    };
    let registry = Registry::new("warehouse").handle::<Check>(check).handle::<Echo>(echo);
    registry.start(bus).await.unwrap()
}

fn echo(text: &str) -> Echo {
    Echo { room: "hall".into(), text: text.into() }
}

pub(crate) async fn a_request_is_answered(env: Env) {
    let running = warehouse(&env.bus()).await;
    let bus = env.another_bus().await;
    assert_eq!(bus.request(&Check { quantity: 3 }).await.unwrap(), Stock { available: 10 });
    let ask = echo("hello");
    let options = bus.message(&ask).header("tenant", "acme").timeout(SOON);
    assert_eq!(options.request().await.unwrap(), "hello in hall");
    running.shutdown().await;
}

pub(crate) async fn a_declared_error_travels(env: Env) {
    let running = warehouse(&env.bus()).await;
    let error = env.another_bus().await.request(&Check { quantity: 11 }).await.unwrap_err();
    assert!(matches!(&error, RequestError::Declared(OutOfStock { available: 10 })), "{error:?}");
    assert_eq!(running.shutdown().await[0].handled, 1);
}

pub(crate) async fn an_undeclared_error_is_an_error_reply(env: Env) {
    let running = warehouse(&env.bus()).await;
    match soon(env.bus().request(&echo(""))).await.unwrap_err() {
        RequestError::Service { code, description, subject, .. } => {
            assert_eq!((code, subject.as_str()), (500, "echo.hall.say"));
            assert_eq!(description, "nothing to say  in two lines");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(running.shutdown().await[1].failed, 1);
}

pub(crate) async fn a_panic_is_an_error_reply_at_once(env: Env) {
    let running = warehouse(&env.bus()).await;
    let begun = Instant::now();
    match env.bus().request(&Check { quantity: 999 }).await.unwrap_err() {
        RequestError::Service { code: 500, description, .. } => {
            assert!(description.contains("a deliberate panic"), "{description}");
        }
        other => panic!("{other:?}"),
    }
    assert!(begun.elapsed() < Duration::from_secs(3), "no timeout");
    // The service goes on.
    assert!(env.bus().request(&Check { quantity: 1 }).await.is_ok());
    assert_eq!(running.shutdown().await[0].panicked, 1);
}

pub(crate) async fn an_undecodable_request_is_an_error_reply_at_once(env: Env) {
    let running = warehouse(&env.bus()).await;
    match env.bus().request(&GarbledCheck { nonsense: "x".into() }).await.unwrap_err() {
        RequestError::Service { code: 400, description, .. } => {
            assert!(description.contains("stock.check.v1"), "{description}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(running.shutdown().await[0].undecodable, 1);
}

pub(crate) async fn nobody_there_is_known_at_once(env: Env) {
    let begun = Instant::now();
    let error = env.bus().request(&Check { quantity: 1 }).await.unwrap_err();
    assert!(
        matches!(&error, RequestError::NoResponders { subject } if subject == "stock.check"),
        "{error:?}"
    );
    assert!(begun.elapsed() < Duration::from_secs(3), "not after the timeout");
}

pub(crate) async fn a_slow_handler_times_out(env: Env) {
    let running = warehouse(&env.bus()).await;
    let (bus, patience) = (env.bus(), Duration::from_millis(200));
    let ask = Check { quantity: 1000 };
    let error = bus.message(&ask).timeout(patience).request().await.unwrap_err();
    match error {
        RequestError::Timeout { subject, waited } => {
            assert_eq!((subject.as_str(), waited), ("stock.check", patience));
        }
        other => panic!("{other:?}"),
    }
    running.shutdown_within(Duration::ZERO).await;
}

pub(crate) async fn a_reply_that_does_not_decode_keeps_its_bytes(env: Env) {
    let running = warehouse(&env.bus()).await;
    match env.bus().request(&MisreadCheck { quantity: 1 }).await.unwrap_err() {
        RequestError::Decode { payload, .. } => {
            assert_eq!(payload.as_ref(), br#"{"available":10}"#);
        }
        other => panic!("{other:?}"),
    }
    running.shutdown().await;
}

pub(crate) async fn a_thousand_at_once(env: Env) {
    let running = warehouse(&env.bus()).await;
    let bus = env.another_bus().await;
    let answers = join_all((0..1000).map(|number| {
        let bus = bus.clone();
        async move { bus.request(&echo(&number.to_string())).await.unwrap() }
    }))
    .await;
    for (number, answer) in answers.into_iter().enumerate() {
        assert_eq!(answer, format!("{number} in hall"), "each its own answer");
    }
    assert_eq!(running.shutdown().await[1].handled, 1000);
}

pub(crate) async fn a_cancelled_request_leaves_the_others(env: Env) {
    let running = warehouse(&env.bus()).await;
    let bus = env.bus();
    for _ in 0..50 {
        let slow = Check { quantity: 1000 };
        tokio::select! {
            biased;
            answer = bus.request(&slow) => panic!("{answer:?}"),
            () = tokio::task::yield_now() => {}
        }
    }
    assert_eq!(soon(bus.request(&echo("after"))).await.unwrap(), "after in hall");
    running.shutdown_within(Duration::ZERO).await;
}

pub(crate) async fn tokens_of_a_request_route_it(env: Env) {
    let running = warehouse(&env.bus()).await;
    for room in ["hall", "cellar"] {
        let ask = Echo { room: room.into(), text: "who".into() };
        assert_eq!(env.bus().request(&ask).await.unwrap(), format!("who in {room}"));
    }
    running.shutdown().await;
}
