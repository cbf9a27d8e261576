//! Atomic batches: all events are stored as one, or none is.

mod refusal;

use std::time::Duration;

use futures_util::future::join_all;
use tidings::prelude::*;
use tidings::{AtomicAck, AtomicBatch, AtomicError};
use tokio::sync::mpsc;

use crate::support::env::{Env, SHORT, never, next, soon};
use crate::support::message::{Parcels, Sent, sent};

scenarios! {
    every_bus:
        a_batch_is_stored_as_one_and_in_order,
        a_batch_is_heard_and_handled_like_any_events,
        a_thousand_at_most,
        a_batch_again_is_a_duplicate_and_stored_once,
        expectations_are_those_of_the_whole_batch,
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
