//! Large events: what does not fit into a message goes through an object store, unseen by either side.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context as _;
use tidings::prelude::*;
use tidings::{DeadLetterFilter, DeadLetters};

/// Scans of documents, some of which are large. The stream has an object store for these.
#[derive(EventStream)]
#[stream(name = "SCANS", subjects("scans.>"), max_age = "30d", large_store)]
struct Scans;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "scans.{office}.taken", stream = Scans, large)]
struct ScanTaken {
    #[event(id)]
    scan: Uuid,
    office: String,
    image: String,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let bus = tidings_examples::bus().await?;
    bus.provision::<Scans>().await?;
    // An office of this run's own, since a server may still have the scans of the last one.
    let office = Uuid::now_v7().simple().to_string();
    let scan = |bytes| ScanTaken {
        scan: Uuid::now_v7(),
        office: office.clone(),
        image: "x".repeat(bytes),
    };

    // The archive is full at first, then it is not.
    let has_room = Arc::new(AtomicBool::new(false));
    let (sender, mut archived) = tokio::sync::mpsc::unbounded_channel();
    let archive = {
        let has_room = Arc::clone(&has_room);
        move |scan: ScanTaken, _cx: Context| {
            let has_room = has_room.load(Ordering::SeqCst);
            let sent = if has_room { sender.send(scan).map_err(Failure::from) } else { Ok(()) };
            async move { if has_room { sent } else { Err(Failure::reject("the archive is full")) } }
        }
    };
    let route = Route::of::<ScanTaken>(archive).filter(ScanTaken::filter().office(&office));
    let name = format!("archive-{office}");
    let route = route.durable(name.as_str());
    let running = Registry::new(&*name).route(route).start(&bus).await?;

    // A small event is a message as any other, a large one is an object and a message that refers to it.
    let (small, large) = (scan(1_000), scan(5_000_000));
    for event in [&small, &large] {
        let ack = bus.publish(event).await?;
        let message = bus.stream::<Scans>().get(ack.sequence).await?.context("it is stored")?;
        let is_object = message.headers.get("Tidings-Large-Object").is_some();
        assert_eq!(is_object, event == &large);
        assert_eq!(&message.decode::<ScanTaken>()?, event);
    }

    // Its dead letter refers to the same object, and so does what is put back.
    let aside = bus.dead_letters(&name);
    wait_for_letters(&aside, 2).await?;
    has_room.store(true, Ordering::SeqCst);
    assert_eq!(aside.redrive(DeadLetterFilter::all()).await?.redriven, 2);
    for event in [&small, &large] {
        assert_eq!(&archived.recv().await.context("the archive is there")?, event);
    }
    running.shutdown().await;

    // An object goes once no stream holds its event: here none is old enough.
    let swept = bus.sweep_large::<Scans>().await?;
    println!("a scan of 5 MB was put aside, put back and archived");
    println!("swept: {} removed, {} kept, {} too young", swept.removed, swept.kept, swept.young);
    bus.close().await?;
    Ok(())
}

async fn wait_for_letters(aside: &DeadLetters, count: u64) -> anyhow::Result<()> {
    while aside.count(DeadLetterFilter::all()).await? < count {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    Ok(())
}
