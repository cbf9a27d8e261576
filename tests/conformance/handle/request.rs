//! Asking and answering.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tidings::prelude::*;
use tidings::{RequestError, Running, ServeError};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::support::env::{Env, SHORT, SOON, soon};
use crate::support::message::{
    Check, Echo, GarbledCheck, Locate, Located, MisreadCheck, OutOfStock, Stock, Switched, Tallied,
    Tally, audit,
};

scenarios! {
    also_on_threads:
        a_request_is_answered,
        a_declared_error_travels,
        an_undeclared_error_is_an_error_reply_that_refers_to_the_log,
        an_asker_is_told_what_is_meant_for_them,
        a_panic_is_an_error_reply_at_once,
        an_undecodable_request_is_an_error_reply_at_once,
        nobody_there_is_known_at_once,
        a_slow_handler_times_out,
        a_reply_that_does_not_decode_keeps_its_bytes,
        a_thousand_at_once,
        a_cancelled_request_leaves_the_others,
        tokens_of_a_request_route_it,
        what_a_stream_answers_is_no_reply,
        a_reply_that_looks_like_a_streams_answer_is_a_reply,
        a_request_without_time_gets_no_reply;
}

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

async fn a_request_is_answered(env: Env) {
    let running = warehouse(&env.bus()).await;
    let bus = env.another_bus().await;
    assert_eq!(bus.request(&Check { quantity: 3 }).await.unwrap(), Stock { available: 10 });
    let ask = echo("hello");
    let options = bus.message(&ask).header("tenant", "acme").timeout(SOON);
    assert_eq!(options.request().await.unwrap(), "hello in hall");
    running.shutdown().await;
}

async fn a_declared_error_travels(env: Env) {
    let running = warehouse(&env.bus()).await;
    let error = env.another_bus().await.request(&Check { quantity: 11 }).await.unwrap_err();
    assert!(matches!(&error, RequestError::Declared(OutOfStock { available: 10 })), "{error:?}");
    assert_eq!(running.shutdown().await[0].handled, 1);
}

/// Description in an error reply with code 500.
async fn failed(bus: &Bus, text: &str) -> String {
    match soon(bus.request(&echo(text))).await.unwrap_err() {
        RequestError::Service { code, description, subject, .. } => {
            assert_eq!((code, subject.as_str()), (500, "echo.hall.say"));
            description
        }
        other => panic!("{other:?}"),
    }
}

async fn an_undeclared_error_is_an_error_reply_that_refers_to_the_log(env: Env) {
    let running = warehouse(&env.bus()).await;
    let (first, second) = (failed(&env.bus(), "").await, failed(&env.bus(), "").await);
    for said in [&first, &second] {
        assert!(!said.contains("nothing to say"), "{said}");
        assert!(said.starts_with("the service failed; its log has the reason under "), "{said}");
    }
    assert_ne!(first, second, "each has a reference of its own");
    let service = env.bus().discover(SHORT).await.unwrap().remove(0);
    assert_eq!(service.endpoints[1].last_error, second);
    assert_eq!(running.shutdown().await[1].failed, 2);
}

async fn an_asker_is_told_what_is_meant_for_them(env: Env) {
    let answer = |ask: Echo, _: Context| async move {
        match ask.text.as_str() {
            "public" => Err(Failure::public("come\r\nback at nine")),
            "told" => Err(Failure::reject("the shelf is gone").tell("nothing is known of it")),
            "panic" => panic!("the shelf fell"),
            _ => Err::<String, _>(Failure::retry(std::io::Error::other("the shelf is full"))),
        }
    };
    let registry = Registry::new("shelves").handle::<Echo>(answer);
    let running = registry.start(&env.bus()).await.unwrap();
    let bus = env.another_bus().await;
    assert_eq!(failed(&bus, "public").await, "come  back at nine");
    assert_eq!(failed(&bus, "told").await, "nothing is known of it");
    for text in ["", "panic"] {
        let said = failed(&bus, text).await;
        assert!(!said.contains("shelf"), "{said}");
    }
    running.shutdown().await;

    let route = Route::of::<Echo>(answer).tell_errors();
    let running = Registry::new("shelves").route(route).start(&env.bus()).await.unwrap();
    assert_eq!(failed(&bus, "").await, "the shelf is full");
    assert_eq!(failed(&bus, "panic").await, "the handler panicked: the shelf fell");
    assert_eq!(failed(&bus, "told").await, "nothing is known of it");
    running.shutdown().await;

    let route = Route::of::<Switched>(|_: Switched, _: Context| async { Ok(()) }).tell_errors();
    let refused = Registry::new("lamps").route(route).start(&env.bus()).await;
    let error = refused.unwrap_err();
    assert!(matches!(error, ServeError::Option { option: "tell_errors", .. }), "{error:?}");
}

async fn a_panic_is_an_error_reply_at_once(env: Env) {
    let running = warehouse(&env.bus()).await;
    let begun = Instant::now();
    match env.bus().request(&Check { quantity: 999 }).await.unwrap_err() {
        RequestError::Service { code: 500, description, .. } => {
            assert!(!description.contains("a deliberate panic"), "{description}");
            assert!(description.contains("its log"), "{description}");
        }
        other => panic!("{other:?}"),
    }
    assert!(begun.elapsed() < Duration::from_secs(3), "no timeout");
    // The service goes on.
    assert!(env.bus().request(&Check { quantity: 1 }).await.is_ok());
    assert_eq!(running.shutdown().await[0].panicked, 1);
}

async fn an_undecodable_request_is_an_error_reply_at_once(env: Env) {
    let running = warehouse(&env.bus()).await;
    match env.bus().request(&GarbledCheck { nonsense: "x".into() }).await.unwrap_err() {
        RequestError::Service { code: 400, description, .. } => {
            assert!(description.contains("stock.check.v1"), "{description}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(running.shutdown().await[0].undecodable, 1);
}

async fn nobody_there_is_known_at_once(env: Env) {
    let begun = Instant::now();
    let error = env.bus().request(&Check { quantity: 1 }).await.unwrap_err();
    assert!(
        matches!(&error, RequestError::NoResponders { subject } if subject == "stock.check"),
        "{error:?}"
    );
    assert!(begun.elapsed() < Duration::from_secs(3), "not after the timeout");
}

async fn a_slow_handler_times_out(env: Env) {
    let running = warehouse(&env.bus()).await;
    let (bus, limit) = (env.bus(), Duration::from_millis(200));
    let ask = Check { quantity: 1000 };
    let error = bus.message(&ask).timeout(limit).request().await.unwrap_err();
    match error {
        RequestError::Timeout { subject, waited, .. } => {
            assert_eq!((subject.as_str(), waited), ("stock.check", limit));
        }
        other => panic!("{other:?}"),
    }
    running.shutdown_within(Duration::ZERO).await;
}

async fn a_reply_that_does_not_decode_keeps_its_bytes(env: Env) {
    let running = warehouse(&env.bus()).await;
    match env.bus().request(&MisreadCheck { quantity: 1 }).await.unwrap_err() {
        RequestError::Decode { payload, .. } => {
            assert_eq!(payload.as_ref(), br#"{"available":10}"#);
        }
        other => panic!("{other:?}"),
    }
    running.shutdown().await;
}

async fn a_thousand_at_once(env: Env) {
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

async fn a_cancelled_request_leaves_the_others(env: Env) {
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

async fn tokens_of_a_request_route_it(env: Env) {
    let running = warehouse(&env.bus()).await;
    for room in ["hall", "cellar"] {
        let ask = Echo { room: room.into(), text: "who".into() };
        assert_eq!(env.bus().request(&ask).await.unwrap(), format!("who in {room}"));
    }
    running.shutdown().await;
}

/// Confirmation of a stream, which comes before the reply and could be read as nearly anything.
async fn what_a_stream_answers_is_no_reply(env: Env) {
    let bus = env.bus();
    let turn = Arc::new(Semaphore::new(1));
    let gate = turn.clone();
    let tally = move |_: Tally, _: Context| {
        let gate = gate.clone();
        async move {
            gate.acquire().await.unwrap().forget();
            Ok(Tallied { total: Some(3) })
        }
    };
    let running = Registry::new("stock").handle::<Tally>(tally.clone()).start(&bus).await.unwrap();
    assert_eq!(bus.request(&Tally {}).await.unwrap(), Tallied { total: Some(3) });
    // The service has its turn when the stream has had its own.
    let answered = async |of: &str| {
        let error = soon(bus.request(&Tally {})).await.unwrap_err();
        turn.add_permits(1);
        let RequestError::AnsweredByStream { subject, stream } = &error else {
            panic!("{of}: {error:?}")
        };
        assert_eq!((subject.as_str(), stream.as_str()), ("stock.tally", "AUDIT"), "{of}");
        assert!(error.to_string().contains("AUDIT"), "{error}");
    };
    // The service is there, and too late.
    audit(&bus, |_| {}).await;
    answered("stored").await;
    // What the stream refuses is no reply either.
    audit(&bus, |config| config.max_message_size = Some(1)).await;
    answered("refused").await;
    running.shutdown().await;
    answered("without a service").await;
    // One that answers nobody is in nobody's way.
    audit(&bus, |config| (config.no_ack, config.max_message_size) = (true, None)).await;
    let running = Registry::new("stock").handle::<Tally>(tally).start(&bus).await.unwrap();
    assert_eq!(bus.request(&Tally {}).await.unwrap(), Tallied { total: Some(3) });
    running.shutdown().await;
}

/// A reply may have the fields of a stream's answer, and is none.
async fn a_reply_that_looks_like_a_streams_answer_is_a_reply(env: Env) {
    let bus = env.bus();
    let locate = |locate: Locate, _: Context| async move {
        Ok(Located { stream: "PARCELS".into(), seq: locate.number })
    };
    let running = Registry::new("places").handle::<Locate>(locate).start(&bus).await.unwrap();
    let located = bus.request(&Locate { number: 5 }).await.unwrap();
    assert_eq!(located, Located { stream: "PARCELS".into(), seq: 5 });
    running.shutdown().await;
}

/// A reply takes longer than no time, whoever is the faster.
async fn a_request_without_time_gets_no_reply(env: Env) {
    let running = warehouse(&env.bus()).await;
    let bus = env.bus();
    let nobodys = Tally {};
    for _ in 0..20 {
        let ask = Check { quantity: 1 };
        let error = soon(bus.message(&ask).timeout(Duration::ZERO).request()).await.unwrap_err();
        let RequestError::Timeout { waited, .. } = error else { panic!("{error:?}") };
        assert_eq!(waited, Duration::ZERO);
        let error = bus.message(&nobodys).timeout(Duration::ZERO).request().await.unwrap_err();
        assert!(matches!(error, RequestError::Timeout { .. }), "{error:?}");
    }
    running.shutdown().await;
}
