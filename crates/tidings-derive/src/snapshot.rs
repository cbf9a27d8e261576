//! Expansions, one of each derive, to be read in `snapshots/`.
//!
//! `UPDATE_EXPECT=1 cargo test -p tidings-derive` writes them anew.

use expect_test::{ExpectFile, expect_file};
use proc_macro2::TokenStream;
use syn::{DeriveInput, parse_quote};

#[expect(clippy::needless_pass_by_value, reason = "made where it is given")]
fn check(expansion: TokenStream, expected: ExpectFile) {
    let file = syn::parse2(expansion).expect("an expansion is made of items");
    expected.assert_eq(&prettyplease::unparse(&file));
}

#[test]
fn event() {
    let input: DeriveInput = parse_quote! {
        #[event(subject = "orders.{region}.{shard}.created", stream = Orders)]
        pub struct OrderCreated {
            #[event(id)]
            order_id: Uuid,
            region: Region,
            shard: u64,
        }
    };
    check(super::event(&input), expect_file!["../snapshots/event.rs"]);
}

#[test]
fn upcast() {
    let input: DeriveInput = parse_quote! {
        #[event(subject = "users.created", version = 2, upcasts = UserCreatedV1, stream = Users)]
        struct UserCreated {
            name: String,
        }
    };
    check(super::event(&input), expect_file!["../snapshots/upcast.rs"]);
}

#[test]
fn generic_event() {
    let input: DeriveInput = parse_quote! {
        #[event(subject = "users.{kind}.{name}.created", id = "(kind, name.len())")]
        struct UserCreated<'a, T> {
            kind: T,
            name: &'a str,
        }
    };
    check(super::event(&input), expect_file!["../snapshots/generic_event.rs"]);
}

#[test]
fn enum_of_events() {
    let input: DeriveInput = parse_quote! {
        #[event(stream = Orders)]
        enum OrderEvent {
            Created(OrderCreated),
            Shipped(OrderShipped),
        }
    };
    check(super::event(&input), expect_file!["../snapshots/enum_of_events.rs"]);
}

#[test]
fn request() {
    let input: DeriveInput = parse_quote! {
        #[request(subject = "inventory.check", reply = Stock, error = OutOfStock)]
        struct CheckInventory {
            sku: String,
        }
    };
    check(super::request(&input), expect_file!["../snapshots/request.rs"]);
}

#[test]
fn stream() {
    let input: DeriveInput = parse_quote! {
        /// Everything that happens to an order.
        #[stream(name = "ORDERS", subjects("orders.>"), max_age = "7d", storage = "memory")]
        struct Orders;
    };
    check(super::event_stream(&input), expect_file!["../snapshots/stream.rs"]);
}

#[test]
fn bucket() {
    let input: DeriveInput = parse_quote! {
        /// Session of a user who is logged in.
        #[bucket(name = "sessions", key = "{tenant}.user.{user}", history = 5, ttl = "1h")]
        pub struct Session {
            tenant: Tenant,
            user: u64,
            cart: Vec<String>,
        }
    };
    check(super::bucket(&input), expect_file!["../snapshots/bucket.rs"]);
}

#[test]
fn token() {
    let input: DeriveInput = parse_quote! {
        #[serde(rename_all = "lowercase")]
        enum Region {
            Eu,
            Us,
        }
    };
    check(super::token(&input), expect_file!["../snapshots/token.rs"]);
}

#[test]
fn fallback() {
    let input: DeriveInput = parse_quote! {
        #[event(subject = "orders.{regoin}.created")]
        struct OrderCreated {
            region: Region,
        }
    };
    check(super::event(&input), expect_file!["../snapshots/fallback.rs"]);
}
