//! Fields that fill tokens of the subject and that serde keeps from receivers.

use tidings::prelude::*;

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orders.{region}.created")]
struct Skipped {
    #[serde(skip)]
    region: String,
}

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orders.{region}.changed")]
struct NotWritten {
    #[serde(default, skip_serializing)]
    region: String,
}

#[derive(Serialize, Deserialize, JsonSchema, Request)]
#[request(subject = "orders.{region}.count", reply = u64)]
struct NotRead {
    #[serde(skip_deserializing)]
    region: String,
}

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orders.{region}.ended", id = "region")]
struct Sometimes {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    region: String,
}

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orders.{region}.moved")]
struct OtherName {
    #[serde(default, rename(serialize = "from"))]
    region: String,
}

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "regions.{region}")]
struct Newtype(#[serde(skip)] String);

fn main() {}
