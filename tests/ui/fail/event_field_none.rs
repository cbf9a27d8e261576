//! Tokens where there is no field to fill them.

use tidings::prelude::*;

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orders.{region}.created")]
struct Unit;

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orders.{region}.created")]
struct Empty {}

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orders.{region}.{shard}.created")]
struct Newtype(String);

fn main() {}
