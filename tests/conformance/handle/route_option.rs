//! Options of a route that can't hold, or mean nothing: refused before anything runs.

use std::time::{Duration, SystemTime};

use tidings::prelude::*;
use tidings::{
    Batch, CircuitBreaker, DeadLetterFilter, PublishError, RequestError, RouteState, ServeError,
    StreamError,
};
use tidings_tests::eventually;

use crate::support::env::{Env, SHORT, SOON, never, soon};
use crate::support::message::{
    Check, Parcels, Region, Seen, Sent, Stock, Switched, Tally, sent, switched,
};

scenarios! {
    every_bus:
        what_can_not_hold_names_route_option_and_values,
        what_means_nothing_to_a_message_is_refused,
        what_just_holds_is_taken,
        what_may_last_for_ever_does,
        the_longest_time_ends_no_route,
        a_pause_that_no_server_can_read_is_refused,
        a_bus_has_the_timeouts_that_it_was_given;
}

const MINUTE: Duration = Duration::from_secs(60);

fn of_stream() -> Route<Sent> {
    Route::of::<Sent>(async |_: Sent, _: Context| Ok(()))
}

fn of_core() -> Route<Switched> {
    Route::of::<Switched>(async |_: Switched, _: Context| Ok(()))
}

fn of_request() -> Route<Check> {
    Route::of::<Check>(async |_: Check, _: Context| Ok(Stock { available: 1 }))
}

/// Asserts that the route is refused for this option, and that the error says all of this.
async fn refused<M>(env: &Env, route: Route<M>, named: &str, option: &str, said: &[&str]) {
    let shown = format!("{route:?}");
    let started = Registry::new("shop").route(route).start(&env.bus()).await;
    let Err(error) = started else { panic!("{option} {said:?} is taken: {shown}") };
    let ServeError::Option { message, option: of, problem } = &error else { panic!("{error:?}") };
    assert_eq!((message.as_str(), *of), (named, option), "{problem}");
    let text = error.to_string();
    for word in said.iter().chain(&[named, option]) {
        assert!(text.contains(word), "`{word}` is not in: {text}");
    }
}

async fn what_can_not_hold_names_route_option_and_values(env: Env) {
    let breaker = CircuitBreaker::after;
    let cases = [
        (of_stream().retry(Retry::exponential(0)), "retry", &["0 attempts", "1 or more"][..]),
        (of_stream().retry(Retry::fixed(MINUTE).max_attempts(0)), "retry", &["0 attempts"]),
        (of_stream().retry(Retry::exponential(3).factor(0.5)), "retry", &["factor of 0.5"]),
        (of_stream().retry(Retry::exponential(3).jitter(-1.0)), "retry", &["jitter of -1"]),
        (of_stream().deadline(MINUTE), "deadline", &["60s", "ack wait of 30s", ".ack_wait("]),
        (
            of_stream().deadline(MINUTE).ack_wait(Duration::from_secs(59)),
            "deadline",
            &["60s", "ack wait of 59s"],
        ),
        (of_stream().deadline(Duration::ZERO), "deadline", &["no time"]),
        (of_stream().ack_wait(Duration::ZERO), "ack_wait", &["0ns", "1 ms or more"]),
        (of_stream().concurrency(0), "concurrency", &["1 or more"]),
        (of_stream().prefetch(17), "prefetch", &["17", "16", ".concurrency("]),
        (of_stream().concurrency(4).prefetch(5), "prefetch", &["5 is more than the 4"]),
        (
            of_stream().prefetch(8).max_ack_pending(7),
            "prefetch",
            &["8 is more than the 7", ".max_ack_pending("],
        ),
        (of_stream().max_ack_pending(0), "max_ack_pending", &["1 or more"]),
        (of_stream().rate_limit(0, MINUTE), "rate_limit", &["0 messages in 60s"]),
        (of_stream().rate_limit(9, Duration::ZERO), "rate_limit", &["9 messages in 0ns"]),
        (of_stream().circuit_breaker(breaker(0)), "circuit_breaker", &["0 failures"]),
        (
            of_stream().circuit_breaker(breaker(1).open_for(Duration::ZERO)),
            "circuit_breaker",
            &["no time"],
        ),
    ];
    for (route, option, said) in cases {
        refused(&env, route, "parcels.sent", option, said).await;
    }
    refused(&env, of_core().concurrency(0), "lamps.switched", "concurrency", &[]).await;
    refused(&env, of_core().rate_limit(0, MINUTE), "lamps.switched", "rate_limit", &[]).await;
    refused(&env, of_request().deadline(Duration::ZERO), "stock.check", "deadline", &[]).await;
    let breaker = of_request().circuit_breaker(CircuitBreaker::after(0));
    refused(&env, breaker, "stock.check", "circuit_breaker", &["0 failures"]).await;
    // Nothing was touched: there is not even a stream.
    assert!(env.bus().stream::<Parcels>().config().await.unwrap().is_none());
}

async fn what_means_nothing_to_a_message_is_refused(env: Env) {
    let core = [
        (of_core().retry(Retry::never()), "retry"),
        (of_core().classify(Failure::verdict), "classify"),
        (of_core().prefetch(1), "prefetch"),
        (of_core().ack_wait(MINUTE), "ack_wait"),
        (of_core().progress_limit(MINUTE), "progress_limit"),
        (of_core().max_ack_pending(10), "max_ack_pending"),
        (of_core().durable("lamps"), "durable"),
    ];
    for (route, option) in core {
        refused(&env, route, "lamps.switched", option, &["no stream keeps the event"]).await;
    }
    let request = [
        (of_request().retry(Retry::never()), "retry"),
        (of_request().classify(Failure::verdict), "classify"),
        (of_request().prefetch(1), "prefetch"),
        (of_request().ack_wait(MINUTE), "ack_wait"),
        (of_request().progress_limit(MINUTE), "progress_limit"),
        (of_request().max_ack_pending(10), "max_ack_pending"),
        (of_request().durable("stock"), "durable"),
    ];
    for (route, option) in request {
        refused(&env, route, "stock.check", option, &["a request is answered once"]).await;
    }
    refused(&env, of_stream().queue_group("g"), "parcels.sent", "queue_group", &["durable"]).await;
}

async fn what_just_holds_is_taken(env: Env) {
    let route = of_stream()
        .ack_wait(MINUTE)
        .deadline(MINUTE)
        .concurrency(4)
        .prefetch(4)
        .max_ack_pending(4)
        .rate_limit(1, Duration::from_millis(1))
        .progress_limit(Duration::ZERO)
        .retry(Retry::exponential(1).factor(1.0).jitter(10.0))
        .circuit_breaker(CircuitBreaker::after(1).open_for(Duration::from_nanos(1)));
    Registry::new("shop").route(route).start(&env.bus()).await.unwrap().shutdown().await;
    let core = of_core().concurrency(1).deadline(MINUTE * 60).queue_group("others");
    Registry::new("lamps").route(core).start(&env.bus()).await.unwrap().shutdown().await;
}

/// No time is too long for a clock: what may last for ever goes on as long as it has to.
async fn what_may_last_for_ever_does(env: Env) {
    let bus = env
        .bus_with_options(|bus| {
            let bus = bus.publish_timeout(Duration::MAX).ack_timeout(Duration::MAX);
            bus.request_timeout(Duration::MAX)
        })
        .await;
    bus.provision::<Parcels>().await.unwrap();
    soon(bus.publish(&sent(1))).await.unwrap();
    soon(bus.publish(&switched(1))).await.unwrap();
    soon(bus.publish_all((2..5).map(sent))).await.unwrap();
    let mut one = bus.atomic();
    one.add(&sent(5)).unwrap();
    soon(one.publish()).await.unwrap();
    // Each of its messages is put aside, which is stored, too.
    let reject = |_: Sent, _: Context| async { Err::<(), _>(Failure::reject("no")) };
    let breaker = CircuitBreaker::after(1).open_for(Duration::MAX).max_open(Duration::MAX);
    let fails = |_: Switched, _: Context| async { Err::<(), _>(Failure::retry("down")) };
    let check = |_: Check, _: Context| async { Ok(Stock { available: 1 }) };
    let running = Registry::new("shop")
        .route(Route::of::<Sent>(reject).retry(Retry::fixed(Duration::MAX)))
        .route(Route::of::<Switched>(fails).circuit_breaker(breaker))
        .handle::<Check>(check)
        .start(&bus)
        .await
        .unwrap();
    soon(bus.publish(&switched(2))).await.unwrap();
    assert_eq!(soon(bus.request(&Check { quantity: 1 })).await.unwrap().available, 1);
    let ask = Check { quantity: 2 };
    soon(bus.message(&ask).timeout(Duration::MAX).request()).await.unwrap();
    eventually(SOON, "five letters", || async {
        let mut list = bus.dead_letters("shop").list(DeadLetterFilter::all());
        let mut letters = 0;
        while let Some(letter) = list.next().await {
            letters += letter.map(|_| 1).map_err(|error| error.to_string())?;
        }
        if letters == 5 { Ok(()) } else { Err(format!("{letters} letters")) }
    })
    .await;
    never(SHORT, bus.discover(Duration::MAX)).await;
    soon(running.shutdown_within(Duration::MAX)).await;
    soon(bus.close_within(Duration::MAX)).await.unwrap();
}

async fn a_pause_that_no_server_can_read_is_refused(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    drop(bus.consume::<Sent>("clerks").await.unwrap());
    let parcels = bus.stream::<Parcels>();
    let year = Duration::from_secs(31_556_952);
    for years in [8031, 100_000] {
        let until = SystemTime::UNIX_EPOCH + year * years;
        let error = soon(parcels.pause_consumer("clerks", until)).await.unwrap_err();
        assert!(matches!(error, StreamError::Time { until: at } if at == until), "{error:?}");
    }
    let until = SystemTime::UNIX_EPOCH + year * 8029;
    soon(parcels.pause_consumer("clerks", until)).await.unwrap();
    assert!(parcels.consumer_state("clerks").await.unwrap().paused_until.is_some());
}

/// Timeouts that a bus was given, whatever it stands on.
async fn a_bus_has_the_timeouts_that_it_was_given(env: Env) {
    let limit = Duration::from_millis(300);
    let bus = env
        .bus_with_options(|bus| {
            let bus = bus.publish_timeout(limit).ack_timeout(limit / 3);
            bus.request_timeout(limit).subscription_capacity(3)
        })
        .await;
    let hangs = |_: Check, _: Context| std::future::pending();
    let running = Registry::new("shop").handle::<Check>(hangs).start(&bus).await.unwrap();
    let error = soon(bus.request(&Check { quantity: 1 })).await.unwrap_err();
    let RequestError::Timeout { waited, .. } = error else { panic!("{error:?}") };
    assert_eq!(waited, limit);
    soon(running.shutdown_within(Duration::ZERO)).await;
    // Somebody takes the event who answers nothing, and keeps no stream.
    let mut live = bus.subscribe::<Switched>().await.unwrap();
    let asked = soon(bus.request(&Tally {})).await.unwrap_err();
    assert!(matches!(asked, RequestError::NoResponders { .. }), "{asked:?}");
    for number in 1..=10 {
        bus.publish(&switched(number)).await.unwrap();
    }
    bus.flush().await.unwrap();
    eventually(SOON, "some are dropped", || async {
        match live.dropped() {
            7 => Ok(()),
            dropped => Err(format!("{dropped} dropped")),
        }
    })
    .await;
    assert_eq!(soon(live.next()).await.unwrap().unwrap().number, 1);
    let error = soon(bus.publish(&sent(1))).await.unwrap_err();
    assert!(matches!(error, PublishError::NoStream { .. }), "{error:?}");
}

/// Wherever a route or a handler gives a time: it is kept, or refused where it is given.
async fn the_longest_time_ends_no_route(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    let long = Duration::MAX;
    // What each of three messages comes to; the others do not keep the third from its handler.
    let ends = move |number: u64| match number % 3 {
        0 => Ok(()),
        1 => Err(Failure::defer(long, "early")),
        _ => Err(Failure::retry_after(long, "later")),
    };
    let stored = move |event: Sent, _: Context| async move { ends(event.number) };
    let batches = move |_: Batch<Seen>, _: Context| async { Ok(()) };
    let live = move |event: Switched, _: Context| async move { ends(event.number) };
    let registry = |ack_wait: Duration| {
        let stored = Route::of::<Sent>(stored).ack_wait(ack_wait).progress_limit(long);
        let stored = stored.retry(Retry::exponential(5).max_elapsed(long));
        let live = Route::of::<Switched>(live).deadline(long);
        let batches_of_two = Route::of::<Batch<Seen>>(batches).max_size(2).max_wait(long);
        Registry::new("shop")
            .route(stored.concurrency(3))
            .route(live)
            .route(batches_of_two.rate_limit(1, long))
    };
    // A server may not know a wait that long.
    if let Ok(running) = soon(registry(long).start(&bus)).await {
        running.shutdown().await;
        bus.stream::<Parcels>().delete_consumer("shop-parcels_sent").await.unwrap();
    }
    let running = soon(registry(Duration::from_secs(60)).start(&bus)).await.unwrap();
    bus.publish_all((1..=3).map(sent)).await.unwrap();
    for number in 1..=3 {
        bus.publish(&switched(number)).await.unwrap();
    }
    bus.publish_all((1..=2).map(|number| Seen { number, region: Region::Eu })).await.unwrap();
    eventually(SOON, "what is done is done", || async {
        let handled: Vec<_> = running.report().iter().map(|route| route.handled).collect();
        if handled == [1, 1, 2] { Ok(()) } else { Err(format!("{handled:?}")) }
    })
    .await;
    assert!(running.report().iter().all(|route| route.panicked == 0));
    let status = running.status();
    assert!(status.iter().all(|route| route.state == RouteState::Running), "{status:?}");
    soon(running.shutdown_within(SHORT)).await;
}
