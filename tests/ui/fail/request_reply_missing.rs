//! A request without a reply.

use tidings::prelude::*;

#[derive(Serialize, Deserialize, JsonSchema, Request)]
#[request(subject = "stock")]
struct Check {
    sku: String,
}

fn main() {
    let bus = Bus::in_memory();
    drop(bus.request(&Check { sku: String::new() }));
}
