//! A core event where a stream's event is wanted.

use tidings::prelude::*;

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orders.created")]
struct Created;

fn main() {
    let bus = Bus::in_memory();
    drop(bus.consume::<Created>("billing"));
}
