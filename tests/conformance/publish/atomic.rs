//! All or nothing: a batch of events is stored as one, or leaves nothing.

use std::time::Duration;

use futures_util::future::join_all;
use tidings::prelude::*;
use tidings::{AtomicAck, AtomicBatch, AtomicError, Draft, PublishError};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::support::env::{Env, SHORT, never, next, soon};
use crate::support::message::{Parcels, Sent, sent};

scenarios! {
    every_bus:
        a_batch_is_stored_as_one_and_in_order,
        a_batch_is_heard_and_handled_like_any_events,
        a_thousand_at_most,
        a_batch_again_is_a_duplicate_and_stored_once,
        one_that_is_stored_already_keeps_out_the_others,
        what_is_refused_is_heard_once,
        of_several_faults_the_server_names_one_at_once,
        what_can_not_be_in_a_batch_is_refused_when_it_is_added,
        an_event_that_is_too_large_keeps_out_the_others,
        expectations_are_those_of_the_whole_batch,
        a_full_stream_takes_all_or_nothing,
        a_stream_that_does_not_allow_it_is_named_with_the_attribute,
        a_batch_without_its_stream_names_it,
        a_batch_that_is_dropped_leaves_nothing,
        batches_beside_each_other_do_not_mix,
        the_same_batch_from_many_sides_is_stored_once,
        events_of_a_batch_can_wait,
        what_a_handler_publishes_as_one_is_stored_once;
}

#[derive(EventStream)]
#[stream(
    name = "ACCOUNTS",
    subjects("accounts.>"),
    allow_atomic_publish,
    allow_message_ttl,
    allow_message_schedules
)]
pub(crate) struct Accounts;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "accounts.{account}.debited", stream = Accounts)]
pub(crate) struct Debited {
    #[event(id)]
    transfer: u64,
    account: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "accounts.{account}.credited", stream = Accounts)]
pub(crate) struct Credited {
    #[event(id)]
    transfer: u64,
    account: u32,
}

/// An event without id fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "accounts.{account}.noted", stream = Accounts)]
pub(crate) struct Noted {
    account: u32,
    text: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Event)]
#[event(name = "accounts.any", stream = Accounts)]
pub(crate) enum AccountEvent {
    Debited(Debited),
    Credited(Credited),
    Noted(Noted),
}

fn debited(transfer: u64) -> Debited {
    Debited { transfer, account: 1 }
}

fn credited(transfer: u64) -> Credited {
    Credited { transfer, account: 2 }
}

/// A debit and a credit.
fn transfer(bus: &Bus, number: u64) -> AtomicBatch {
    let mut batch = bus.atomic();
    batch.add(&debited(number)).unwrap().add(&credited(number)).unwrap();
    batch
}

async fn messages(bus: &Bus) -> u64 {
    bus.stream::<Accounts>().state().await.unwrap().messages
}

async fn a_batch_is_stored_as_one_and_in_order(env: Env) {
    let bus = env.bus_with::<Accounts>().await;
    bus.publish(&debited(0)).await.unwrap();
    let mut batch = transfer(&bus, 1);
    let note = Noted { account: 1, text: "done".into() };
    let message = bus.message(&note).header("tenant", "acme").ttl(Duration::from_secs(60));
    batch.add_message(message).unwrap();
    assert_eq!((batch.len(), batch.is_empty()), (3, false));
    assert_eq!(messages(&bus).await, 1, "nothing is sent before it is published");

    let ack = soon(batch.publish()).await.unwrap();
    assert_eq!((ack.stream.as_str(), ack.duplicate), ("ACCOUNTS", false));
    assert_eq!((ack.first_sequence, ack.last_sequence), (2, 4));
    let mut replay = bus.replay::<AccountEvent>(DeliverFrom::Sequence(2)).await.unwrap();
    let first = next(&mut replay).await;
    assert_eq!((&*first, first.sequence()), (&AccountEvent::Debited(debited(1)), 2));
    assert_eq!(first.message_id(), Some("accounts.debited/1"));
    assert_eq!(*next(&mut replay).await, AccountEvent::Credited(credited(1)));
    let third = next(&mut replay).await;
    assert_eq!(*third, AccountEvent::Noted(note));
    assert_eq!(third.headers().get("tenant"), Some("acme"));
    assert!(third.message_id().is_some());
}

async fn a_batch_is_heard_and_handled_like_any_events(env: Env) {
    let bus = env.bus_with::<Accounts>().await;
    let mut live = bus.subscribe::<AccountEvent>().await.unwrap();
    let mut work = bus.consume::<AccountEvent>("audit").await.unwrap();
    transfer(&bus, 7).publish().await.unwrap();
    for flow in [AccountEvent::Debited(debited(7)), AccountEvent::Credited(credited(7))] {
        assert_eq!(*next(&mut live).await, flow);
        let delivery = next(&mut work).await;
        assert_eq!(*delivery, flow);
        delivery.ack_confirmed().await.unwrap();
    }
    never(SHORT, work.next()).await;
}

async fn a_thousand_at_most(env: Env) {
    let bus = env.bus_with::<Accounts>().await;
    let mut batch = bus.atomic();
    for number in 0..1000 {
        batch.add(&debited(number)).unwrap();
    }
    match batch.add(&debited(1000)).unwrap_err() {
        AtomicError::TooMany { stream, limit } => assert_eq!((stream, limit), ("ACCOUNTS", 1000)),
        other => panic!("{other:?}"),
    }
    let ack = soon(batch.publish()).await.unwrap();
    assert_eq!((ack.first_sequence, ack.last_sequence), (1, 1000));
    assert_eq!(messages(&bus).await, 1000);
    let mut replay = bus.replay::<Debited>(DeliverFrom::Beginning).await.unwrap();
    for number in 0..1000 {
        assert_eq!(next(&mut replay).await.transfer, number);
    }
}

async fn a_batch_again_is_a_duplicate_and_stored_once(env: Env) {
    let bus = env.bus_with::<Accounts>().await;
    let batch = transfer(&bus, 1);
    let ack = batch.publish().await.unwrap();
    bus.publish(&debited(9)).await.unwrap();
    // The same value, and the same events built anew.
    for again in [batch, transfer(&bus, 1)] {
        let again = soon(again.publish()).await.unwrap();
        assert!(again.duplicate);
        assert_eq!((again.first_sequence, again.last_sequence), (1, 2));
        assert_eq!(again.stream, ack.stream);
    }
    assert_eq!(messages(&bus).await, 3);
    // Ids that were made when the events were added stay.
    let mut notes = bus.atomic();
    for text in ["a", "b"] {
        notes.add(&Noted { account: 3, text: text.into() }).unwrap();
    }
    assert!(!notes.publish().await.unwrap().duplicate);
    assert!(notes.clone().publish().await.unwrap().duplicate);
    assert_eq!(messages(&bus).await, 5);
}

async fn one_that_is_stored_already_keeps_out_the_others(env: Env) {
    let bus = env.bus_with::<Accounts>().await;
    bus.publish(&debited(9)).await.unwrap();
    bus.publish(&credited(2)).await.unwrap();
    match soon(transfer(&bus, 2).publish()).await.unwrap_err() {
        AtomicError::Duplicate { stream, place, id, sequence } => {
            assert_eq!((stream, place, sequence), ("ACCOUNTS", 1, 2));
            assert_eq!(id, "accounts.credited/2");
        }
        other => panic!("{other:?}"),
    }
    // Both are there, and were not stored as one.
    bus.publish(&debited(0)).await.unwrap();
    bus.publish(&debited(2)).await.unwrap();
    let error = soon(transfer(&bus, 2).publish()).await.unwrap_err();
    let duplicate = matches!(error, AtomicError::Duplicate { place: 0, sequence: 4, .. });
    assert!(duplicate, "{error:?}");
    assert_eq!(messages(&bus).await, 4);
}

/// A batch that is refused was heard all the same; asking the stream for its ids is not.
async fn what_is_refused_is_heard_once(env: Env) {
    let bus = env.bus_with::<Accounts>().await;
    bus.publish(&credited(2)).await.unwrap();
    let mut live = bus.subscribe::<AccountEvent>().await.unwrap();
    let error = soon(transfer(&bus, 2).publish()).await.unwrap_err();
    assert!(matches!(error, AtomicError::Duplicate { place: 1, .. }), "{error:?}");
    assert_eq!(*next(&mut live).await, AccountEvent::Debited(debited(2)));
    assert_eq!(*next(&mut live).await, AccountEvent::Credited(credited(2)));
    never(SHORT, live.next()).await;
    assert_eq!(messages(&bus).await, 1);
}

#[derive(EventStream)]
#[stream(name = "NOTES", subjects("notes.>"), allow_atomic_publish, max_message_size = "1KiB")]
pub(crate) struct Notes;

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "notes.written", stream = Notes)]
struct Written {
    #[event(id)]
    number: u64,
    text: String,
}

async fn of_several_faults_the_server_names_one_at_once(env: Env) {
    let bus = env.bus_with::<Notes>().await;
    let written = |number| Written { number, text: String::new() };
    let known = written(0);
    bus.publish(&known).await.unwrap();
    let large = Written { number: 1, text: "x".repeat(2000) };
    let other = written(1);
    let drafts: [fn(Draft<'_, Written>) -> Draft<'_, Written>; 3] = [
        |draft| draft,
        |draft| draft.ttl(Duration::from_secs(9)),
        |draft| draft.expected_stream("OTHER"),
    ];
    for (fault, event, draft) in
        [("large", &large, drafts[0]), ("ttl", &other, drafts[1]), ("stream", &other, drafts[2])]
    {
        for order in ["known first", "known behind", "the known one"] {
            let mut batch = bus.atomic();
            let (faulty, known) = (draft(bus.message(event)), bus.message(&known));
            let filler = written(7);
            match order {
                "known first" => batch.add_message(known).unwrap().add_message(faulty),
                "known behind" => batch.add_message(faulty).unwrap().add_message(known),
                _ if fault == "large" => continue,
                _ => batch.add_message(draft(known)).unwrap().add(&filler),
            }
            .unwrap();
            let begun = Instant::now();
            let error = soon(batch.publish()).await.unwrap_err();
            assert!(begun.elapsed() < Duration::from_secs(2), "{fault}, {order}: {error:?}");
            let place = usize::from(order == "known first");
            let named = match (&error, fault, order) {
                (
                    AtomicError::Event { place: at, source: PublishError::Refused { code, .. } },
                    _,
                    _,
                ) => *at == place && matches!((fault, code), ("large", 10_054) | ("ttl", 10_166)),
                (AtomicError::Event { place: at, source: PublishError::Conflict { .. } }, _, _) => {
                    *at == place && fault == "stream"
                }
                (
                    AtomicError::Duplicate { place, .. },
                    "ttl" | "stream",
                    "known first" | "the known one",
                ) => *place == 0,
                _ => false,
            };
            assert!(named, "{fault}, {order}: {error:?}");
        }
    }
    assert_eq!(bus.stream::<Notes>().state().await.unwrap().messages, 1);
}

async fn what_can_not_be_in_a_batch_is_refused_when_it_is_added(env: Env) {
    let bus = env.bus_with::<Accounts>().await;
    let mut batch = bus.atomic();
    assert!(matches!(batch.publish().await, Err(AtomicError::Empty)));
    batch.add(&debited(1)).unwrap();

    match batch.add(&sent(1)).unwrap_err() {
        AtomicError::OtherStream { subject, stream, batch } => {
            assert_eq!((stream, batch), ("PARCELS", "ACCOUNTS"));
            assert_eq!(subject, "parcels.eu.sent");
        }
        other => panic!("{other:?}"),
    }
    match batch.add(&debited(1)).unwrap_err() {
        AtomicError::SameId { id, first, place, .. } => {
            assert_eq!((id.as_str(), first, place), ("accounts.debited/1", 0, 1));
        }
        other => panic!("{other:?}"),
    }
    let event = credited(1);
    let refused = [
        (bus.message(&event).expected_last_message_id("x"), "expected_last_message_id"),
        (bus.message(&event).expected_last_sequence(0), "expected_last_sequence"),
    ];
    for (message, name) in refused {
        match batch.add_message(message).unwrap_err() {
            AtomicError::Option { option, subject, .. } => {
                assert_eq!((option, subject.as_str()), (name, "accounts.2.credited"));
            }
            other => panic!("{other:?}"),
        }
    }
    let same_subject = debited(2);
    let message = bus.message(&same_subject).expected_last_subject_sequence(0);
    let error = batch.add_message(message).unwrap_err();
    assert!(error.to_string().contains("expected_last_subject_sequence"), "{error}");
    let message = bus.message(&event).header("Nats-Nonsense", "x");
    match batch.add_message(message).unwrap_err() {
        AtomicError::Event { place, source } => {
            assert_eq!(place, 1);
            assert!(matches!(source, PublishError::Header(_)), "{source:?}");
        }
        other => panic!("{other:?}"),
    }
    // What was refused left the batch as it was.
    assert_eq!(batch.len(), 1);
    batch.add(&credited(1)).unwrap();
    assert_eq!(batch.publish().await.unwrap().last_sequence, 2);
}

async fn an_event_that_is_too_large_keeps_out_the_others(env: Env) {
    let bus = env.bus_with::<Accounts>().await;
    let mut batch = bus.atomic();
    batch.add(&debited(1)).unwrap();
    batch.add(&Noted { account: 1, text: "x".repeat(bus.max_payload()) }).unwrap();
    match soon(batch.publish()).await.unwrap_err() {
        AtomicError::Event { place, source } => {
            assert_eq!(place, 1);
            assert!(matches!(source, PublishError::TooLarge { .. }), "{source:?}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(messages(&bus).await, 0);
}

async fn expectations_are_those_of_the_whole_batch(env: Env) {
    let bus = env.bus_with::<Accounts>().await;
    bus.publish(&debited(0)).await.unwrap();
    let (first, second) = (debited(1), credited(1));
    let expecting = |sequence, of_subject| {
        let mut batch = bus.atomic();
        batch.add_message(bus.message(&first).expected_last_sequence(sequence)).unwrap();
        let second = bus.message(&second).expected_last_subject_sequence(of_subject);
        batch.add_message(second).unwrap();
        batch
    };
    for wrong in [expecting(0, 0), expecting(9, 0), expecting(1, 1)] {
        match soon(wrong.publish()).await.unwrap_err() {
            AtomicError::Conflict { stream, description } => {
                assert_eq!(stream, "ACCOUNTS");
                assert!(description.contains("wrong last sequence"), "{description}");
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(messages(&bus).await, 1, "nothing of it is stored");
    }
    let ack = soon(expecting(1, 0).publish()).await.unwrap();
    assert_eq!((ack.first_sequence, ack.last_sequence), (2, 3));
    // The same batch again is a duplicate, before it is anything else.
    assert!(soon(expecting(1, 0).publish()).await.unwrap().duplicate);
    assert_eq!(messages(&bus).await, 3);
}

async fn a_full_stream_takes_all_or_nothing(env: Env) {
    let bus = env.bus();
    let mut config = Accounts::config();
    (config.max_messages, config.discard) = (Some(5), tidings::Discard::New);
    config.allow_message_schedules = false;
    bus.apply(bus.plan_stream(&config).await.unwrap()).await.unwrap();
    let mut batch = bus.atomic();
    for number in 0..6 {
        batch.add(&debited(number)).unwrap();
    }
    match soon(batch.publish()).await.unwrap_err() {
        AtomicError::NotBegun { reason, .. } | AtomicError::Refused { description: reason, .. } => {
            assert!(reason.contains("maximum messages"), "{reason}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(messages(&bus).await, 0);
    transfer(&bus, 1).publish().await.unwrap();
    transfer(&bus, 2).publish().await.unwrap();
    let error = soon(transfer(&bus, 3).publish()).await.unwrap_err();
    assert!(error.to_string().contains("maximum messages"), "{error}");
    assert_eq!(messages(&bus).await, 4);
    bus.publish(&debited(5)).await.unwrap();
}

async fn a_stream_that_does_not_allow_it_is_named_with_the_attribute(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    let mut batch = bus.atomic();
    batch.add(&sent(1)).unwrap();
    // One alone is all or nothing anyway.
    let ack = batch.publish().await.unwrap();
    assert_eq!((ack.first_sequence, ack.last_sequence, ack.duplicate), (1, 1, false));
    assert!(batch.publish().await.unwrap().duplicate);
    batch.add(&sent(2)).unwrap();
    let error = soon(batch.publish()).await.unwrap_err();
    assert!(matches!(error, AtomicError::NotAllowed { stream: "PARCELS" }), "{error:?}");
    assert!(error.to_string().contains("allow_atomic_publish"), "{error}");

    // Declared, and not so on the server.
    let mut config = Accounts::config();
    config.allow_atomic_publish = false;
    bus.apply(bus.plan_stream(&config).await.unwrap()).await.unwrap();
    let error = soon(transfer(&bus, 1).publish()).await.unwrap_err();
    assert!(matches!(error, AtomicError::NotAllowed { stream: "ACCOUNTS" }), "{error:?}");
    assert_eq!(messages(&bus).await, 0);
}

async fn a_batch_without_its_stream_names_it(env: Env) {
    let bus = env.bus();
    match soon(transfer(&bus, 1).publish()).await.unwrap_err() {
        AtomicError::Event { place, source: PublishError::NoStream { stream, .. } } => {
            assert_eq!((place, stream), (0, "ACCOUNTS"));
        }
        other => panic!("{other:?}"),
    }
}

async fn a_batch_that_is_dropped_leaves_nothing(env: Env) {
    let bus = env.bus_with::<Accounts>().await;
    drop(transfer(&bus, 1));
    let batch = transfer(&bus, 2);
    drop(batch.publish());
    assert_eq!(messages(&bus).await, 0);
    // A server remembers a batch that was begun for 10 s, and no more than 50 of them.
    for number in 0..40 {
        let batch = transfer(&bus, number);
        tokio::select! {
            biased;
            outcome = batch.publish() => drop(outcome.unwrap()),
            () = tokio::task::yield_now() => {}
        }
    }
    // All or nothing is stored of each; what is missing is stored now.
    let before = messages(&bus).await;
    assert_eq!(before % 2, 0);
    for number in 0..40 {
        soon(transfer(&bus, number).publish()).await.unwrap();
    }
    assert_eq!(messages(&bus).await, 80);
}

async fn batches_beside_each_other_do_not_mix(env: Env) {
    let bus = env.bus_with::<Accounts>().await;
    let other = env.another_bus().await;
    let publish = |bus: Bus, account: u32| async move {
        for round in 0..10 {
            let mut batch = bus.atomic();
            for number in 0..20 {
                let transfer = u64::from(account) * 1000 + round * 20 + number;
                batch.add(&Debited { transfer, account }).unwrap();
            }
            batch.publish().await.unwrap();
        }
    };
    let buses = [&bus, &other, &bus, &other];
    soon(join_all((1..).zip(buses).map(|(account, bus)| publish(bus.clone(), account)))).await;
    let mut replay = bus.replay::<Debited>(DeliverFrom::Beginning).await.unwrap();
    for _ in 0..40 {
        let first = next(&mut replay).await;
        assert_eq!(first.transfer % 20, 0, "a batch begins");
        for place in 1..20 {
            let delivery = next(&mut replay).await;
            assert_eq!(delivery.transfer, first.transfer + place);
            assert_eq!(delivery.account, first.account);
        }
    }
    assert_eq!(messages(&bus).await, 800);
}

async fn the_same_batch_from_many_sides_is_stored_once(env: Env) {
    let bus = env.bus_with::<Accounts>().await;
    let publish = |bus: Bus| async move { transfer(&bus, 1).publish().await.unwrap() };
    let acks = soon(join_all((0..20).map(|_| publish(bus.clone())))).await;
    assert_eq!(acks.iter().filter(|ack| !ack.duplicate).count(), 1);
    assert!(acks.iter().all(|ack| (ack.first_sequence, ack.last_sequence) == (1, 2)));
    assert_eq!(messages(&bus).await, 2);
}

async fn events_of_a_batch_can_wait(env: Env) {
    let bus = env.bus_with::<Accounts>().await;
    let mut work = bus.consume::<Credited>("audit").await.unwrap();
    let mut batch = bus.atomic();
    batch.add(&debited(1)).unwrap();
    let later = credited(1);
    batch.add_message(bus.message(&later).delay(Duration::from_secs(1))).unwrap();
    batch.publish().await.unwrap();
    let delivery = next(&mut work).await;
    assert_eq!(delivery.transfer, 1);
    assert_eq!(delivery.message_id(), Some("accounts.credited/1"));
    delivery.ack_confirmed().await.unwrap();
}

async fn what_a_handler_publishes_as_one_is_stored_once(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    bus.provision::<Accounts>().await.unwrap();
    let (sender, mut acks) = mpsc::unbounded_channel();
    let handler = {
        let bus = bus.clone();
        move |_: Sent, cx: Context| {
            let (bus, sender) = (bus.clone(), sender.clone());
            async move {
                let mut batch = bus.atomic();
                for text in ["sent", "paid"] {
                    let note = Noted { account: 1, text: text.into() };
                    batch.add_message(cx.message(&note))?;
                }
                sender.send(batch.publish().await?)?;
                if cx.attempt() == 1 {
                    return Err(Failure::retry_after(SHORT, "once more"));
                }
                Ok(())
            }
        }
    };
    let running = Registry::new("shop").handle::<Sent>(handler).start(&bus).await.unwrap();
    bus.publish(&sent(1)).await.unwrap();
    for duplicate in [false, true] {
        let ack: AtomicAck = soon(acks.recv()).await.unwrap();
        assert_eq!((ack.first_sequence, ack.last_sequence, ack.duplicate), (1, 2, duplicate));
    }
    assert_eq!(messages(&bus).await, 2);
    running.shutdown().await;
}
