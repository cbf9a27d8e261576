//! Large events: what does not fit into a message goes through an object store, unseen by either side.

mod dead_letter;
mod publish;
mod receive;
mod round_trip;
mod sweep;

use tidings::Objects;
use tidings::prelude::*;

use crate::support::env::Env;

/// Pictures, some of which are large.
#[derive(EventStream)]
#[stream(name = "SCANS", subjects("scans.>"), large_store, allow_atomic_publish)]
struct Scans;

/// The store of what is large, as the stream that it is.
#[derive(EventStream)]
#[stream(name = "OBJ_SCANS-large", subjects("$O.SCANS-large.C.>", "$O.SCANS-large.M.>"))]
struct ScansLarge;

/// The store's name.
const STORE: &str = "SCANS-large";

/// The header that names an event's object.
const OBJECT: &str = "Tidings-Large-Object";

/// Maximum size of a message of the server.
const LIMIT: usize = 1 << 20;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "scans.{room}.taken", stream = Scans, large)]
struct Taken {
    #[event(id)]
    number: u64,
    room: String,
    image: String,
}

/// Event of so many bytes, none of which is like those beside it.
fn taken(number: u64, len: usize) -> Taken {
    Taken { number, room: "hall".into(), image: text(number, len) }
}

/// Large from a size on that is far below what a server takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "scans.previewed", stream = Scans, large(over = "1KiB"))]
struct Previewed {
    image: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Event)]
#[event(name = "scans.any", stream = Scans)]
enum ScanEvent {
    Taken(Taken),
    Previewed(Previewed),
}

fn text(seed: u64, len: usize) -> String {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        char::from(b'a' + (state % 26) as u8)
    };
    (0..len).map(|_| next()).collect()
}

/// A bus with the stream and its store.
async fn scans(env: &Env) -> (Bus, Objects) {
    let bus = env.bus_with::<Scans>().await;
    let store = bus.objects(STORE);
    (bus, store)
}

/// The names of all objects in the store.
async fn objects(store: &Objects) -> Vec<String> {
    let mut list = store.list().await.unwrap();
    let mut names = Vec::new();
    while let Some(object) = list.next().await {
        names.push(object.unwrap().meta.name);
    }
    names.sort();
    names
}
