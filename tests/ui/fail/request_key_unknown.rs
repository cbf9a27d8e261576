//! A reply that is misspelt, with generics in it.

use tidings::prelude::*;

#[derive(Serialize, Deserialize, JsonSchema, Request)]
#[request(subject = "stock", replay = std::collections::HashMap<String, u8>)]
struct Check {
    sku: String,
}

fn main() {
    let bus = Bus::in_memory();
    drop(bus.request(&Check { sku: String::new() }));
}
