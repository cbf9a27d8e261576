//! A plain struct where an event is wanted.

use tidings::prelude::*;

struct Plain;

fn main() {
    let bus = Bus::in_memory();
    let _ = bus.publisher::<Plain>();
}
