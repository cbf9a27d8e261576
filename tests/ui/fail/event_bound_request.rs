//! An event where a request is wanted, and the other way round.

use tidings::prelude::*;

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orders.created")]
struct Created;

#[derive(Serialize, Deserialize, JsonSchema, Request)]
#[request(subject = "stock", reply = u8)]
struct Ask;

fn publish<E: Event>(_: &E) {}

fn ask<Q: Request>(_: &Q) {}

fn main() {
    ask(&Created);
    publish(&Ask);
}
