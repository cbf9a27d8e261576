//! An id that is a token without a `Display`.

use tidings::prelude::*;

#[derive(Serialize, Deserialize, JsonSchema, Token)]
struct OrderId(String);

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orders.{order}.created")]
struct Created {
    #[event(id)]
    order: OrderId,
}

fn main() {
    let bus = Bus::in_memory();
    let _ = bus.publisher::<Created>();
    let _ = Created::filter();
}
