//! Refusals of a batch: what can't be in it, and what its stream does not take.

use std::time::Duration;

use tidings::prelude::*;
use tidings::{AtomicError, Draft, PublishError};
use tokio::time::Instant;

use super::{AccountEvent, Accounts, Noted, credited, debited, messages, transfer};
use crate::support::env::{Env, SHORT, never, next, soon};
use crate::support::message::{Parcels, sent};

scenarios! {
    every_bus:
        one_that_is_stored_already_keeps_out_the_others,
        what_is_refused_is_heard_once,
        of_several_faults_the_server_names_one_at_once,
        what_can_not_be_in_a_batch_is_refused_when_it_is_added,
        an_event_that_is_too_large_keeps_out_the_others,
        a_full_stream_takes_all_or_nothing,
        a_stream_that_does_not_allow_it_is_named_with_the_attribute,
        a_batch_without_its_stream_names_it;
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
