//! Large events that can't be handled, or whose payload can't be had: letters refer to the object, and so
//! does what is put back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tidings::prelude::*;
use tidings::{DeadLetterFilter, DeadLetterReason, DecodeError, LargeEventError, Running};
use tokio::sync::mpsc;

use super::{OBJECT, STORE, Scans, ScansLarge, Taken, objects, scans, taken, text};
use crate::support::condition::letters;
use crate::support::env::{Env, SHORT, never, soon};

scenarios! {
    every_bus:
        a_letter_refers_and_is_put_back_with_its_object,
        a_letter_is_opened,
        what_is_missing_is_a_letter_that_names_it,
        what_was_replaced_is_a_letter,
        what_is_damaged_is_a_letter,
        another_store_is_not_read,
        a_reference_that_is_none;
}

/// A registry that fails until it is mended, and then tells what it sees.
async fn patient(bus: &Bus, mended: &Arc<AtomicBool>) -> (Running, mpsc::UnboundedReceiver<Taken>) {
    let (sender, seen) = mpsc::unbounded_channel();
    let mended = Arc::clone(mended);
    let handler = move |event: Taken, _: Context| {
        let result = if mended.load(Ordering::SeqCst) {
            sender.send(event).map_err(Failure::from)
        } else {
            Err(Failure::reject("not yet"))
        };
        async move { result }
    };
    (Registry::new("shop").handle::<Taken>(handler).start(bus).await.unwrap(), seen)
}

fn ready() -> Arc<AtomicBool> {
    Arc::new(AtomicBool::new(true))
}

async fn a_letter_refers_and_is_put_back_with_its_object(env: Env) {
    let (bus, store) = scans(&env).await;
    let mended = Arc::default();
    let (running, mut seen) = patient(&bus, &mended).await;
    let event = taken(1, 5_000_000);
    bus.publish(&event).await.unwrap();
    let [object] = objects(&store).await.try_into().unwrap();
    let revision = store.info(&object).await.unwrap().unwrap().revision;

    let aside = bus.dead_letters("shop");
    let [letter] = letters(&aside, 1).await.try_into().unwrap();
    assert_eq!(*letter.reason(), DeadLetterReason::Rejected);
    assert!(letter.payload().is_empty() && !letter.is_gone());
    assert_eq!(letter.headers().get(OBJECT), Some(&*object));
    mended.store(true, Ordering::SeqCst);
    let report = aside.redrive(DeadLetterFilter::all()).await.unwrap();
    assert_eq!((report.redriven, report.failed), (1, 0), "{report:?}");
    assert!(soon(seen.recv()).await.unwrap() == event);
    // Nothing was stored anew.
    assert_eq!(objects(&store).await, std::slice::from_ref(&object));
    assert_eq!(store.info(&object).await.unwrap().unwrap().revision, revision);
    running.shutdown().await;
}

/// A large payload can be read from its letter, as long as its object is there.
async fn a_letter_is_opened(env: Env) {
    let (bus, store) = scans(&env).await;
    let (running, _seen) = patient(&bus, &Arc::default()).await;
    let event = taken(1, 2_000_000);
    bus.publish(&event).await.unwrap();
    let aside = bus.dead_letters("shop");
    let [letter] = letters(&aside, 1).await.try_into().unwrap();
    assert!(matches!(letter.decode::<Taken>(), Err(DecodeError::Large { .. })));
    let opened = aside.open_large(letter.clone()).await.unwrap();
    assert!(opened.decode::<Taken>().unwrap() == event);
    assert_eq!(opened.sequence(), letter.sequence());
    // What a letter has itself stays as it is.
    bus.publish(&taken(2, 5)).await.unwrap();
    let small = letters(&aside, 2).await.remove(1);
    let same = aside.open_large(small.clone()).await.unwrap();
    assert_eq!(same.payload(), small.payload());
    running.shutdown().await;
    let [object] = objects(&store).await.try_into().unwrap();
    store.delete(&object).await.unwrap();
    let error = aside.open_large(letter).await.unwrap_err();
    let LargeEventError::Missing { store, object: of } = error else { panic!("{error:?}") };
    assert_eq!((&*store, of), (STORE, object));
}

/// Publishes a large event, does something about its object, and gives the letter's error.
async fn disturbed(env: &Env, disturb: impl AsyncFnOnce(&Bus, &str)) -> (Bus, String) {
    let (bus, store) = scans(env).await;
    bus.publish(&taken(1, 2_000_000)).await.unwrap();
    let [object] = objects(&store).await.try_into().unwrap();
    disturb(&bus, &object).await;
    let (running, mut seen) = patient(&bus, &ready()).await;
    let [letter] = letters(&bus.dead_letters("shop"), 1).await.try_into().unwrap();
    assert_eq!(*letter.reason(), DeadLetterReason::Undecodable);
    never(SHORT, seen.recv()).await;
    let error = letter.error().to_owned();
    assert!(error.contains(&object) && error.contains(STORE), "{error}");
    // The next one is handled.
    bus.publish(&taken(2, 2_000_000)).await.unwrap();
    assert_eq!(soon(seen.recv()).await.unwrap().number, 2);
    running.shutdown().await;
    (bus, error)
}

async fn what_is_missing_is_a_letter_that_names_it(env: Env) {
    let remove = async |bus: &Bus, object: &str| {
        bus.objects(STORE).delete(object).await.unwrap();
    };
    let (bus, error) = disturbed(&env, remove).await;
    assert!(error.contains("is gone"), "{error}");
    // What is there again can be put back: the same event is the same object.
    let letter = letters(&bus.dead_letters("shop"), 1).await.remove(0);
    bus.publish(&taken(1, 2_000_000)).await.unwrap();
    let (running, mut seen) = patient(&bus, &ready()).await;
    bus.dead_letters("shop").redrive(letter.sequence()).await.unwrap();
    assert!(soon(seen.recv()).await.unwrap() == taken(1, 2_000_000));
    running.shutdown().await;
}

async fn what_was_replaced_is_a_letter(env: Env) {
    let replace = async |bus: &Bus, object: &str| {
        bus.objects(STORE).put(object, text(9, 2_000_000)).await.unwrap();
    };
    let (_, error) = disturbed(&env, replace).await;
    assert!(error.contains("is not the one"), "{error}");
}

async fn what_is_damaged_is_a_letter(env: Env) {
    let damage = async |bus: &Bus, object: &str| {
        let info = bus.objects(STORE).info(object).await.unwrap().unwrap();
        bus.stream::<ScansLarge>().delete_message(info.revision - 2).await.unwrap();
    };
    let (_, error) = disturbed(&env, damage).await;
    assert!(error.contains("only"), "{error}");
}

/// A reference as anybody may write it who may publish.
async fn forge(bus: &Bus, headers: &[(&str, &str)]) {
    let mut all = tidings::Headers::new();
    all.append("tenant", "acme").unwrap();
    let mut record = serde_json::to_value(
        tidings::Record::new("scans.hall.taken", all, "").unwrap().in_stream("SCANS").unwrap(),
    )
    .unwrap();
    let list = record["headers"].as_array_mut().expect("headers are a list");
    for (name, value) in headers {
        list.push(serde_json::json!([name, value]));
    }
    let record: tidings::Record = serde_json::from_value(record).unwrap();
    bus.publish_record(&record).await.unwrap();
}

async fn another_store_is_not_read(env: Env) {
    let (bus, _) = scans(&env).await;
    let secrets = tidings::ObjectStoreConfig::new("secrets").to_stream();
    bus.apply(bus.plan_stream(&secrets).await.unwrap()).await.unwrap();
    let put = bus.objects("secrets").put("a", serde_json::to_vec(&taken(1, 5)).unwrap());
    let put = put.await.unwrap();
    forge(
        &bus,
        &[
            ("Tidings-Large-Store", "secrets"),
            ("Tidings-Large-Object", "a"),
            ("Tidings-Large-Size", &put.size.to_string()),
            ("Tidings-Large-Digest", &put.digest.unwrap()),
        ],
    )
    .await;
    let (running, mut seen) = patient(&bus, &ready()).await;
    let [letter] = letters(&bus.dead_letters("shop"), 1).await.try_into().unwrap();
    assert!(letter.error().contains("secrets"), "{}", letter.error());
    assert!(letter.error().contains(STORE), "{}", letter.error());
    never(SHORT, seen.recv()).await;
    running.shutdown().await;
}

async fn a_reference_that_is_none(env: Env) {
    let (bus, _) = scans(&env).await;
    forge(&bus, &[("Tidings-Large-Object", "a")]).await;
    let large = |size| {
        [
            ("Tidings-Large-Store", STORE),
            ("Tidings-Large-Object", "b"),
            ("Tidings-Large-Size", size),
            ("Tidings-Large-Digest", "x"),
        ]
    };
    forge(&bus, &large("-1")).await;
    forge(&bus, &large("99999999999999999999999999")).await;
    forge(&bus, &large("7")).await;
    let (running, mut seen) = patient(&bus, &ready()).await;
    let errors: Vec<_> = letters(&bus.dead_letters("shop"), 4).await;
    let errors: Vec<_> = errors.iter().map(|letter| letter.error().to_owned()).collect();
    for part in ["Tidings-Large-Size", "-1", "9999", "is gone"] {
        assert!(errors.iter().any(|error| error.contains(part)), "{part}: {errors:?}");
    }
    never(SHORT, seen.recv()).await;
    assert_eq!(bus.stream::<Scans>().state().await.unwrap().messages, 4);
    running.shutdown().await;
}
