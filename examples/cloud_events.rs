//! Events for programs that are not yours: as CloudEvents, in either mode, read without an option.

use anyhow::Context as _;
use tidings::prelude::*;
use tidings::{CloudEventMode, CloudEvents};

/// An article is running low on its shelf.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "shelves.low")]
struct ShelfLow {
    #[event(id)]
    sku: String,
    left: u32,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let bus = tidings_examples::bus().await?;
    let mut heard = bus.subscribe::<ShelfLow>().await?;

    // Structured is the mode of the released binding: the payload is the envelope.
    let shop = CloudEvents::new("/shop")?.extension("tenant", "acme")?;
    let low = ShelfLow { sku: "lamp".into(), left: 2 };
    let events = bus.with_cloud_events(shop.clone());
    events.publish(&low).await?;
    // Binary is the next one's draft: the payload stays, the attributes are headers. Here for one message.
    bus.message(&low).cloud_event(shop.binary()).publish().await?;
    // Without either it is what other programs of Tidings read as well.
    bus.publish(&low).await?;

    for mode in [Some(CloudEventMode::Structured), Some(CloudEventMode::Binary), None] {
        let delivery = heard.next().await.context("the bus is closed")??;
        let attributes = delivery.cloud_event();
        assert_eq!(attributes.map(tidings::CloudEvent::mode), mode);
        match attributes {
            Some(event) => {
                let tenant = event.attribute("tenant").unwrap_or("nobody");
                let (name, of) = (event.event_type(), event.subject().unwrap_or("nothing"));
                println!(
                    "{:?}: {name} of {of}, from {} for {tenant}",
                    event.mode(),
                    event.source()
                );
            }
            None => println!("plain: {}", delivery.subject()),
        }
        assert_eq!(delivery.into_event(), low);
    }
    Ok(())
}
