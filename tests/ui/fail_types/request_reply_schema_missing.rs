//! A reply that does not derive `JsonSchema`.

use tidings::prelude::*;

#[derive(Serialize, Deserialize, JsonSchema, Request)]
#[request(subject = "stock.check", reply = Stock)]
struct CheckStock {
    quantity: u32,
}

#[derive(Serialize, Deserialize)]
struct Stock {
    enough: bool,
}

fn main() {}
