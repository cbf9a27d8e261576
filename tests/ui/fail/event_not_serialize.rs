//! An event whose payload can not be written, read or described.

use tidings::prelude::*;

#[derive(Event)]
#[event(subject = "orders.created")]
struct Created {
    region: String,
}

fn main() {}
