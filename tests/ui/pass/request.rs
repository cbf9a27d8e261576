//! Requests, with and without a declared error.

use std::collections::HashMap;
use std::fmt;

use tidings::prelude::*;
use tidings::{Decode, Undeclared};

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Stock {
    left: u32,
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct OutOfStock {
    sku: String,
}

impl fmt::Display for OutOfStock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no {} left", self.sku)
    }
}

impl std::error::Error for OutOfStock {}

/// Is there enough of it?
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema, Request)]
#[request(subject = "inventory.check", reply = Stock, error = OutOfStock)]
struct CheckInventory {
    sku: String,
    quantity: u32,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema, Request)]
#[request(
    subject = "inventory.{warehouse}.count",
    reply = HashMap<String, u32>,
    version = 3,
    name = "count",
)]
struct Count {
    warehouse: String,
}

#[derive(Debug, Serialize, JsonSchema, Request)]
#[request(subject = "names.{name}", reply = ())]
struct Look<'a> {
    name: &'a str,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema, Request)]
#[request(subject = "echo", reply = Vec<(u8, u16)>)]
struct Echo<T> {
    value: T,
}

fn declares<Q, E>()
where
    Q: Request<Error = E, Declared = E> + Decode,
{
}

fn declares_nothing<Q: Request<Error = Failure, Declared = Undeclared>>() {}

fn main() {
    declares::<CheckInventory, OutOfStock>();
    declares_nothing::<Count>();
    declares_nothing::<Look<'_>>();
    declares_nothing::<Echo<u8>>();

    let check = CheckInventory { sku: "x".into(), quantity: 2 };
    assert_eq!(check.subject().unwrap().as_str(), "inventory.check");
    assert_eq!(check.declaration().kind, tidings::MessageKind::Request);
    assert_eq!(check.declaration().tag, "inventory.check.v1");
    let mut payload = Vec::new();
    check.encode(&mut payload).unwrap();
    assert_eq!(CheckInventory::decode(check.declaration(), &payload).unwrap(), check);

    let descriptor = &CheckInventory::descriptors()[0];
    assert_eq!(descriptor.kind.to_string(), "request");
    assert_eq!(descriptor.description(), Some("Is there enough of it?"));
    assert!(descriptor.reply.is_some());
    assert!(descriptor.error.is_some());
    assert!(Count::descriptors()[0].error.is_none());

    assert_eq!(Count { warehouse: "w1".into() }.declaration().tag, "count.v3");
    let filter = Count::filter().warehouse("w2").subjects().unwrap();
    assert_eq!(filter[0].as_str(), "inventory.w2.count");
    assert_eq!(Count::parse_subject("inventory.w3.count").unwrap().warehouse, "w3");
    assert_eq!(Look { name: "ada" }.subject().unwrap().as_str(), "names.ada");
}
