//! Generic events, and borrowed ones for publishing.

use std::borrow::Cow;
use std::fmt::Debug;

use tidings::prelude::*;
use tidings::{Decode, StreamEvent};

#[derive(EventStream)]
#[stream(name = "USERS", subjects("users.>"))]
struct Users;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "users.{kind}.created", stream = Users)]
struct UserCreated<T>
where
    T: Clone,
{
    kind: T,
    name: String,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "pairs.{count}")]
struct Pairs<A: Debug, B = u8, const N: usize = 2> {
    first: A,
    second: Vec<B>,
    count: u32,
}

#[derive(Debug, Serialize, JsonSchema, Event)]
#[event(subject = "users.{name}.renamed.{place}", stream = Users)]
struct UserRenamed<'a, 'b: 'a> {
    #[event(id)]
    name: &'a str,
    place: Cow<'b, str>,
}

#[derive(Debug, Serialize, JsonSchema, Event)]
#[event(subject = "wrapped.{value}")]
struct Wrapped<'a, T: ?Sized>(&'a T);

fn publish<T>(event: &UserCreated<T>) -> String
where
    T: Clone + Token + Serialize + JsonSchema + Send + Sync,
{
    event.subject().unwrap().to_string()
}

fn received<E: Decode + StreamEvent>() {}

fn main() {
    let created = UserCreated { kind: 7u8, name: "Ada".into() };
    assert_eq!(publish(&created), "users.7.created");
    assert_eq!(UserCreated::<u8>::parse_subject("users.7.created").unwrap().kind, 7);
    let filter = UserCreated::<String>::filter().kind("admin").subjects().unwrap();
    assert_eq!(filter[0].as_str(), "users.admin.created");
    received::<UserCreated<String>>();
    // A borrowed type parameter is for publishing only, like a borrowed field.
    assert_eq!(publish(&UserCreated { kind: "x", name: "Bo".into() }), "users.x.created");

    let pairs = Pairs::<_, u8, 5> { first: "a", second: vec![], count: 2 };
    assert_eq!(pairs.subject().unwrap().as_str(), "pairs.2");
    let filter = Pairs::<u8>::filter().count(3).subjects().unwrap();
    assert_eq!(filter[0].as_str(), "pairs.3");

    let name = String::from("ada");
    let renamed = UserRenamed { name: &name, place: "home".into() };
    assert_eq!(renamed.subject().unwrap().as_str(), "users.ada.renamed.home");
    assert_eq!(renamed.message_id().as_deref(), Some("users.renamed/ada"));
    let tokens = UserRenamed::parse_subject("users.bob.renamed.away").unwrap();
    let (name, place): (String, String) = (tokens.name, tokens.place);
    assert_eq!((name.as_str(), place.as_str()), ("bob", "away"));
    let filter = UserRenamed::filter().name("bob").place(&place).subjects().unwrap();
    assert_eq!(filter[0].as_str(), "users.bob.renamed.away");

    assert_eq!(Wrapped("x").subject().unwrap().as_str(), "wrapped.x");
}
