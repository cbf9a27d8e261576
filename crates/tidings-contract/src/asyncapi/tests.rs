use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde_json::{Value, json};

use crate::{AsyncApiRelease, Catalog, Descriptor, DurableConsumer, Handled, Kind, Service};

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is wanted")]
struct Order {
    id: u64,
    /// Where it goes.
    region: Region,
    lines: Vec<Line>,
    pair: (u8, String),
    payment: Payment,
    parent: Option<Box<Order>>,
    labels: BTreeMap<String, u16>,
}

/// A part of the world.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is wanted")]
enum Region {
    /// Europe.
    Eu,
    Us,
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is wanted")]
struct Line {
    sku: String,
    quantity: u32,
}

#[derive(JsonSchema)]
#[serde(tag = "kind")]
#[expect(dead_code, reason = "only its schema is wanted")]
enum Payment {
    Card(Card),
    Cash,
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is wanted")]
struct Card {
    number: String,
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is wanted")]
struct Refused {
    why: String,
}

fn catalog() -> Catalog {
    let created = Descriptor::event("orders.created", 1, "orders.{region}.created")
        .stream("ORDERS")
        .payload::<Order>();
    let check = Descriptor::request("stock.check", 2, "stock.check")
        .payload::<Line>()
        .reply::<u32>()
        .error::<Refused>();
    Catalog::of([created, check]).unwrap()
}

fn document() -> Value {
    serde_json::from_str(&catalog().to_asyncapi("Shop", "1.0.0")).unwrap()
}

#[test]
fn a_message_is_a_channel_an_operation_and_a_message() {
    let document = document();
    let channel = &document["channels"]["orders.created.v1"];
    assert_eq!(channel["address"], "orders.{region}.created");
    assert_eq!(channel["parameters"]["region"]["location"], "$message.payload#/region");
    assert_eq!(channel["x-tidings-stream"], "ORDERS");
    assert_eq!(document["operations"]["publish.orders.created.v1"]["action"], "send");
    let answer = &document["operations"]["answer.stock.check.v2"];
    assert_eq!(answer["action"], "receive");
    assert_eq!(answer["reply"]["channel"]["$ref"], "#/channels/stock.check.v2.answer");
    assert_eq!(document["channels"]["stock.check.v2.answer"]["address"], Value::Null);
    let messages = &document["channels"]["stock.check.v2.answer"]["messages"];
    assert!(
        messages["stock.check.v2.reply"].is_object()
            && messages["stock.check.v2.error"].is_object()
    );
    assert_eq!(catalog().to_asyncapi("Shop", "1.0.0"), catalog().to_asyncapi("Shop", "1.0.0"));
}

/// Each service has its own operations, so that it is plain who publishes and who handles.
#[test]
fn services_say_who_does_what() {
    let mut consumer = DurableConsumer::new("bank-orders", "ORDERS");
    consumer.attempts = Some(3);
    let created = |kind| Handled::new(kind, "orders.created", 1, "orders.eu.created");
    let check = Handled::new(Kind::Request, "stock.check", 2, "stock.check").queue_group("stock");
    let mut catalog = catalog();
    for service in [
        Service::new("bank")
            .handles(created(Kind::Event).consumer(consumer))
            .asks("stock.check", 2),
        Service::new("shop").publishes("orders.created", 1).publishes("elsewhere", 1),
        Service::new("stock").handles(check),
    ] {
        catalog.add_service(service).unwrap();
    }
    let document: Value =
        serde_json::from_str(&catalog.to_asyncapi(&catalog.title(), catalog.api_version()))
            .unwrap();
    assert_eq!(document["info"], json!({"title": "bank, shop and stock", "version": "0.0.0"}));
    let operations = document["operations"].as_object().unwrap();
    let found: Vec<(&str, &str, bool)> = operations
        .iter()
        .map(|(name, one)| {
            (name.as_str(), one["action"].as_str().unwrap(), one.get("reply").is_some())
        })
        .collect();
    assert_eq!(
        found,
        [
            ("bank.ask.stock.check.v2", "send", true),
            ("bank.handle.orders.created.v1", "receive", false),
            ("shop.publish.orders.created.v1", "send", false),
            ("stock.answer.stock.check.v2", "receive", true),
        ]
    );
    let handles = &operations["bank.handle.orders.created.v1"];
    assert_eq!(handles["x-tidings-service"], "bank");
    assert_eq!(handles["x-tidings-filter"], "orders.eu.created");
    assert_eq!(handles["x-tidings-consumer"]["attempts"], 3);
    let answers = &operations["stock.answer.stock.check.v2"];
    assert_eq!(answers["bindings"], json!({"nats": {"queue": "stock"}}));
    assert_eq!(answers["reply"]["channel"]["$ref"], "#/channels/stock.check.v2.answer");
}

#[test]
fn a_catalog_is_called_as_its_services_are() {
    let mut catalog = Catalog::new();
    for (service, version, title, api_version) in [
        (None, None, "Messages", "0.0.0"),
        (Some("bank"), Some("1.2.0"), "bank", "1.2.0"),
        (Some("shop"), Some("1.2.0"), "bank and shop", "1.2.0"),
        (Some("stock"), Some("1.2.0"), "bank, shop and stock", "1.2.0"),
        (Some("tills"), None, "bank, shop, stock and 1 more", "0.0.0"),
        (Some("users"), Some("1.2.0"), "bank, shop, stock and 2 more", "0.0.0"),
    ] {
        if let Some(name) = service {
            let mut service = Service::new(name);
            service.version = version.map(str::to_owned);
            catalog.add_service(service).unwrap();
        }
        assert_eq!((&*catalog.title(), catalog.api_version()), (title, api_version));
    }
}

/// The examples of a type are those of its message, and what the document's schema allows.
#[test]
fn examples_are_valid_where_they_stand() {
    #[derive(JsonSchema)]
    #[schemars(example = json!({"count": 3}), example = json!({"count": 0}))]
    #[expect(dead_code, reason = "only its schema is wanted")]
    struct Counted {
        #[schemars(example = 7)]
        count: u8,
    }
    let ask = Descriptor::request("count", 1, "count").payload::<Counted>().reply::<Counted>();
    let catalog = Catalog::of([ask]).unwrap();
    let document: Value = serde_json::from_str(&catalog.to_asyncapi("Shop", "1.0.0")).unwrap();
    for name in ["count.v1", "count.v1.reply"] {
        let message = &document["components"]["messages"][name];
        let mut schema = document.clone();
        schema["allOf"] = json!([message["payload"]]);
        let validator = jsonschema::draft7::new(&schema).unwrap();
        let examples = message["examples"].as_array().unwrap();
        assert_eq!(examples.len(), 2, "{message}");
        assert!(examples.iter().all(|one| validator.is_valid(&one["payload"])), "{examples:?}");
    }
}

/// Each reference leads somewhere, has no neighbour that would be dropped, and is none into what a
/// parser does not keep.
#[test]
fn references_lead_to_components_and_stand_alone() {
    fn look(value: &Value, document: &Value) {
        if let Some(target) = value.get("$ref").and_then(Value::as_str) {
            assert_eq!(value.as_object().unwrap().len(), 1, "{value}");
            let target = target.strip_prefix('#').unwrap();
            assert!(!target.is_empty() && document.pointer(target).is_some(), "{target}");
        }
        match value {
            Value::Object(members) => members.values().for_each(|value| look(value, document)),
            Value::Array(items) => items.iter().for_each(|value| look(value, document)),
            _ => {}
        }
    }
    let document = document();
    look(&document, &document);
    let text = document.to_string();
    for keyword in ["$defs", "$schema", "$id", "prefixItems"] {
        assert!(!text.contains(&format!("\"{keyword}\"")), "{keyword}");
    }
}

/// The hoisted schemas accept and refuse what the contract's own do.
#[test]
fn schemas_mean_what_they_meant() {
    let document = document();
    let mut hoisted = document.clone();
    hoisted["$schema"] = "http://json-schema.org/draft-07/schema#".into();
    hoisted["allOf"] = json!([{ "$ref": "#/components/schemas/orders.created.v1" }]);
    let hoisted = jsonschema::validator_for(&hoisted).unwrap();
    let catalog = catalog();
    let order = catalog.get("orders.created", 1).unwrap().payload.as_ref().unwrap();
    let own = jsonschema::validator_for(order.read()).unwrap();
    let good = json!({
        "id": 1, "region": "Eu", "lines": [{"sku": "a", "quantity": 2}], "pair": [1, "b"],
        "payment": {"kind": "Card", "number": "4"}, "labels": {"a": 1}, "parent": null,
    });
    let mut instances = vec![good.clone()];
    for (pointer, value) in [
        ("/id", json!("1")),
        ("/region", json!("Mars")),
        ("/lines/0/quantity", json!(-1)),
        ("/pair", json!([1])),
        ("/pair/0", json!(300)),
        ("/pair/1", json!(1)),
        ("/payment/kind", json!("Cash")),
        ("/payment/kind", json!("Cheque")),
        ("/payment", json!({"kind": "Card"})),
        ("/payment", json!({"number": "4"})),
        ("/labels/a", json!(70_000)),
        ("/parent", good.clone()),
        ("/parent", json!({"id": 1})),
    ] {
        let mut other = good.clone();
        *other.pointer_mut(pointer).unwrap() = value;
        instances.push(other);
    }
    let judged: Vec<bool> = instances.iter().map(|value| own.is_valid(value)).collect();
    assert!(
        judged.contains(&true) && judged.iter().filter(|valid| !**valid).count() > 8,
        "{judged:?}"
    );
    for (value, valid) in instances.iter().zip(judged) {
        assert_eq!(hoisted.is_valid(value), valid, "{value}");
    }
}

/// Variants have titles, so that types made of a document are called as they are tagged, not by a number.
#[test]
fn variants_have_titles() {
    let schemas = &document()["components"]["schemas"];
    let titles = |choice: &Value| -> Vec<String> {
        let variants = choice["oneOf"].as_array().unwrap().iter();
        variants.map(|one| one["title"].as_str().unwrap_or_default().to_owned()).collect()
    };
    assert_eq!(titles(&schemas["orders.created.v1.Payment"]), ["Payment Card", "Payment Cash"]);
    let outside = Descriptor::event("paid", 1, "paid").payload::<Paid>();
    let document = Catalog::of([outside]).unwrap().to_asyncapi("Shop", "1.0.0");
    let document: Value = serde_json::from_str(&document).unwrap();
    let paid = &document["components"]["schemas"]["paid.v1"];
    assert_eq!(titles(paid), ["Paid Card", "Paid Transfer", ""]);
    // What a variant holds is a type of its own.
    let transfer = &paid["oneOf"][1]["properties"]["Transfer"];
    assert_eq!(transfer["title"], "Paid Transfer Content");
    assert_eq!(paid["oneOf"][0]["properties"]["Card"].get("title"), None);
    let beside = Descriptor::event("moved", 1, "moved").payload::<Moved>();
    let document = Catalog::of([beside]).unwrap().to_asyncapi("Shop", "1.0.0");
    let document: Value = serde_json::from_str(&document).unwrap();
    let moved = &document["components"]["schemas"]["moved.v1"];
    assert_eq!(titles(moved), ["Moved Far"]);
    assert_eq!(moved["oneOf"][0]["properties"]["data"]["title"], "Moved Far data");
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is wanted")]
enum Paid {
    Card(Card),
    Transfer { iban: String },
    Cash,
}

#[derive(JsonSchema)]
#[serde(tag = "kind", content = "data")]
#[expect(dead_code, reason = "only its schema is wanted")]
enum Moved {
    Far { by: u32 },
}

/// Documents of an earlier release differ by the number alone.
#[test]
fn an_earlier_release_differs_by_its_number() {
    let earlier = catalog().to_asyncapi_release(AsyncApiRelease::V3_0, "Shop", "1.0.0");
    let later = catalog().to_asyncapi("Shop", "1.0.0");
    assert!(later.contains("\"asyncapi\": \"3.1.0\""), "{later}");
    assert_eq!(earlier.replacen("3.0.0", "3.1.0", 1), later);
}
