//! A stream's history, in order: from its beginning, from a sequence, or the last of each subject.

use anyhow::Context as _;
use tidings::prelude::*;
use tidings_examples::shop::Region;

/// A price changed.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "prices.{region}.{sku}.changed", stream = Prices)]
struct PriceChanged {
    region: Region,
    sku: String,
    cents: u64,
}

/// The last hundred prices of each lamp in each region.
#[derive(EventStream)]
#[stream(name = "PRICES", subjects("prices.>"), max_messages_per_subject = 100)]
struct Prices;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let bus = tidings_examples::bus().await?;
    bus.provision::<Prices>().await?;

    // A name of this run's own, since a server may still have the prices of the last one.
    let sku = format!("lamp-{}", Uuid::now_v7());
    let price = |region, cents| PriceChanged { region, sku: sku.clone(), cents };
    let acks = bus
        .publish_all([
            price(Region::Eu, 1900),
            price(Region::Us, 2100),
            price(Region::Eu, 1800),
            price(Region::Eu, 1700),
        ])
        .await?;

    // From a sequence on; `DeliverFrom::Beginning` and `DeliverFrom::Time` are written alike.
    let mut since = bus.replay::<PriceChanged>(DeliverFrom::Sequence(acks[1].sequence)).await?;
    for cents in [2100, 1800, 1700] {
        let change = since.next().await.context("the bus is closed")??;
        assert_eq!(change.cents, cents);
        println!("{}: {} is {} cents", change.sequence(), change.subject(), change.cents);
    }

    // The present prices of this lamp, one for each region.
    let lamp = PriceChanged::filter().sku(&sku);
    let mut now = bus.replay_of(lamp, DeliverFrom::LastPerSubject).await?;
    for _ in 0..2 {
        let change = now.next().await.context("the bus is closed")??;
        println!("now {} costs {} cents in {:?}", change.sku, change.cents, change.region);
    }

    // The history ends, the stream does not: what follows comes as it is stored.
    bus.publish(&price(Region::Us, 2000)).await?;
    let change = now.next().await.context("the bus is closed")??;
    assert_eq!((change.region, change.cents), (Region::Us, 2000));
    println!("then {} cents in {:?}", change.cents, change.region);
    Ok(())
}
