//! An older version that is no event.

use tidings::prelude::*;

struct UserCreatedV1 {}

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "users.created", version = 2, upcasts = UserCreatedV1)]
struct UserCreated {}

impl Upcast<UserCreatedV1> for UserCreated {
    fn upcast(_: UserCreatedV1) -> Self {
        Self {}
    }
}

fn main() {}
