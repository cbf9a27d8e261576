//! A reply that can not travel.

use tidings::prelude::*;

struct Stock;

#[derive(Serialize, Deserialize, JsonSchema, Request)]
#[request(subject = "stock", reply = Stock)]
struct Check {
    sku: String,
}

fn main() {
    let bus = Bus::in_memory();
    drop(bus.request(&Check { sku: String::new() }));
}
