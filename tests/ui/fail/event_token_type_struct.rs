//! A type of the user that is no token: one error, at the field.

use tidings::prelude::*;

#[derive(Serialize, Deserialize, JsonSchema)]
enum Region {
    Eu,
}

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orders.{region}.created")]
struct Created {
    region: Region,
}

fn main() {
    let bus = Bus::in_memory();
    let _ = bus.publisher::<Created>();
    let _ = Created::filter();
}
