//! Modules in which the names of the prelude mean something else, or nothing.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tidings::prelude::{EventStream as _, Message as _};

/// A payload whose `Serialize` and `Deserialize` are written by hand: serde's own derives rely on
/// the prelude here and there.
macro_rules! payload {
    ($($path:path),*) => {$(
        impl Serialize for $path {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_unit()
            }
        }

        impl<'de> Deserialize<'de> for $path {
            fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
                Err(serde::de::Error::custom("not needed"))
            }
        }

        impl schemars::JsonSchema for $path {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($path).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({})
            }
        }
    )*};
}

#[allow(dead_code, non_camel_case_types, non_snake_case, unused_macros)]
mod shadowed {
    use ::tidings::prelude::{Event, EventStream, Request, Token};

    mod tidings {}
    mod core {}
    mod std {}
    mod serde {}
    mod __private {}

    type Result = ();
    type Option = ();
    type String = ();
    type Vec = ();
    type Box = ();
    type Self_ = ();
    trait Send {}
    trait Sync {}
    trait From {}
    trait Into {}
    trait Clone {}
    trait Debug {}
    trait PartialEq {}
    trait Iterator {}
    struct Message;
    struct Subject;
    struct Declaration;
    struct Failure;
    struct Filter;
    struct Tokens;
    struct str;
    struct bool;
    struct usize;
    struct u32;
    struct u8;
    fn Ok() {}
    fn Err() {}
    fn Some() {}
    fn None() {}
    fn drop() {}
    /// Methods of everything, which come before those that take a reference.
    trait Everything: ::core::marker::Sized {
        fn open(self, _: &::core::primitive::str) {}
        fn close(self, _: &::core::primitive::str) {}
        fn finish<T>(self, _: T) {}
        fn next(self, _: &::core::primitive::str) {}
        fn refused(self) {}
        fn narrow(self) {}
        fn subjects(self) {}
        fn debug(self) {}
        fn clone(self) {}
        fn field(self) {}
    }
    impl<T> Everything for T {}
    macro_rules! panic {
        () => {};
    }
    macro_rules! vec {
        () => {};
    }
    macro_rules! unreachable {
        () => {};
    }

    #[derive(EventStream)]
    #[stream(
        name = "ORDERS",
        subjects("orders.>"),
        max_age = "7d",
        description = "x",
        max_consumers = 3,
        no_ack = false,
        placement(tags("x")),
        source(name = "A", start_time = "2025-01-31T12:00:00Z"),
        republish(source = "a", destination = "b"),
        consumer_limits(max_ack_pending = 5),
        metadata(a = "b")
    )]
    pub struct Orders;

    #[derive(Token)]
    pub enum Region {
        Ok,
        Some,
    }

    #[derive(Token)]
    pub struct Shard(pub ::core::primitive::u8);

    #[derive(Event)]
    #[event(subject = "orders.{region}.{shard}.created", stream = Orders, id = "(shard.0,)")]
    pub struct Created {
        pub region: Region,
        pub shard: Shard,
    }

    #[derive(Event)]
    #[event(subject = "orders.{region}.shipped", stream = Orders)]
    pub struct Shipped<T> {
        #[event(id)]
        pub region: ::core::primitive::u8,
        pub more: ::core::marker::PhantomData<T>,
    }

    #[derive(Event)]
    #[event(stream = Orders, name = "x")]
    pub enum Any {
        Ok(Created),
        Filter(Shipped<Created>),
        Tokens(Other),
        Owned(Another),
    }

    #[derive(Event)]
    #[event(subject = "orders.other", stream = Orders)]
    pub struct Other;

    #[derive(Event)]
    #[event(subject = "orders.another", stream = Orders)]
    pub struct Another;

    #[derive(Request)]
    #[request(subject = "ask.{region}", reply = Other)]
    pub struct Ask {
        pub region: Region,
    }
}

payload!(
    shadowed::Created,
    shadowed::Other,
    shadowed::Another,
    shadowed::Ask,
    shadowed::Shipped<shadowed::Created>,
    no_prelude::Created,
    no_prelude::Ask
);

impl std::error::Error for no_prelude::Refused {}

impl fmt::Display for no_prelude::Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("refused")
    }
}

impl fmt::Debug for no_prelude::Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("refused")
    }
}

payload!(no_prelude::Refused);

#[allow(dead_code)]
mod no_prelude {
    #![no_implicit_prelude]

    #[derive(::tidings::EventStream)]
    #[stream(name = "ORDERS", subjects("orders.>"), mirror_direct = false, placement(tags("x")))]
    pub struct Orders;

    #[derive(::tidings::Token)]
    pub enum Region {
        Eu,
    }

    #[derive(::tidings::Event)]
    #[event(subject = "orders.{region}.created", stream = Orders, id = "number")]
    pub struct Created {
        pub region: Region,
        pub number: u32,
    }

    #[derive(::tidings::Event)]
    pub enum Any {
        Created(Created),
    }

    pub struct Refused;

    #[derive(::tidings::Request)]
    #[request(subject = "ask", reply = u8, error = Refused)]
    pub struct Ask;
}

fn main() {
    let created = shadowed::Created { region: shadowed::Region::Ok, shard: shadowed::Shard(3) };
    assert_eq!(created.subject().unwrap().as_str(), "orders.Ok.3.created");
    assert_eq!(created.message_id().as_deref(), Some("orders.created/3"));
    let any =
        shadowed::Any::Filter(shadowed::Shipped { region: 1, more: std::marker::PhantomData });
    assert_eq!(any.subject().unwrap().as_str(), "orders.1.shipped");
    assert_eq!(shadowed::Orders::config().name, "ORDERS");
    let created = no_prelude::Created { region: no_prelude::Region::Eu, number: 5 };
    let any = no_prelude::Any::Created(created);
    assert_eq!(any.message_id().as_deref(), Some("orders.created/5"));
}
