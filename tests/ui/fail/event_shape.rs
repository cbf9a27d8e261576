//! Types that can't be an event.

use tidings::prelude::*;

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orders.created")]
struct Tuple(u8, u16);

#[derive(Event)]
#[event(subject = "orders.created")]
union Union {
    a: u8,
}

fn main() {
    let _ = Bus::in_memory().publisher::<Tuple>();
}
