//! Older versions that are none.

use tidings::prelude::*;

#[derive(EventStream)]
#[stream(name = "USERS", subjects("users.>"))]
struct Users;

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "users.created", version = 1)]
struct NotKept {}

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "users.created", version = 2, upcasts = NotKept, stream = Users)]
struct Kept {}

impl Upcast<NotKept> for Kept {
    fn upcast(_: NotKept) -> Self {
        Self {}
    }
}

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "users.created", version = 1, upcasts = NotKept)]
struct NotNewer {}

impl Upcast<NotKept> for NotNewer {
    fn upcast(_: NotKept) -> Self {
        Self {}
    }
}

#[derive(Event)]
enum Several {
    NotKept(NotKept),
    Other(Other),
}

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "users.removed")]
struct Other {}

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "users.changed", upcasts = Several)]
struct OfSeveral {}

impl Upcast<Several> for OfSeveral {
    fn upcast(_: Several) -> Self {
        Self {}
    }
}

#[derive(Serialize, Deserialize, JsonSchema, Request)]
#[request(subject = "users.find", reply = ())]
struct Find {}

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "users.found", upcasts = Find)]
struct Found {}

impl Upcast<Find> for Found {
    fn upcast(_: Find) -> Self {
        Self {}
    }
}

fn main() {}
