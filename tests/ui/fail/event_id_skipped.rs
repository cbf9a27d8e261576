//! Fields that identify an event and that serde keeps from receivers.

use tidings::prelude::*;

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orders.created")]
struct Marked {
    #[event(id)]
    #[serde(skip)]
    order: u64,
}

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orders.changed")]
struct Sometimes {
    #[event(id)]
    #[serde(default, skip_serializing_if = "is_nothing")]
    order: u64,
}

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orders.ended", id = "(order, change.unwrap_or(0))")]
struct Named {
    #[serde(skip_deserializing)]
    order: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    change: Option<u64>,
}

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orders.moved", id = r#"format!("{order}")"#)]
struct Shown {
    #[serde(skip_serializing, default)]
    order: u64,
}

fn is_nothing(order: &u64) -> bool {
    *order == 0
}

fn main() {}
