//! A subject that makes no good name.

use tidings::prelude::*;

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "größen.{region}")]
struct Created {
    region: String,
}

fn main() {
    let bus = Bus::in_memory();
    let _ = bus.publisher::<Created>();
    let _ = Created::filter();
}
