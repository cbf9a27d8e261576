//! Contracts as a page for people. No server is asked.

mod file;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};
use tempfile::TempDir;
use tidings::contract::{
    Catalog, DeliverPolicy, Descriptor, DurableConsumer, Handled, Kind, LargePayload, Service,
};

fn tidings(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidings"));
    command.current_dir(folder).arg("catalog").args(arguments).output().unwrap()
}

/// The page of these messages and services, and the folder that it stands in.
fn page(
    messages: impl IntoIterator<Item = Descriptor>,
    services: impl IntoIterator<Item = Service>,
) -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let mut catalog = Catalog::of(messages).unwrap();
    for service in services {
        catalog.add_service(service).unwrap();
    }
    catalog.write_to(folder.path().join("schemas")).unwrap();
    let output = tidings(folder.path(), &["--html", "page.html", "--title", "Shop"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let page = fs::read_to_string(folder.path().join("page.html")).unwrap();
    (folder, page)
}

/// An event with this schema, whose lists are sorted as in every file of a folder.
fn event(name: &str, version: u32, schema: &Value) -> Descriptor {
    let subject = if version == 1 { name.to_owned() } else { format!("{name}.v{version}") };
    serde_json::from_value(json!({
        "kind": "event", "name": name, "version": version, "subject": subject,
        "payload": { "read": schema },
    }))
    .unwrap()
}

fn order(fields: &[&str]) -> Value {
    let properties: serde_json::Map<String, Value> =
        fields.iter().map(|field| ((*field).to_owned(), json!({"type": "string"}))).collect();
    json!({ "type": "object", "properties": properties, "required": fields })
}

/// The text between two marks, the second after the first.
fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let (_, rest) = text.split_once(from).unwrap_or_else(|| panic!("no {from} in {text}"));
    rest.split_once(to).unwrap_or_else(|| panic!("no {to} after {from} in {text}")).0
}

#[test]
fn a_message_has_its_subject_fields_example_versions_stream_and_services() {
    let schema = json!({
        "description": "A customer placed an order.", "title": "OrderCreated", "type": "object",
        "properties": {
            "count": {"type": "integer", "format": "uint32", "minimum": 1, "description": "How `many`."},
            "note": {"type": ["null", "string"]},
            "region": {"$ref": "#/$defs/Region"},
        },
        "required": ["count", "region"],
        "examples": [{"count": 7, "region": "eu"}],
        "$defs": {"Region": {"enum": ["eu", "us"]}},
    });
    let config =
        json!({"name": "ORDERS", "subjects": ["orders.>"], "max_age": 604_800_000_000_000_u64});
    let created = |version: u32, schema: &Value| {
        let event = event("orders.created", version, schema);
        event.stream("ORDERS").stream_config(config.clone()).id(["region", "count"])
    };
    let mut narrower = schema.clone();
    narrower["properties"]["count"]["maximum"] = 9.into();
    let messages = [
        created(1, &schema),
        created(2, &narrower),
        created(3, &narrower).upcasts("orders.created.v2"),
    ];
    let mut consumer = DurableConsumer::new("billing-orders", "ORDERS");
    consumer.attempts = Some(5);
    let handled = Handled::new(Kind::Event, "orders.created", 3, "orders.created.v3");
    let services = [
        Service::new("shop").version("1.2.0").publishes("orders.created", 3),
        Service::new("billing").description("Sends bills.").handles(handled.consumer(consumer)),
    ];
    let (_folder, page) = page(messages, services);

    let article = between(&page, "<article", "</article>");
    for part in [
        "id=\"message-orders.created\"",
        "A customer placed an order.",
        "<code class=\"subject\">orders.created.v3</code>",
        "<a href=\"#stream-ORDERS\">ORDERS</a>",
        "Identity</dt><dd><code>region</code>, <code>count</code>: of two with the same",
        "<code>count</code><span class=\"presence required\">required</span>",
        "integer (uint32)",
        "≥ 1",
        "How <code>many</code>.",
        "<code>note</code><span class=\"presence\">optional</span>",
        "text or null",
        "eu | us",
        "Published by</dt><dd><a class=\"service\" href=\"#service-shop\">shop</a>",
        "Handled by</dt><dd><div class=\"handler\"><a class=\"service\" href=\"#service-billing\">",
        "consumer <code>billing-orders</code> · ack wait 30s, 5 attempts",
        "v2 → v3",
        "upcast: handlers of the newer receive the older too",
        "v1 → v2",
        "can&#39;t read all that the older wrote",
        "maximum-lowered",
        "<summary>v1 <code>orders.created</code>",
    ] {
        let part = part.replace("&#39;", "'");
        assert!(article.contains(&part), "{part} is not in {article}");
    }
    let example = between(article, "<figcaption>Example</figcaption>", "</figure>");
    assert!(example.contains("<span class=\"n\">7</span>"), "{example}");
    let overview = between(&page, "<section class=\"overview\"", "<article");
    for part in ["3 versions", "id=\"stream-ORDERS\"", "7days", "Sends bills.", "1.2.0", "<svg"] {
        assert!(overview.contains(part), "{part} is not in {overview}");
    }
}

/// Markup, an end of a script, controls, and a change of direction.
const HOSTILE: &str =
    "</script><img src=x onerror=alert(1)>\"'&amp;<!--`\u{1b}[2J\u{7}\u{202e}\u{2066}\u{200b}\0";

#[test]
fn what_others_wrote_is_text() {
    let schema = json!({
        "title": HOSTILE, "description": HOSTILE, "type": "object",
        "properties": {
            HOSTILE: {"type": "string", "description": HOSTILE, "pattern": HOSTILE, "format": HOSTILE},
            "const": {"const": HOSTILE},
            "one": {"$ref": "#/$defs/<img src=y onerror=alert(2)>"},
            "enum": {"enum": [HOSTILE, "b"]},
        },
        "examples": [{HOSTILE: HOSTILE}],
        "$defs": {"<img src=y onerror=alert(2)>": {"type": "object", "title": HOSTILE, "properties": {"a": {}}}},
    });
    let config =
        json!({"name": "ORDERS", "description": HOSTILE, HOSTILE: HOSTILE, "subjects": [HOSTILE]});
    let hostile = event("orders.created", 1, &schema).stream("ORDERS").stream_config(config);
    let mut later = schema;
    later["properties"]["const"]["const"] = format!("{HOSTILE}2").into();
    let later = event("orders.created", 2, &later).stream("ORDERS");
    let shop = Service::new("shop").description(HOSTILE).publishes("orders.created", 1);
    let (folder, _) = page([hostile, later], [shop]);
    let output =
        tidings(folder.path(), &["--html", "page.html", "--title", HOSTILE.trim_end_matches('\0')]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let page = fs::read_to_string(folder.path().join("page.html")).unwrap();

    assert!(!page.contains("<img") && !page.contains("<!--"), "markup of others");
    assert_eq!(page.matches("</script>").count(), 2, "the page's own scripts alone");
    let acts = |char: char| {
        char.is_control() && char != '\n' || matches!(char, '\u{202e}' | '\u{2066}' | '\u{200b}')
    };
    assert_eq!(page.find(acts), None, "a character that acts");
    // It was there, and is written out.
    assert!(page.contains("&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;&quot;"), "{page}");
    assert!(page.contains("\\u{202e}") && page.contains("\\u202e"), "{page}");
}

#[test]
fn the_page_is_one_file_that_refers_to_nothing_outside() {
    let (_folder, page) = page([event("orders.created", 1, &order(&["id"]))], []);
    for attribute in
        [" src=", " srcset=", "@import", "url(", "<iframe", "<object", "<base", " style="]
    {
        assert!(!page.contains(attribute), "{attribute}");
    }
    assert!(!page.contains("http:") && !page.contains("https:"), "{page}");
    for href in page.split(" href=\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        let is_inside = href
            .strip_prefix('#')
            .is_some_and(|id| id.starts_with("search=") || page.contains(&format!(" id=\"{id}\"")));
        assert!(is_inside || href == "data:,", "{href}");
    }
    // A browser lets nothing in either, and runs no script but those that are there.
    let policy = between(&page, "Content-Security-Policy\" content=\"", "\"");
    assert!(policy.contains("default-src 'none'"), "{policy}");
    assert_eq!(policy.matches("'sha256-").count(), 3, "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
}

#[test]
fn a_schema_that_grows_as_it_is_followed_takes_no_time() {
    // Two ways from each definition to the next, so that there are more ways than can be walked.
    let definitions: serde_json::Map<String, Value> = (0..60)
        .map(|at| {
            let next = json!({"$ref": format!("#/$defs/D{}", (at + 1) % 60)});
            let parts: Vec<Value> = (0..9).map(|_| next.clone()).collect();
            let schema = json!({
                "type": ["array", "object"], "additionalProperties": next, "items": next, "minItems": 60,
                "prefixItems": parts, "properties": {"a": next, "b": next, "c": next}, "required": ["a", "b", "c"],
            });
            (format!("D{at}"), schema)
        })
        .collect();
    let schema = json!({"$ref": "#/$defs/D0", "$defs": definitions});
    let begin = std::time::Instant::now();
    let (_folder, page) = page([event("orders.created", 1, &schema)], []);
    assert!(begin.elapsed() < std::time::Duration::from_secs(20), "{:?}", begin.elapsed());
    assert!(page.len() < 1_000_000, "{}", page.len());
    assert!(page.contains("There are more"));
}

#[test]
fn an_empty_folder_is_a_page_too() {
    let (_folder, page) = page([], []);
    assert!(page.contains("The folder holds no message."), "{page}");
    assert!(!page.contains("<svg"), "{page}");
}

#[test]
fn an_example_is_made_where_none_is_given_and_said_to_be_wrong_where_it_is() {
    let made = json!({
        "type": "object", "required": ["id", "kind", "most", "name", "step", "tags"],
        "properties": {
            "id": {"type": "string", "format": "uuid"},
            "kind": {"oneOf": [
                {"const": "a", "description": "One."},
                {"const": "b", "description": "Other."},
            ]},
            "most": {"type": "integer", "maximum": 7},
            "name": {"type": "string", "minLength": 6},
            "step": {"type": "integer", "minimum": -3, "maximum": 11, "multipleOf": 5},
            "tags": {"type": "array", "items": {"type": "boolean"}, "minItems": 2},
        },
    });
    let wrong = json!({"type": "integer", "examples": ["seven"]});
    let (_folder, page) = page([event("a.made", 1, &made), event("b.wrong", 1, &wrong)], []);
    let (made, wrong) = page.split_once("id=\"message-b.wrong\"").unwrap();
    let example = between(made, "Example, made from the schema</figcaption>", "</pre>");
    for part in ["0191b3a0-", "\"a\"", ">7<", "\"textxx\"", ">10<", ">true<"] {
        assert!(example.replace("&quot;", "\"").contains(part), "{part} is not in {example}");
    }
    assert!(!made.contains("not valid by the schema"));
    assert!(wrong.contains("not valid by the schema"));
}

#[test]
fn a_large_event_says_where_its_payload_stands_and_a_consumer_where_it_begins() {
    let config = |name: &str| json!({"name": name, "subjects": ["scans.>"]});
    let taken = |name: &str, large: LargePayload| {
        event(name, 1, &order(&["room"]))
            .stream("SCANS")
            .stream_config(config("SCANS"))
            .large(large)
    };
    let store = event("stores.kept", 1, &order(&["id"]));
    let store = store.stream("OBJ_SCANS-large").stream_config(json!({"name": "OBJ_SCANS-large"}));
    let messages = [
        taken("scans.taken", LargePayload::new("SCANS-large").over(262_144)),
        taken("scans.sent", LargePayload::new("<else>")),
        store,
    ];
    let mut consumer = DurableConsumer::new("archive", "SCANS");
    consumer.deliver_policy = DeliverPolicy::New;
    let handled = Handled::new(Kind::Event, "scans.taken", 1, "scans.taken").consumer(consumer);
    let (_folder, page) = page(messages, [Service::new("archive").handles(handled)]);
    let of = |name: &str| between(&page, &format!("id=\"message-{name}\""), "</article>");
    let taken = of("scans.taken");
    assert!(taken.contains("a payload over 256 KiB stands in the object store"), "{taken}");
    assert!(taken.contains("<a href=\"#stream-OBJ_SCANS-large\">SCANS-large</a>"), "{taken}");
    assert!(taken.contains("begins at what is new"), "{taken}");
    let sent = of("scans.sent");
    assert!(sent.contains("a payload that no message holds stands in the object store"), "{sent}");
    assert!(sent.contains("<code>&lt;else&gt;</code>"), "{sent}");
}
