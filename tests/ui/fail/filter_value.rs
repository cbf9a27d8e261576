//! A filter narrowed to a value of another type.

use tidings::prelude::*;

#[derive(Serialize, Deserialize, JsonSchema, Token)]
enum Region {
    Eu,
}

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orders.{region}.created")]
struct Created {
    region: Region,
}

fn main() {
    let _ = Created::filter().region("eu");
}
