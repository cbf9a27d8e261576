//! Keys that belong to a request.

use tidings::prelude::*;

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orders.created", reply = u8, error = std::io::Error)]
struct Created {
    #[event(name)]
    region: String,
}

fn main() {
    let bus = Bus::in_memory();
    let _ = bus.publisher::<Created>();
    let _ = Created::filter();
}
