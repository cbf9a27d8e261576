#![allow(clippy::needless_raw_string_hashes, reason = "expect-test writes them")]

mod service;

use expect_test::{Expect, expect};
use schemars::JsonSchema;
use serde_json::{Value, json};

use super::{Catalog, CatalogError};
use crate::Descriptor;

/// An order.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is wanted")]
struct Order {
    id: String,
    line: Line,
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is wanted")]
struct Line {
    sku: String,
}

mod other {
    #[derive(schemars::JsonSchema)]
    #[expect(dead_code, reason = "only its schema is wanted")]
    pub(super) struct Shipment {
        line: Line,
    }

    #[derive(schemars::JsonSchema)]
    #[expect(dead_code, reason = "only its schema is wanted")]
    pub(super) struct Line {
        sku: u64,
    }
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is wanted")]
struct Envelope<T> {
    content: T,
}

fn created() -> Descriptor {
    Descriptor::event("orders.created", 1, "orders.{region}.created").payload::<Order>()
}

fn refused(descriptors: impl IntoIterator<Item = Descriptor>, message: &Expect) -> CatalogError {
    let error = Catalog::of(descriptors).unwrap_err();
    message.assert_eq(&error.to_string());
    error
}

#[test]
fn messages_are_ordered_by_name_and_version() {
    let event = |name, version| Descriptor::event(name, version, format!("s.{name}.{version}"));
    let catalog = Catalog::of([event("b", 10), event("b", 2), event("a", 1)]).unwrap();
    let tags: Vec<_> = catalog.iter().map(Descriptor::tag).collect();
    assert_eq!(tags, ["a.v1", "b.v2", "b.v10"]);
    assert_eq!(catalog.get("b", 2).unwrap().subject, "s.b.2");
    assert!(catalog.get("b", 3).is_none());
}

#[test]
fn a_message_may_be_added_again() {
    let catalog = Catalog::of([created(), created()]).unwrap();
    assert_eq!(catalog.len(), 1);
}

#[test]
fn another_subject_is_another_message() {
    let other = Descriptor::event("orders.created", 1, "orders.created").payload::<Order>();
    refused(
        [created(), other],
        &expect![[r#"
            `orders.created.v1` is declared twice, and the subject differs:
            - orders.{region}.created
            + orders.created
            Give one of them another name or version."#]],
    );
}

#[test]
fn another_kind_stream_or_tag_is_another_message() {
    for other in [
        Descriptor::request("orders.created", 1, "orders.{region}.created").payload::<Order>(),
        created().stream("ORDERS"),
        created().tagged(),
        created().reply::<String>(),
    ] {
        let error = Catalog::of([created(), other]).unwrap_err();
        assert!(matches!(error, CatalogError::Redeclared { .. }), "{error}");
    }
}

#[test]
fn another_payload_is_another_message() {
    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema is wanted")]
    struct Order {
        id: u32,
        line: Line,
    }
    let other =
        Descriptor::event("orders.created", 1, "orders.{region}.created").payload::<Order>();
    refused(
        [created(), other],
        &expect![[r#"
            `orders.created.v1` is declared twice, and the payload differs:
                  "$id": "urn:tidings:orders.created:v1",
                  "$schema": "https://json-schema.org/draft/2020-12/schema",
            -     "description": "An order.",
                  "properties": {
                    "id": {
            -         "type": "string"
            +         "format": "uint32",
            +         "minimum": 0,
            +         "type": "integer"
                    },
                    "line": {
            Give one of them another name or version."#]],
    );
}

#[test]
fn two_types_of_one_name_in_a_message_are_refused() {
    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema is wanted")]
    struct Both {
        one: Envelope<u32>,
        other: Envelope<String>,
    }
    refused(
        [Descriptor::event("both", 1, "both").payload::<Both>()],
        &expect![[r#"
            `both.v1` holds two types that are both called `Envelope` (`Envelope` and `Envelope2` in its schema): tell them apart with `#[schemars(rename = "…")]`, which for a generic type can hold its parameters, as in `rename = "Envelope_{T}"`"#]],
    );
}

#[test]
fn a_generic_type_may_carry_its_parameters_in_its_name() {
    #[derive(JsonSchema)]
    #[schemars(rename = "Parcel_{T}")]
    #[expect(dead_code, reason = "only its schema is wanted")]
    struct Parcel<T> {
        content: T,
    }
    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema is wanted")]
    struct Both {
        one: Parcel<u32>,
        other: Parcel<String>,
    }
    Catalog::of([Descriptor::event("both", 1, "both").payload::<Both>()]).unwrap();
}

#[test]
fn two_types_of_one_name_in_two_messages_are_refused() {
    let shipped = Descriptor::event("orders.shipped", 1, "orders.shipped");
    refused(
        [created(), shipped.payload::<other::Shipment>()],
        &expect![[r#"
            `orders.created.v1` and `orders.shipped.v1` both hold a type called `Line`, but not the same:
                "properties": {
                  "sku": {
            -       "type": "string"
            +       "format": "uint64",
            +       "minimum": 0,
            +       "type": "integer"
                  }
                },
            Tell them apart with `#[schemars(rename = "…")]`."#]],
    );
}

#[test]
fn a_request_and_its_reply_mean_the_same_by_a_name() {
    let request = Descriptor::request("orders.get", 1, "orders.get").payload::<Order>();
    Catalog::of([request.clone().reply::<Order>()]).unwrap();
    let error = Catalog::of([request.reply::<other::Shipment>()]).unwrap_err();
    assert!(matches!(error, CatalogError::DefinitionClash { .. }), "{error}");
}

#[test]
fn a_name_must_be_safe_as_a_file_name() {
    for name in ["", ".", "..", "a..b", ".a", "a.", "a/b", "a\\b", "a b", "ä", "a:b", "../a"] {
        let error = Catalog::of([Descriptor::event(name, 1, "a")]).unwrap_err();
        assert!(matches!(error, CatalogError::Name { .. }), "{name:?}: {error}");
    }
    let error = Catalog::of([Descriptor::event("a".repeat(201), 1, "a")]).unwrap_err();
    assert!(matches!(error, CatalogError::Name { .. }));
    Catalog::of([Descriptor::event("a.B-c_9", 1, "a")]).unwrap();
}

#[test]
fn names_differ_in_more_than_case() {
    refused(
        [Descriptor::event("Orders", 1, "a"), Descriptor::event("orders", 1, "b")],
        &expect!["`Orders.v1` and `orders.v1` differ only in upper and lower case: rename one"],
    );
}

#[test]
fn a_subject_must_be_a_template_and_a_version_above_0() {
    refused(
        [Descriptor::event("a", 1, "orders.*")],
        &expect![[
            r#"the subject `orders.*` of `a.v1` holds the wildcard `*`: bind the token to a field with `{field}`"#
        ]],
    );
    refused(
        [Descriptor::event("a", 0, "orders")],
        &expect!["`a` has the version 0: versions begin with 1"],
    );
}

#[test]
fn what_is_refused_leaves_the_catalog_as_it_was() {
    let mut catalog = Catalog::of([created()]).unwrap();
    let before = catalog.clone();
    catalog.add(created().stream("ORDERS")).unwrap_err();
    catalog.add(Descriptor::event("..", 1, "a")).unwrap_err();
    assert_eq!(catalog, before);
}

#[test]
fn a_stream_is_there_once() {
    let of = |max_age: u64| {
        let config = serde_json::json!({"name": "ORDERS", "max_age": max_age});
        Descriptor::event("orders.created", 1, "orders.created")
            .stream("ORDERS")
            .stream_config(config)
    };
    let shipped = Descriptor { name: "orders.shipped".to_owned(), ..of(1) };
    let mut catalog = Catalog::of([of(1), shipped]).unwrap();
    assert_eq!(catalog.streams().len(), 1);
    let before = catalog.clone();
    let later = Descriptor { name: "orders.paid".to_owned(), ..of(2) };
    let error = catalog.add(later).unwrap_err();
    assert!(
        matches!(&error, CatalogError::StreamClash { stream, difference }
        if stream == "ORDERS" && difference.contains("max_age")),
        "{error}"
    );
    assert_eq!(catalog, before, "it is as it was");

    let error = catalog.add_stream("orders", serde_json::json!({})).unwrap_err();
    assert!(matches!(error, CatalogError::Case { .. }), "{error}");
    for name in ["", "a/b", "..", "a.b", "a b"] {
        let error = catalog.add_stream(name, serde_json::json!({})).unwrap_err();
        assert!(matches!(error, CatalogError::StreamName { .. }), "{error}");
    }
}

/// A schema of this many levels.
fn nested(levels: usize) -> Value {
    let around = |inner| Value::Object([("not".to_owned(), inner)].into_iter().collect());
    (1..levels).fold(json!({"type": "null"}), |inner, _| around(inner))
}

/// A type whose schema somebody wrote by hand.
struct Endless;

impl JsonSchema for Endless {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Endless".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        nested(300).try_into().unwrap()
    }
}

#[test]
fn what_no_file_can_hold_is_refused_whatever_the_stack() {
    let look = || {
        let deep = |what: &str| Err(CatalogError::Deep { what: what.to_owned() });
        let mut catalog = Catalog::new();
        assert_eq!(catalog.add_stream("A", nested(2_000)), deep("the stream `A`"));
        let event = Descriptor::event("a", 1, "a").stream("A").stream_config(nested(2_000));
        assert_eq!(catalog.add(event), deep("the stream `A`"));
        let event = Descriptor::event("a", 1, "a").payload::<Endless>();
        assert_eq!(catalog.add(event), deep("the payload of `a.v1`"));
        let message = |levels| {
            let mut message = json!({
                "kind": "event", "name": "a", "version": 1, "subject": "a", "payload": {},
            });
            message["payload"]["read"] = nested(levels);
            serde_json::from_value::<Descriptor>(message).unwrap()
        };
        assert_eq!(catalog.add(message(121)), deep("the payload of `a.v1`"));
        assert_eq!(catalog, Catalog::new());
        catalog.add(message(120)).unwrap();
        let text = catalog.iter().map(Descriptor::to_json).next().unwrap();
        serde_json::from_str::<Descriptor>(&text).unwrap();
    };
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(look).unwrap();
    thread.join().unwrap();
}
