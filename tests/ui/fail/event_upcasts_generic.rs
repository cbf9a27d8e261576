//! An event with parameters that names an older version.

use tidings::prelude::*;

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "users.created", version = 1)]
struct UserCreatedV1 {}

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "users.created", version = 2, upcasts = UserCreatedV1)]
struct UserCreated<T> {
    user: T,
}

fn main() {}
