//! What can't hold, or means nothing, is refused before anything runs.

use std::time::Duration;

use tidings::prelude::*;
use tidings::{CircuitBreaker, ServeError};

use crate::env::Env;
use crate::message::{Check, Parcels, Sent, Stock, Switched};

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

pub(crate) async fn what_can_not_hold_names_route_option_and_values(env: Env) {
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

pub(crate) async fn what_means_nothing_to_a_message_is_refused(env: Env) {
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

pub(crate) async fn what_just_holds_is_taken(env: Env) {
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
