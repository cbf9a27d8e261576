//! The crate under another name.

extern crate tidings as bus;

mod reexported {
    pub mod deep {
        pub use tidings as messages;
    }
}

// What `::tidings` would find is not what is meant.
use bus::prelude::*;

#[derive(Serialize, Deserialize, JsonSchema, Token)]
#[token(crate = "bus")]
enum Region {
    Eu,
}

#[derive(EventStream)]
#[stream(name = "ORDERS", subjects("orders.>"), crate = bus)]
struct Orders;

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orders.{region}.created", stream = Orders, crate = "crate::reexported::deep::messages")]
struct Created {
    region: Region,
}

#[derive(Event)]
#[event(crate = bus)]
enum Any {
    Created(Created),
}

#[derive(Serialize, Deserialize, JsonSchema, Request)]
#[request(subject = "ask", reply = u8, crate = "::tidings")]
struct Ask;

fn main() {
    let any = Any::Created(Created { region: Region::Eu });
    assert_eq!(any.subject().unwrap().as_str(), "orders.Eu.created");
    assert_eq!(Ask.subject().unwrap().as_str(), "ask");
}
