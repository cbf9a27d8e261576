//! An enum without variants.

use tidings::prelude::*;

#[derive(Event)]
enum Any {}

fn main() {
    let _ = Bus::in_memory().publisher::<Any>();
}
