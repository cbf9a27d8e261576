//! Object stores: large things by name.

mod change;
mod cut;
mod get;
mod list;
mod put;
mod store;
mod watch;

use tidings::prelude::*;
use tidings::{ObjectStoreConfig, Objects};

use crate::support::env::Env;

/// The store, as the stream that it is.
#[derive(EventStream)]
#[stream(name = "OBJ_files", subjects("$O.files.C.>", "$O.files.M.>"))]
struct Files;

/// A bus with an empty store.
async fn files(env: &Env) -> (Bus, Objects) {
    let bus = env.bus();
    make(&bus, &ObjectStoreConfig::new("files")).await;
    let files = bus.objects("files");
    (bus, files)
}

async fn make(bus: &Bus, config: &ObjectStoreConfig) {
    bus.apply(bus.plan_stream(&config.to_stream()).await.unwrap()).await.unwrap();
}

/// Content of so many bytes, none of which is like those beside it.
fn bytes(len: usize) -> Vec<u8> {
    let mut seed = 0x9e37_79b9_u32;
    let mut next = || {
        seed ^= seed << 13;
        seed ^= seed >> 17;
        seed ^= seed << 5;
        seed.to_le_bytes()[0]
    };
    (0..len).map(|_| next()).collect()
}

/// Number of chunks in the store, of whatever object.
async fn chunks(bus: &Bus) -> u64 {
    let state = bus.stream::<Files>().state().await.unwrap();
    state.messages - descriptions(bus).await
}

async fn descriptions(bus: &Bus) -> u64 {
    let mut changes = bus.objects("files").watch().await.unwrap();
    let mut count = 0;
    while let Some(event) = changes.next().await {
        match event.unwrap() {
            tidings::ObjectEvent::Current => break,
            _ => count += 1,
        }
    }
    count
}
