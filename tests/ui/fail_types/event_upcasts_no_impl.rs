//! An older version without `Upcast`.

use tidings::prelude::*;

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "users.created", version = 1)]
struct UserCreatedV1 {}

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "users.created", version = 2, upcasts = UserCreatedV1)]
struct UserCreated {}

fn main() {}
