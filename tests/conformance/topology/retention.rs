//! Streams that keep a message only as long as somebody has still to handle it.

use tidings::prelude::*;
use tidings::{EventStream, SubscribeError};
use tidings_tests::eventually;

use crate::support::env::{Env, SHORT, SOON, never, next};

scenarios! {
    every_bus:
        a_work_queue_removes_what_is_settled,
        a_handled_task_leaves_its_work_queue,
        interest_keeps_a_message_until_all_have_settled_it;
}

/// Stream of which each message goes to one consumer, and is gone once it is settled.
#[derive(EventStream)]
#[stream(name = "TASKS", subjects("tasks.>"), retention = "work_queue")]
struct Tasks;

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "tasks.{kind}.queued", stream = Tasks)]
struct Queued {
    #[event(id)]
    number: u64,
    kind: String,
}

fn queued(number: u64) -> Queued {
    Queued { number, kind: "small".into() }
}

/// Stream in which each message stays until every consumer has settled it.
#[derive(EventStream)]
#[stream(name = "NOTES", subjects("notes.>"), retention = "interest")]
struct Notes;

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "notes.taken", stream = Notes)]
struct Taken {
    #[event(id)]
    number: u64,
}

/// Waits until the stream holds exactly so many.
async fn holds<S: EventStream>(bus: &Bus, messages: u64) {
    eventually(SOON, format!("{messages} messages"), || async {
        let state = bus.stream::<S>().state().await.map_err(|error| error.to_string())?;
        if state.messages == messages { Ok(()) } else { Err(format!("{state:?}")) }
    })
    .await;
}

async fn a_work_queue_removes_what_is_settled(env: Env) {
    let bus = env.bus_with::<Tasks>().await;
    bus.publish_all((1..=5).map(queued)).await.unwrap();
    holds::<Tasks>(&bus, 5).await;
    let mut work = bus.consume::<Queued>("workers").await.unwrap();
    let mut held = Vec::new();
    for number in 1..=5 {
        let delivery = next(&mut work).await;
        assert_eq!((delivery.number, delivery.sequence()), (number, number));
        held.push(delivery);
    }
    // Delivered is not settled.
    holds::<Tasks>(&bus, 5).await;
    for delivery in held.drain(..2) {
        delivery.ack_confirmed().await.unwrap();
    }
    holds::<Tasks>(&bus, 3).await;
    held.remove(0).reject("no such task").await.unwrap();
    holds::<Tasks>(&bus, 2).await;
    held.remove(0).nak(None).await.unwrap();
    let again = next(&mut work).await;
    assert_eq!((again.number, again.attempt()), (4, 2));
    holds::<Tasks>(&bus, 2).await;
    again.ack().await.unwrap();
    held.remove(0).ack().await.unwrap();
    holds::<Tasks>(&bus, 0).await;
    assert_eq!(bus.stream::<Tasks>().state().await.unwrap().last_sequence, 5);
    never(SHORT, work.next()).await;
    // A message can't be two consumers' work.
    let error = bus.consume::<Queued>("others").await.unwrap_err();
    assert!(matches!(error, SubscribeError::Refused { code: 10100, .. }), "{error:?}");
}

async fn a_handled_task_leaves_its_work_queue(env: Env) {
    let bus = env.bus();
    let handler = |task: Queued, cx: Context| async move {
        if task.number == 2 && cx.attempt() == 1 { Err(Failure::retry("later")) } else { Ok(()) }
    };
    let route = Route::of::<Queued>(handler).retry(Retry::fixed(SHORT));
    let running = Registry::new("shop").route(route).start(&bus).await.unwrap();
    bus.publish_all((1..=3).map(queued)).await.unwrap();
    holds::<Tasks>(&bus, 0).await;
    let report = running.shutdown().await.remove(0);
    assert_eq!((report.handled, report.failed), (3, 1));
}

async fn interest_keeps_a_message_until_all_have_settled_it(env: Env) {
    let bus = env.bus_with::<Notes>().await;
    let ack = bus.publish(&Taken { number: 0 }).await.unwrap();
    assert_eq!((ack.sequence, ack.duplicate), (1, false));
    holds::<Notes>(&bus, 0).await;

    let mut one = bus.consume::<Taken>("one").await.unwrap();
    let mut two = bus.consume::<Taken>("two").await.unwrap();
    bus.publish_all((1..=3).map(|number| Taken { number })).await.unwrap();
    for number in 1..=3 {
        let delivery = next(&mut one).await;
        assert_eq!(delivery.number, number, "what nobody was interested in is gone");
        delivery.ack_confirmed().await.unwrap();
    }
    holds::<Notes>(&bus, 3).await;
    for number in 1..=2 {
        let delivery = next(&mut two).await;
        assert_eq!(delivery.number, number);
        delivery.ack_confirmed().await.unwrap();
    }
    holds::<Notes>(&bus, 1).await;
    // Without its last consumer nobody is interested in what is left.
    drop(two);
    bus.stream::<Notes>().delete_consumer("two").await.unwrap();
    holds::<Notes>(&bus, 0).await;
    never(SHORT, one.next()).await;
}
