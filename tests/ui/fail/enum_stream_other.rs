//! An event of another stream in an enum with a stream.

use tidings::prelude::*;

#[derive(EventStream)]
#[stream(name = "ORDERS", subjects("orders.>"))]
struct Orders;

#[derive(EventStream)]
#[stream(name = "USERS", subjects("users.>"))]
struct Users;

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orders.kept", stream = Orders)]
struct Kept;

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "users.left", stream = Users)]
struct Left;

#[derive(Event)]
#[event(stream = Orders)]
enum Any {
    Kept(Kept),
    Left(Left),
}

fn main() {
    let _ = Bus::in_memory().publisher::<Any>();
}
