//! The stream of a large event has no object store.

use tidings::prelude::*;

#[derive(EventStream)]
#[stream(name = "SCANS", subjects("scans.>"))]
struct Scans;

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "scans.taken", stream = Scans, large)]
struct Taken {
    image: String,
}

fn main() {}
