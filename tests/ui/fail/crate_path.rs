//! A crate that is not there.

use tidings::prelude::*;

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orders.created", crate = "no such crate")]
struct Created;

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orders.created", crate = "nowhere")]
struct Shipped;

fn main() {}
