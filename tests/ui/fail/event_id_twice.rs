//! The id declared in both ways.

use tidings::prelude::*;

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orders.{region}", id = "region")]
struct Created {
    #[event(id)]
    region: String,
}

fn main() {
    let bus = Bus::in_memory();
    let _ = bus.publisher::<Created>();
    let _ = Created::filter();
}
