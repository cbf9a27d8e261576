//! Items that a macro makes.

use tidings::prelude::*;

macro_rules! events {
    ($(
        $(#[$meta:meta])*
        $vis:vis $name:ident($subject:literal, $stream:ty) { $($field:ident: $ty:ty),* $(,)? }
    )*) => {$(
        $(#[$meta])*
        #[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
        #[event(subject = $subject, stream = $stream, id = "id")]
        $vis struct $name {
            id: u32,
            $($field: $ty,)*
        }
    )*};
}

macro_rules! stream {
    ($name:ident, $text:expr_2021, $($subject:literal),*) => {
        #[derive(EventStream)]
        #[stream(name = "ORDERS", subjects($($subject),*), max_age = "1d")]
        struct $name;
    };
}

macro_rules! any {
    ($name:ident { $($variant:ident($ty:ty)),* }) => {
        #[derive(Debug, Event)]
        enum $name {
            $($variant($ty)),*
        }
    };
}

macro_rules! tokens {
    ($name:ident: $($variant:ident = $text:literal),*) => {
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Token)]
        enum $name {
            $(#[serde(rename = $text)] $variant),*
        }
    };
}

macro_rules! request {
    ($name:ident, $reply:ty) => {
        #[derive(Debug, Serialize, Deserialize, JsonSchema, Request)]
        #[request(subject = "ask.{key}", reply = $reply)]
        struct $name {
            key: u8,
        }
    };
}

stream!(Orders, "x", "orders.>", "returns.>");
tokens!(Region: Eu = "eu", Us = "us");

events! {
    /// Documented.
    pub(crate) Created("orders.{region}.created", Orders) { region: Region, texts: Vec<String> }
    Shipped("orders.{region}.shipped", Orders) { region: Region }
}

any!(Any { Created(Created), Shipped(Shipped) });
request!(Ask, Vec<u8>);

fn main() {
    let created = Created { id: 3, region: Region::Eu, texts: vec![] };
    assert_eq!(created.subject().unwrap().as_str(), "orders.eu.created");
    assert_eq!(created.message_id().as_deref(), Some("orders.created/3"));
    let filter = Shipped::filter().region(Region::Us).subjects().unwrap();
    assert_eq!(filter[0].as_str(), "orders.us.shipped");
    assert_eq!(Any::Created(created).declaration().name, "orders.created");
    assert_eq!(Orders::SUBJECTS, ["orders.>", "returns.>"]);
    assert_eq!(Ask { key: 1 }.subject().unwrap().as_str(), "ask.1");
}
