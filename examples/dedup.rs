//! A stream's event has an id: publishing it again, even rebuilt, stores it once. The stream knows
//! an id for its duplicate window: two minutes in `shop.rs`.

use tidings::PublishError;
use tidings::prelude::*;
use tidings_examples::shop::{OrderCreated, Orders, Region};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let bus = tidings_examples::bus().await?;
    bus.provision::<Orders>().await?;

    // The id is made of the field marked `#[event(id)]`: the order, not this value in memory.
    let order_id = Uuid::now_v7();
    let build = || OrderCreated { order_id, region: Region::Eu, total_cents: 4200 };
    let first = bus.publish(&build()).await?;
    let again = bus.publish(&build()).await?;
    assert!(!first.duplicate && again.duplicate);
    assert_eq!(first.sequence, again.sequence);
    println!("stored once, as {}: the second says duplicate: {}", first.sequence, again.duplicate);

    // Another id, of your own choice, makes it another message.
    let event = build();
    let corrected = bus.message(&event).message_id(format!("correction/{order_id}"));
    let corrected = corrected.publish().await?;
    assert!(!corrected.duplicate);

    // Optimistic concurrency: store it only if `first` is still the last message of its subject.
    // It is not, since the correction followed.
    let conflict =
        bus.message(&event).message_id("late").expected_last_subject_sequence(first.sequence);
    match conflict.publish().await {
        Err(PublishError::Conflict { description, .. }) => println!("refused: {description}"),
        other => anyhow::bail!("expected a conflict, not {other:?}"),
    }
    Ok(())
}
