//! The attribute without parentheses.

use tidings::prelude::*;

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event = "orders.created"]
struct Created;

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject: "orders.created")]
struct Colon;

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event("orders.created")]
struct Bare;

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = orders.created)]
struct Unquoted;

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject)]
struct NoValue;

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orders.created" version = 1)]
struct NoComma;

fn main() {}
