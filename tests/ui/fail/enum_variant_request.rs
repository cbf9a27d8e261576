//! A variant that holds a request.

use tidings::prelude::*;

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orders.{region}.created")]
struct Created {
    region: String,
}

#[derive(Serialize, Deserialize, JsonSchema, Request)]
#[request(subject = "stock", reply = u8)]
struct Ask;

#[derive(Event)]
enum Any {
    Created(Created),
    Ask(Ask),
}

fn main() {
    let _ = Bus::in_memory().publisher::<Any>();
}
