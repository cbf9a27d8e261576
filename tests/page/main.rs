//! The program `page`: writes a schemas folder of so many messages, of a shop that nobody has, for the page
//! of `tidings catalog` to be looked at. `tests/page/check` runs it.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use serde_json::{Value, json};
use tidings::contract::{Catalog, Descriptor, DurableConsumer, Handled, Kind, Service};

const DOMAINS: [(&str, &[&str]); 10] = [
    ("orders", &["placed", "confirmed", "cancelled", "shipped", "returned", "archived"]),
    ("payments", &["authorized", "captured", "refunded", "declined", "disputed"]),
    ("inventory", &["reserved", "released", "counted", "restocked", "depleted"]),
    ("shipping", &["labelled", "collected", "delivered", "delayed", "lost"]),
    ("customers", &["registered", "verified", "updated", "closed"]),
    ("catalog", &["listed", "delisted", "priced", "described"]),
    ("support", &["opened", "answered", "escalated", "solved"]),
    ("billing", &["invoiced", "reminded", "settled", "written-off"]),
    ("fraud", &["scored", "flagged", "cleared"]),
    ("loyalty", &["earned", "spent", "expired"]),
];

#[expect(clippy::print_stderr, reason = "an error is for whoever called it")]
fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = match &arguments[..] {
        [count, folder] => count
            .parse()
            .context("COUNT is no number")
            .and_then(|count| write(count, Path::new(folder))),
        _ => Err(anyhow::anyhow!("page COUNT FOLDER")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Writes a folder of so many names, every fifth of them in two versions.
fn write(count: usize, folder: &Path) -> anyhow::Result<()> {
    let mut catalog = Catalog::new();
    let mut services = BTreeMap::new();
    for at in 0..count {
        let versions = messages(at)?;
        for message in versions {
            serve(&mut services, at, &message);
            catalog.add(message)?;
        }
    }
    for service in services.into_values() {
        catalog.add_service(service)?;
    }
    catalog.write_to(folder)?;
    Ok(())
}

/// Gives a message to those who send it and those who take it.
fn serve(services: &mut BTreeMap<String, Service>, at: usize, message: &Descriptor) {
    let mut of = |name: &str, change: &dyn Fn(Service) -> Service| {
        let service = services.remove(name).unwrap_or_else(|| {
            let text = format!("Does all that has to do with {name}.");
            Service::new(name).version("1.4.0").description(text)
        });
        services.insert(name.to_owned(), change(service));
    };
    let (own, next) = (DOMAINS[at % DOMAINS.len()].0, DOMAINS[(at * 3 + 1) % DOMAINS.len()].0);
    let (name, version) = (message.name.as_str(), message.version);
    let handled = |by: &str| {
        let handled = Handled::new(message.kind, name, version, message.filter());
        match &message.stream {
            Some(stream) => {
                let durable = format!("{by}-{}", name.replace('.', "_"));
                handled.consumer(DurableConsumer::new(durable, stream.as_str()))
            }
            None => handled.queue_group(by),
        }
    };
    if message.kind == Kind::Request {
        of(next, &|service| service.asks(name, version));
        of(own, &|service| service.handles(handled(own)));
        return;
    }
    of(own, &|service| service.publishes(name, version));
    of(next, &|service| service.handles(handled(next)));
    if at.is_multiple_of(4) {
        let analytics = "warehouse-analytics";
        of(analytics, &|service| service.handles(handled(analytics)));
    }
}

/// The versions of one message: an event, sometimes two of them, or a request.
fn messages(at: usize) -> anyhow::Result<Vec<Descriptor>> {
    let (domain, verbs) = DOMAINS[at % DOMAINS.len()];
    let turn = at / DOMAINS.len();
    let verb = verbs[turn % verbs.len()];
    let round = turn / verbs.len();
    let part = if round == 0 { String::new() } else { format!("area{round}.") };
    if at % 7 == 6 {
        return Ok(vec![request(domain, &format!("{domain}.{part}find-{verb}"))?]);
    }
    let versions = if at % 5 == 1 { 1..=2 } else { 1..=1 };
    versions.map(|version| event(domain, verb, &part, version)).collect()
}

/// An event, its lists sorted as in every file of a folder.
fn event(domain: &str, verb: &str, part: &str, version: u32) -> anyhow::Result<Descriptor> {
    let name = format!("{domain}.{part}{verb}");
    let stream = domain.to_uppercase();
    let mut properties = json!({
        "id": { "type": "string", "format": "uuid", "description": "Whom or what it is about." },
        "region": { "$ref": "#/$defs/Region", "description": "The region of the customer." },
        "at": { "type": "string", "format": "date-time", "description": "The time, by the clock of who tells it." },
        "amount_cents": { "type": "integer", "format": "uint64", "minimum": 0, "description": "The worth of it, in cents." },
        "note": { "type": ["null", "string"], "maxLength": 200, "description": "A word of whoever did it; `null` if there is none." },
        "lines": { "type": "array", "minItems": 1, "items": { "$ref": "#/$defs/Line" }, "description": "The parts of it." },
    });
    let mut required = vec!["amount_cents", "at", "id", "lines", "region"];
    if version == 2 {
        properties["currency"] = json!({ "type": "string", "pattern": "^[A-Z]{3}$", "description": "The currency, as ISO 4217 has it.", "examples": ["EUR"] });
        required.insert(2, "currency");
    }
    let own = if version == 2 { ".v2" } else { "" };
    let mut value = json!({
        "kind": "event", "name": name, "version": version, "stream": stream,
        "subject": format!("{domain}.{{region}}.{part}{verb}{own}"),
        "payload": { "read": {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$id": format!("urn:tidings:{name}:v{version}"),
            "title": "Happened", "type": "object",
            "description": format!("Something of {domain} was {verb}, and `{domain}` tells everybody.\n\nIt is told once, after it was stored."),
            "properties": properties, "required": required,
            "$defs": {
                "Region": { "description": "A region in which customers live.", "oneOf": [
                    { "const": "eu", "description": "Europe.", "type": "string" },
                    { "const": "us", "description": "The United States.", "type": "string" },
                ] },
                "Line": { "type": "object", "required": ["count", "sku"], "properties": {
                    "sku": { "type": "string", "minLength": 3, "description": "The product.", "examples": ["tea-0042"] },
                    "count": { "type": "integer", "format": "uint32", "minimum": 1, "description": "How many of it." },
                } },
            },
        } },
    });
    if version == 2 {
        value["upcasts"] = format!("{name}.v1").into();
    }
    let config = json!({
        "name": stream, "subjects": [format!("{domain}.>")], "retention": "limits", "storage": "file",
        "max_age": 604_800_000_000_000_u64, "duplicate_window": 120_000_000_000_u64, "num_replicas": 3,
        "description": format!("Everything that happens to {domain}, kept for a week."),
    });
    Ok(descriptor(value)?.stream_config(config))
}

fn request(domain: &str, name: &str) -> anyhow::Result<Descriptor> {
    descriptor(json!({
        "kind": "request", "name": name, "version": 1, "subject": name,
        "payload": { "read": { "title": "Find", "type": "object", "description": format!("Asks {domain} for what it knows of one."),
            "properties": { "id": { "type": "string", "format": "uuid" } }, "required": ["id"] } },
        "reply": { "read": { "title": "Found", "oneOf": [
            { "type": "object", "required": ["since", "status"], "properties": { "since": { "type": "string", "format": "date-time" }, "status": { "const": "known", "type": "string" } } },
            { "type": "object", "required": ["status"], "properties": { "status": { "const": "unknown", "type": "string" } } },
        ] } },
        "error": { "read": { "title": "FindError", "type": "string", "enum": ["busy", "not_allowed"] } },
    }))
}

fn descriptor(value: Value) -> anyhow::Result<Descriptor> {
    Ok(serde_json::from_value(value)?)
}
