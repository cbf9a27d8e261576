//! Keys that belong to an event.

use tidings::prelude::*;

#[derive(Serialize, Deserialize, JsonSchema, Request)]
#[request(subject = "stock", reply = u8, stream = Orders, id = "sku", tagged)]
struct Check {
    sku: String,
}

fn main() {
    let bus = Bus::in_memory();
    drop(bus.request(&Check { sku: String::new() }));
}
