//! Identity: deliveries of the same message, and of another one.

use tidings::DeadLetterFilter;
use tidings::prelude::*;
use tidings_sql::{Inbox, Once};
use tidings_tests::eventually;
use tokio::sync::mpsc;

use crate::event::{OrderPlaced, Orders};
use crate::in_each_database;
use crate::stage::{SOON, Stage, TestDatabase};

in_each_database!(
    a_stream_made_again_has_other_messages,
    what_is_put_back_is_what_it_was,
    a_redrive_has_its_effect_again_where_it_shall,
    an_id_is_known_beyond_the_duplicate_window,
    any_id_is_taken,
);

/// Records, and commits.
async fn record<DB: TestDatabase>(inbox: &Inbox<DB>, cx: &Context) -> Once {
    let mut tx = inbox.begin().await.unwrap();
    let once = inbox.once(&mut tx, cx).await.unwrap();
    tx.commit().await.unwrap();
    once
}

async fn a_stream_made_again_has_other_messages<DB: TestDatabase>() {
    let stage = Stage::<DB>::new().await;
    let inbox = stage.inbox().await;
    let first = stage.delivered("shop", 1).await;
    assert_eq!(record(&inbox, &first).await, Once::First);
    stage.bus.stream::<Orders>().delete().await.unwrap();
    stage.bus.provision::<Orders>().await.unwrap();
    let again = stage.delivered("shop", 1).await;
    assert_eq!((again.sequence(), again.consumer()), (first.sequence(), first.consumer()));
    assert_eq!(record(&inbox, &again).await, Once::First);
    assert_eq!(record(&inbox, &first).await, Once::Before);
}

/// The contexts of a message that commits and is rejected, and of its redrive.
async fn redriven<DB: TestDatabase>(inbox: Inbox<DB>, stage: &Stage<DB>) -> Vec<Once> {
    let (sender, mut told) = mpsc::unbounded_channel();
    let handler = move |_order: OrderPlaced, cx: Context| {
        let (inbox, sender) = (inbox.clone(), sender.clone());
        async move {
            sender.send(record(&inbox, &cx).await)?;
            if cx.redriven() == 0 { Err(Failure::reject("too late")) } else { Ok(()) }
        }
    };
    let registry = Registry::new("shop").handle::<OrderPlaced>(handler);
    let running = registry.start(&stage.bus).await.unwrap();
    stage.bus.publish(&OrderPlaced { number: 1 }).await.unwrap();
    let first = told.recv().await.unwrap();
    let letters = stage.bus.dead_letters("shop");
    eventually(SOON, "it is put back", || async {
        letters.redrive(DeadLetterFilter::all()).await.is_ok_and(|report| report.redriven == 1)
    })
    .await;
    let second = told.recv().await.unwrap();
    running.shutdown().await;
    vec![first, second]
}

async fn what_is_put_back_is_what_it_was<DB: TestDatabase>() {
    let stage = Stage::<DB>::new().await;
    let told = redriven(stage.inbox().await, &stage).await;
    assert_eq!(told, [Once::First, Once::Before]);
}

async fn a_redrive_has_its_effect_again_where_it_shall<DB: TestDatabase>() {
    let stage = Stage::<DB>::new().await;
    let told = redriven(stage.inbox().await.redriven_again(), &stage).await;
    assert_eq!(told, [Once::First, Once::First]);
}

async fn an_id_is_known_beyond_the_duplicate_window<DB: TestDatabase>() {
    let stage = Stage::<DB>::new().await;
    let (by_place, by_id) = (stage.inbox().await, stage.inbox().await.by_message_id());
    let (running, mut contexts) = stage.contexts("shop").await;
    let order = OrderPlaced { number: 1 };
    let publish = || async {
        let ack = stage.bus.message(&order).message_id("order-1").publish().await.unwrap();
        !ack.duplicate
    };
    eventually(SOON, "the stream takes it", publish).await;
    eventually(SOON, "the stream takes it once more", publish).await;
    let (one, other) = (contexts.recv().await.unwrap(), contexts.recv().await.unwrap());
    assert_ne!(one.sequence(), other.sequence());
    assert_eq!(record(&by_place, &one).await, Once::First);
    assert_eq!(record(&by_place, &other).await, Once::First);
    assert_eq!(record(&by_id, &one).await, Once::First);
    assert_eq!(record(&by_id, &other).await, Once::Before);
    running.shutdown().await;
}

/// Ids that are longer than an index may take, and alike up to their ends.
async fn any_id_is_taken<DB: TestDatabase>() {
    let stage = Stage::<DB>::new().await;
    let inbox = stage.inbox().await.by_message_id();
    let (running, mut contexts) = stage.contexts("shop").await;
    for end in ["a", "b"] {
        let id = "x".repeat(4000) + end;
        let order = OrderPlaced { number: 1 };
        stage.bus.message(&order).message_id(id).publish().await.unwrap();
        let cx = contexts.recv().await.unwrap();
        assert_eq!(record(&inbox, &cx).await, Once::First);
        assert_eq!(record(&inbox, &cx).await, Once::Before);
    }
    running.shutdown().await;
}
