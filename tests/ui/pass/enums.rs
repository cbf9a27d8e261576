//! Enums of events.

use tidings::prelude::*;
use tidings::{Decode, ParseSubjectError, PublishAck, StreamEvent};

#[derive(EventStream)]
#[stream(name = "ORDERS", subjects("orders.>"))]
struct Orders;

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orders.{region}.created", stream = Orders)]
struct OrderCreated {
    region: u8,
    #[event(id)]
    id: u32,
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orders.{region}.shipped", stream = Orders)]
struct OrderShipped {
    region: u8,
}

#[derive(Debug, PartialEq, Event)]
#[event(stream = Orders, name = "orders.any")]
enum OrderEvent {
    Created(OrderCreated),
    Shipped(OrderShipped),
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "audit.{who}", name = "audit.read", tagged)]
struct Read {
    who: String,
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "audit.{what}", name = "audit.write", tagged)]
struct Write {
    what: u32,
}

/// Kept by a stream or not, told apart by a header; no key is needed.
#[derive(Debug, PartialEq, Event)]
enum Anything {
    Read(Read),
    Write(Write),
    Order(OrderShipped),
}

#[derive(Debug, Event)]
enum Either<A, B> {
    One(A),
    Other(B),
}

#[derive(Debug, Serialize, JsonSchema, Event)]
#[event(subject = "names.{name}")]
struct Named<'a> {
    name: &'a str,
}

#[derive(Debug, Event)]
#[allow(dead_code)]
enum Borrowed<'a> {
    Named(Named<'a>),
    Order(OrderShipped),
}

fn kept<E: StreamEvent<Ack = PublishAck, Stream = Orders> + Decode>() {}
fn acknowledged<E: Event<Ack = Option<PublishAck>>>() {}

fn round<E: Decode>(event: &E) -> E {
    let mut payload = Vec::new();
    event.encode(&mut payload).unwrap();
    E::decode(event.declaration(), &payload).unwrap()
}

fn main() {
    kept::<OrderEvent>();
    acknowledged::<Anything>();
    acknowledged::<Either<Read, OrderShipped>>();
    acknowledged::<Borrowed<'_>>();

    let created = OrderEvent::Created(OrderCreated { region: 1, id: 7 });
    let shipped = OrderEvent::Shipped(OrderShipped { region: 2 });
    assert_eq!(created.subject().unwrap().as_str(), "orders.1.created");
    assert_eq!(shipped.subject().unwrap().as_str(), "orders.2.shipped");
    assert_eq!(created.message_id().as_deref(), Some("orders.created/7"));
    assert_eq!(shipped.message_id(), None);
    assert_eq!(created.declaration().tag, "orders.created.v1");
    assert_eq!(round(&created), created);
    assert_eq!(round(&shipped), shipped);
    assert_eq!(OrderEvent::NAME, Some("orders.any"));
    assert_eq!(Anything::NAME, None);
    assert_eq!(OrderEvent::DECLARATIONS.len(), 2);

    let subjects = OrderEvent::filter().subjects().unwrap();
    let subjects: Vec<_> = subjects.iter().map(|subject| subject.as_str()).collect();
    assert_eq!(subjects, ["orders.*.created", "orders.*.shipped"]);

    let tokens = OrderEvent::parse_subject("orders.3.shipped").unwrap();
    assert!(format!("{tokens:?}").contains("Shipped(OrderShippedTokens { region: 3 })"));
    assert_eq!(tokens.clone(), tokens);
    assert_ne!(tokens, OrderEvent::parse_subject("orders.3.created").unwrap());
    let refused = OrderEvent::parse_subject("orders.x.shipped").unwrap_err();
    assert!(matches!(refused, ParseSubjectError::Token { field: "region", .. }), "{refused}");
    let refused = OrderEvent::parse_subject("orders.3.lost").unwrap_err();
    assert_eq!(
        refused.to_string(),
        "subject `orders.3.lost` is not one of any variant of `OrderEvent`"
    );

    let write = Anything::Write(Write { what: 5 });
    assert!(write.declaration().tagged);
    assert_eq!(round(&write), write);
    let payload = br#"{"what":5}"#;
    let unknown = Anything::decode(created.declaration(), payload).unwrap_err();
    assert_eq!(unknown.to_string(), "no variant of `Anything` holds `orders.created.v1`");

    assert_eq!(OrderEvent::descriptors().len(), 2);
    assert_eq!(OrderEvent::descriptors()[1].subject, "orders.{region}.shipped");

    let either = Either::<Read, OrderShipped>::Other(OrderShipped { region: 9 });
    assert_eq!(either.subject().unwrap().as_str(), "orders.9.shipped");
    let borrowed = Borrowed::Named(Named { name: "ada" });
    assert_eq!(borrowed.subject().unwrap().as_str(), "names.ada");
}
