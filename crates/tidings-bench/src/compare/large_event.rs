//! Large events from their publisher to their handler, beside an object of the same bytes that is put and got
//! by async-nats.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use tidings::prelude::*;
use tokio::io::AsyncReadExt as _;
use tokio::sync::mpsc;

use crate::environment::Environment;
use crate::lap::{Lap, done};

/// Size of what is large, in bytes.
const SIZE: usize = 5_000_000;
/// Number of what is counted that makes one such event: where allocations are counted there are thousands.
const UNITS: usize = 125;

#[derive(EventStream)]
#[stream(name = "SCANS", subjects("scans.>"), storage = "memory", large_store = "scans")]
struct Scans;

/// The store, as the stream that it is.
#[derive(EventStream)]
#[stream(name = "OBJ_scans", subjects("$O.scans.C.>", "$O.scans.M.>"))]
struct ScansLarge;

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "scans.taken", stream = Scans, large)]
struct ScanTaken {
    image: String,
}

async fn empty(environment: &Environment) -> Result<()> {
    let bus = &environment.bus;
    bus.provision::<Scans>().await?;
    bus.stream::<Scans>().purge().await?;
    bus.stream::<ScansLarge>().purge().await?;
    Ok(())
}

pub(crate) async fn raw(environment: Arc<Environment>, count: usize) -> Result<Lap> {
    empty(&environment).await?;
    let store = environment.jetstream.get_object_store("scans").await?;
    let data = vec![b'x'; SIZE];
    Ok(Lap::new(async move {
        for number in 0..count.div_ceil(UNITS) {
            let name = number.to_string();
            store.put(name.as_str(), &mut &data[..]).await?;
            let mut found = store.get(&name).await?;
            let mut read = Vec::with_capacity(SIZE);
            found.read_to_end(&mut read).await?;
            ensure!(read.len() == SIZE, "{} bytes were read", read.len());
        }
        Ok(done())
    }))
}

pub(crate) async fn ours(environment: Arc<Environment>, count: usize) -> Result<Lap> {
    empty(&environment).await?;
    let (sender, mut sizes) = mpsc::unbounded_channel();
    let handler = move |event: ScanTaken, _: Context| {
        let sent = sender.send(event.image.len());
        async move { sent.map_err(Failure::from) }
    };
    let registry = Registry::new("bench").handle::<ScanTaken>(handler);
    let running = registry.start(&environment.bus).await?;
    let event = ScanTaken { image: "x".repeat(SIZE) };
    Ok(Lap::new(async move {
        for _ in 0..count.div_ceil(UNITS) {
            environment.bus.publish(&event).await?;
            let read = sizes.recv().await.context("the handler is there")?;
            ensure!(read == SIZE, "{read} bytes were read");
        }
        Ok(async move {
            running.shutdown().await;
            let consumer = "bench-scans_taken";
            environment.bus.stream::<Scans>().delete_consumer(consumer).await?;
            Ok(())
        })
    }))
}
