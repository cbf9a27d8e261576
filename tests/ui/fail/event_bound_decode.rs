//! A borrowed event where one is received.

use tidings::prelude::*;

#[derive(Serialize, JsonSchema, Event)]
#[event(subject = "names.{name}")]
struct Named<'a> {
    name: &'a str,
}

fn main() {
    let bus = Bus::in_memory();
    drop(bus.subscribe::<Named<'static>>());
}
