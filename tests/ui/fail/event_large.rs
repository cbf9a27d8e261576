//! What is large needs a stream, which says when its object may go, and a size that some are below.

use tidings::prelude::*;

#[derive(EventStream)]
#[stream(name = "SCANS", subjects("scans.>"), large_store)]
struct Scans;

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "scans.shown", large)]
struct Shown {
    image: String,
}

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "scans.taken", stream = Scans, large(over = 0))]
struct Taken {
    image: String,
}

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "scans.previewed", stream = Scans, large(above = "1MiB"))]
struct Previewed {
    image: String,
}

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "scans.printed", stream = Scans, large = "1MiB")]
struct Printed {
    image: String,
}

#[derive(Event)]
#[event(large)]
enum ScanEvent {
    Taken(Taken),
}

#[derive(Serialize, Deserialize, JsonSchema, Request)]
#[request(subject = "scans.find", reply = String, large)]
struct Find {
    image: String,
}

fn main() {}
