//! Reading back: what nobody could read is not sent, as a debug build and a test's bus find out.

mod message;

use std::collections::BTreeMap;

use tidings::prelude::*;
use tidings::testing::TestBus;
use tidings::{AtomicError, PublishError, ReadBackError, RequestError};

use self::message::{
    Any, Borrowed, Counted, Either, Generic, Heard, Known, Lost, Loud, Measured, Named, Odd,
    ProbeEvent, Probes, Sample, Value, measured, nested,
};
use crate::support::env::{Env, soon};

scenarios! {
    every_bus:
        what_nobody_could_read_is_refused_and_named,
        every_way_to_publish_reads_back,
        requests_and_their_answers_are_read_back,
        what_can_be_read_is_not_refused,
        a_tests_bus_reads_back_in_any_build;
}

/// The name that the error tells, and what is wrong.
fn unreadable(error: PublishError) -> (&'static str, String) {
    match error {
        PublishError::Unreadable { name, source } => (name, source.to_string()),
        other => panic!("{other:?}"),
    }
}

async fn what_nobody_could_read_is_refused_and_named(env: Env) {
    let bus = env.bus_with::<Probes>().await;
    let lost = |value| Lost { value, number: 1 };
    for (value, place, problem) in [
        (Value::Counts { counts: BTreeMap::from([(1, 2)]) }, "value", "u32"),
        (Value::Large { large: u128::MAX }, "value", "128"),
        (Value::Named(Named { kind: "x".into() }), "value.kind", "duplicate field `kind`"),
        (Value::Nested(nested(130)), ".inner", "recursion limit exceeded"),
    ] {
        let error = bus.publish(&lost(value)).await.unwrap_err();
        assert!(error.to_string().contains("`Deserialize`"), "{error}");
        let (name, problem_said) = unreadable(error);
        assert_eq!(name, "probes.lost");
        assert!(problem_said.contains(problem), "{problem_said}");
        let path = problem_said.split('`').nth(1).unwrap();
        assert!(path.ends_with(place), "{problem_said}");
    }
    for either in [Either::Number { number: f64::NAN }, Either::Large { large: i128::MAX }] {
        let error = bus.publish(&Any { either }).await.unwrap_err();
        assert_eq!(unreadable(error).0, "probes.any");
    }
    let error = bus.publish(&Heard { who: Loud("ada".into()) }).await.unwrap_err();
    match error {
        PublishError::Unreadable { name: "probes.heard", source } => match *source {
            ReadBackError::Subject { sent, read } => {
                assert_eq!((&*sent, &*read), ("probes.ada.heard", "probes.ADA.heard"));
            }
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
    let error = bus.publish(&Known { who: Loud("ada".into()) }).await.unwrap_err();
    assert!(error.to_string().contains("probes.known/ADA"), "{error}");
    assert_eq!(bus.stream::<Probes>().state().await.unwrap().messages, 0);
}

async fn every_way_to_publish_reads_back(env: Env) {
    let bus = env.bus_with::<Probes>().await;
    let (good, bad) = (measured(1, 0.5), measured(2, f64::NAN));
    let is_named = |error: PublishError| {
        let (name, problem) = unreadable(error);
        assert_eq!(name, "probes.measured");
        assert!(problem.starts_with("`samples[1].value`: invalid type: null"), "{problem}");
    };
    is_named(bus.publish(&bad).await.unwrap_err());
    is_named(bus.message(&bad).header("tenant", "acme").publish().await.unwrap_err());
    is_named(bus.publisher::<Measured>().publish(&bad).await.unwrap_err());
    is_named(bus.publish(&ProbeEvent::Measured(bad.clone())).await.unwrap_err());
    let mut batch = bus.atomic();
    match batch.add(&good).unwrap().add(&bad).unwrap_err() {
        AtomicError::Event { place: 1, source } => is_named(source),
        other => panic!("{other:?}"),
    }
    let error = bus.publish_all([good.clone(), bad.clone()]).await.unwrap_err();
    let mut outcomes = error.outcomes.into_iter();
    assert_eq!(outcomes.next().unwrap().unwrap().sequence, 1);
    is_named(outcomes.next().unwrap().unwrap_err());

    // A handler gets the error as well.
    let (told, mut tell) = tokio::sync::mpsc::unbounded_channel();
    let spread = move |event: Measured, cx: Context| {
        let told = told.clone();
        async move {
            let bad = measured(event.number + 1, f64::INFINITY);
            told.send(cx.publish(&bad).await.unwrap_err())?;
            Ok(())
        }
    };
    let running = Registry::new("probe").handle::<Measured>(spread).start(&bus).await.unwrap();
    is_named(soon(tell.recv()).await.unwrap());
    running.shutdown().await;
    assert_eq!(bus.stream::<Probes>().state().await.unwrap().messages, 1);
}

#[derive(Debug, Serialize, Deserialize, JsonSchema, Request)]
#[request(subject = "probes_ask.mean", reply = Sample)]
struct Mean {
    values: Vec<f64>,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema, Request)]
#[request(subject = "probes_ask.largest", reply = Sample, error = NoLargest)]
struct Largest {
    values: Vec<f64>,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema, thiserror::Error)]
#[error("there is no largest beside {besides}")]
struct NoLargest {
    besides: f64,
}

async fn requests_and_their_answers_are_read_back(env: Env) {
    let test = TestBus::on(env.bus());
    let bus = test.bus();
    let mean = |ask: Mean, _: Context| async move {
        // Of nothing it is not a number.
        let (sum, count) =
            ask.values.iter().fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
        Ok(Sample { value: sum / count })
    };
    let largest = |ask: Largest, _: Context| async move {
        match ask.values.first() {
            None => Err(NoLargest { besides: f64::NEG_INFINITY }),
            Some(1.0) => Err(NoLargest { besides: 1.0 }),
            Some(_) => Ok(Sample { value: f64::INFINITY }),
        }
    };
    let running = Registry::new("mean").handle::<Mean>(mean).handle::<Largest>(largest);
    let running = running.start(bus).await.unwrap();
    match bus.request(&Mean { values: vec![1.0, f64::NAN] }).await.unwrap_err() {
        RequestError::Unreadable { name: "probes_ask.mean", source } => {
            assert!(source.to_string().starts_with("`values[1]`: "), "{source}");
        }
        other => panic!("{other:?}"),
    }
    let mean = bus.request(&Mean { values: vec![1.0, 2.0] }).await.unwrap().value;
    assert!((mean - 1.5).abs() < 0.001, "{mean}");
    let is_internal = |code: u16| assert_eq!(code, 500);
    match bus.request(&Mean { values: vec![] }).await.unwrap_err() {
        RequestError::Service { code, .. } => is_internal(code),
        other => panic!("{other:?}"),
    }
    for values in [vec![2.0], vec![]] {
        match bus.request(&Largest { values }).await.unwrap_err() {
            RequestError::Service { code, .. } => is_internal(code),
            other => panic!("{other:?}"),
        }
    }
    match bus.request(&Largest { values: vec![1.0] }).await.unwrap_err() {
        RequestError::Declared(NoLargest { besides }) => assert!(besides > 0.0, "{besides}"),
        other => panic!("{other:?}"),
    }
    let reports = running.shutdown().await;
    let counts: Vec<_> = reports.iter().map(|route| (route.handled, route.rejected)).collect();
    assert_eq!(counts, [(1, 1), (1, 2)]);
    // Whoever asked is told of a failure; what it is, who answers is told.
    let (mean, largest) = (test.rejected::<Mean>(), test.rejected::<Largest>());
    let errors = [mean[0].error(), largest[0].error(), largest[1].error()];
    for (error, name) in errors.iter().zip(["Sample", "Sample", "NoLargest"]) {
        assert!(error.contains(name), "{error}");
    }
    assert!(errors[0].contains("`value`: invalid type: null"), "{}", errors[0]);
}

async fn what_can_be_read_is_not_refused(env: Env) {
    let bus = TestBus::on(env.bus_with::<Probes>().await);
    let bus = bus.bus();
    let odd = Odd {
        who: "ada".into(),
        at: 7,
        cached: Some(1),
        value: -0.0,
        secret: "s".into(),
        rest: BTreeMap::from([("a".into(), "b".into())]),
        text: nested(100),
    };
    bus.publish(&odd).await.unwrap();
    bus.publish(&measured(1, f64::MIN_POSITIVE)).await.unwrap();
    bus.publish(&Borrowed { who: "ada", values: &[1.0] }).await.unwrap();
    bus.publish(&Generic { value: 7_u8 }).await.unwrap();
    bus.publish(&Generic { value: () }).await.unwrap();
    bus.publish(&Counted { number: 1 }).await.unwrap();
    bus.publish(&Heard { who: Loud("ADA".into()) }).await.unwrap();
    let large = Lost { value: Value::Named(Named { kind: "x".into() }), number: 1 };
    assert!(bus.publish(&ProbeEvent::Lost(large)).await.is_err());
    assert_eq!(bus.stream::<Probes>().state().await.unwrap().messages, 7);
}

async fn a_tests_bus_reads_back_in_any_build(env: Env) {
    let bus = env.bus_with::<Probes>().await;
    let test = TestBus::on(bus.clone());
    let bad = measured(1, f64::NAN);
    let refused = test.bus().publish(&bad).await;
    assert!(matches!(refused, Err(PublishError::Unreadable { .. })), "{refused:?}");
    // A release build pays nothing for it, and so knows nothing.
    let refused = bus.publish(&bad).await;
    assert_eq!(refused.is_err(), cfg!(debug_assertions), "{refused:?}");
}
