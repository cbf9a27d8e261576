//! A declared error that is none.

use tidings::prelude::*;

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct OutOfStock;

#[derive(Serialize, Deserialize, JsonSchema, Request)]
#[request(subject = "stock", reply = u8, error = OutOfStock)]
struct Check {
    sku: String,
}

fn main() {
    let bus = Bus::in_memory();
    drop(bus.request(&Check { sku: String::new() }));
}
