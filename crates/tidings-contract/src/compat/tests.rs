mod acceptance;
mod attribution;
mod beside;
mod chance;
mod decoding;
mod history;
mod hostile;
mod instance;
mod name;
mod neighbour;
mod part;
mod soundness;
mod value;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{CatalogRule, MessageRule, Mode, Policy, Rule, Severity, Verdict, changes, compare};
use crate::{Catalog, Descriptor};

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// The catalog of a JSON text: a list of messages, or an object of `messages`, `services` and `streams`.
fn catalog_of(text: &str) -> Catalog {
    let all = json(text);
    let messages = if all.is_array() { all.clone() } else { all["messages"].clone() };
    let messages: Option<Vec<Descriptor>> = serde_json::from_value(messages).unwrap();
    let mut catalog = Catalog::of(messages.unwrap_or_default()).unwrap();
    for (name, config) in all["streams"].as_object().into_iter().flatten() {
        catalog.add_stream(name, config.clone()).unwrap();
    }
    if let Some(services) = all.get("services") {
        for service in crate::service::read(services, "/services").unwrap() {
            catalog.add_service(service).unwrap();
        }
    }
    catalog
}

#[test]
fn each_rule_is_found_in_its_example() {
    for rule in Rule::ALL {
        let (old, new) = rule.example();
        let (old, new) = (json(old), json(new));
        let found = compare(&old, &new, Policy::Typed);
        assert!(found.findings.iter().any(|one| one.rule == *rule), "{rule}: {found:#?}");
        let verdict = match rule.severity() {
            Severity::Break => Verdict::Incompatible,
            Severity::Warning => Verdict::Compatible,
            Severity::Unknown => Verdict::Unknown,
        };
        assert_eq!(found.verdict, verdict, "{rule}");
        assert_eq!(compare(&old, &old, Policy::Typed).verdict, Verdict::Compatible, "{rule}");
        assert_eq!(compare(&new, &new, Policy::Typed).verdict, Verdict::Compatible, "{rule}");
    }
}

#[test]
fn each_rule_of_messages_is_found_in_its_example() {
    for rule in MessageRule::ALL {
        is_found((rule.id(), rule.severity()), rule.example());
    }
}

#[test]
fn each_rule_of_catalogs_is_found_in_its_example() {
    for rule in CatalogRule::ALL {
        is_found((rule.id(), rule.severity()), rule.example());
    }
}

fn is_found((id, severity): (&str, Severity), (old, new): (&str, &str)) {
    let report = changes(&catalog_of(old), &catalog_of(new), Mode::Full, Policy::Typed);
    let found = report.changes.iter().find(|one| one.rule == id);
    assert_eq!(found.map(|one| one.severity), Some(severity), "{id}: {report:#?}");
    for one in [old, new] {
        let same = changes(&catalog_of(one), &catalog_of(one), Mode::Full, Policy::Typed);
        assert!(same.changes.is_empty(), "{id}: {same:#?}");
    }
}

/// Schemas of one type before and after an edit.
macro_rules! edits {
    ($($name:literal: $old:tt => $new:tt, $verdict:ident $($rule:ident)*;)*) => {
        vec![$({
            mod old {
                use super::*;
                #[derive(JsonSchema)]
                #[expect(dead_code, reason = "only its schema is wanted")]
                pub(super) struct Edited $old
            }
            mod new {
                use super::*;
                #[derive(JsonSchema, Deserialize)]
                #[expect(dead_code, reason = "it is only read")]
                pub(super) struct Edited $new
            }
            let message = || Descriptor::event("a", 1, "a");
            let catalogs = (
                Catalog::of([message().payload::<old::Edited>()]).unwrap(),
                Catalog::of([message().payload::<new::Edited>()]).unwrap(),
            );
            let rules: Vec<&str> = vec![$(Rule::$rule.id()),*];
            let decode: fn(&Value) -> Result<(), String> = |value| {
                new::Edited::deserialize(value).map(drop).map_err(|error| error.to_string())
            };
            ($name, catalogs, Verdict::$verdict, rules, decode)
        }),*]
    };
}

#[derive(JsonSchema, Serialize, Deserialize)]
enum Two {
    First,
    Second,
}

#[derive(JsonSchema, Serialize, Deserialize)]
enum Three {
    First,
    Second,
    Third,
}

#[derive(JsonSchema, Serialize, Deserialize)]
#[serde(tag = "kind")]
enum Tagged {
    Card { number: String },
    Cash,
}

#[derive(JsonSchema, Serialize, Deserialize)]
#[serde(tag = "kind")]
enum MoreTagged {
    Card { number: String },
    Cash,
    Voucher { code: String },
}

#[derive(JsonSchema, Serialize, Deserialize)]
struct Line {
    sku: String,
    quantity: u32,
}

#[derive(JsonSchema, Serialize, Deserialize)]
struct NarrowLine {
    sku: String,
    quantity: u8,
}

#[derive(JsonSchema, Serialize, Deserialize)]
struct Tree {
    children: Vec<Tree>,
    note: Option<String>,
}

#[derive(JsonSchema, Serialize, Deserialize)]
struct DeepTree {
    children: Vec<DeepTree>,
    note: String,
}

/// Thirty edits of a type, and what each is to those who have stored what the old one wrote.
#[test]
fn edits_of_a_type() {
    let edits = edits! {
        "nothing": { a: u32 } => { a: u32 }, Compatible;
        "fields in another order": { a: u32, b: String } => { b: String, a: u32 }, Compatible;
        "an optional field more": { a: u32 } => { a: u32, b: Option<String> }, Compatible;
        "a field with a default more": { a: u32 } => { a: u32, #[serde(default)] b: u8 }, Compatible;
        "a required field more": { a: u32 } => { a: u32, b: String }, Incompatible RequiredAdded;
        "a field less": { a: u32, b: bool } => { a: u32 }, Compatible PropertyDropped;
        "a field renamed": { total: u32 } => { total_cents: u32 }, Incompatible RequiredAdded PropertyRenamed;
        "an optional field renamed": { note: Option<String> } => { notes: Option<String> }, Incompatible PropertyRenamed;
        "optional to required": { a: Option<u32> } => { a: u32 }, Incompatible TypeChanged;
        "required to optional": { a: u32 } => { a: Option<u32> }, Compatible;
        "a wider integer": { a: u32 } => { a: u64 }, Compatible;
        "a narrower integer": { a: u64 } => { a: u32 }, Incompatible MaximumLowered;
        "signed to unsigned": { a: i64 } => { a: u64 }, Incompatible MinimumRaised;
        "unsigned to signed of one width": { a: u64 } => { a: i64 }, Incompatible MaximumLowered;
        "unsigned to a wider signed": { a: u32 } => { a: i64 }, Compatible;
        "an integer to a float": { a: u32 } => { a: f64 }, Compatible;
        "a float to an integer": { a: f64 } => { a: i64 }, Incompatible TypeChanged;
        "a number to a text": { a: u32 } => { a: String }, Incompatible TypeChanged;
        "one to many": { a: u32 } => { a: Vec<u32> }, Incompatible TypeChanged;
        "a variant more": { a: Two } => { a: Three }, Compatible;
        "a variant less": { a: Three } => { a: Two }, Incompatible EnumValueRemoved;
        "a text to an enum": { a: String } => { a: Two }, Incompatible EnumIntroduced;
        "an enum to a text": { a: Two } => { a: String }, Compatible;
        "a tagged variant more": { a: Tagged } => { a: MoreTagged }, Compatible;
        "a tagged variant less": { a: MoreTagged } => { a: Tagged }, Incompatible;
        "narrower deep inside": { a: Vec<Line> } => { a: Vec<NarrowLine> }, Incompatible MaximumLowered;
        "a list to a longer tuple": { a: Vec<u32> } => { a: (u32, u32) }, Incompatible MinItemsRaised MaxItemsLowered;
        "a tuple to a list": { a: (u32, u32) } => { a: Vec<u32> }, Compatible;
        "a limit of length": { a: String } => { #[schemars(length(max = 8))] a: String }, Incompatible MaxLengthLowered;
        "a limit of length less": { #[schemars(length(max = 8))] a: String } => { a: String }, Compatible;
        "a pattern": { a: String } => { #[schemars(regex(pattern = "^[A-Z]+$"))] a: String }, Incompatible PatternChanged;
        "a type that holds itself, the same": { a: Tree } => { a: Tree }, Compatible;
        "a type that holds itself, narrower": { a: Tree } => { a: DeepTree }, Incompatible;
        "a map of wider values": { a: std::collections::BTreeMap<String, u8> } => { a: std::collections::BTreeMap<String, u32> }, Compatible;
        "a map of narrower values": { a: std::collections::BTreeMap<String, u32> } => { a: std::collections::BTreeMap<String, u8> }, Incompatible MaximumLowered;
    };
    assert!(edits.len() >= 30);
    for (name, (old, new), verdict, rules, decode) in edits {
        let report = changes(&old, &new, Mode::Backward, Policy::Typed);
        assert_eq!(report.verdict(), verdict, "{name}: {report:#?}");
        for rule in rules {
            assert!(report.changes.iter().any(|one| one.rule == rule), "{name}: {report:#?}");
        }
        let written = old.get("a", 1).unwrap().payload.as_ref().unwrap().written();
        if verdict == Verdict::Compatible {
            let mut chance = chance::Chance::new(7);
            let writer = instance::Writer::closed(written);
            for _ in 0..200 {
                let Some(value) = writer.instance(&mut chance) else { continue };
                assert_eq!(decode(&value), Ok(()), "{name}: {value}");
            }
        }
        if verdict == Verdict::Incompatible {
            let example = report.changes.iter().find_map(|one| one.example.as_ref());
            // A rename and a limit are no fault to serde.
            if let Some(example) =
                example.filter(|_| !name.contains("limit") && !name.contains("pattern"))
            {
                assert!(decode(example).is_err(), "{name}: {example}");
            }
            let pointers = report.changes.iter().filter(|one| one.severity == Severity::Break);
            for change in pointers {
                let file: Value = json(&new.get("a", 1).unwrap().to_json());
                assert!(file.pointer(&change.pointer).is_some(), "{name}: {change:#?}");
            }
        }
    }
}

#[test]
fn a_request_is_read_by_the_new_and_its_reply_by_the_old() {
    #[derive(JsonSchema)]
    struct Narrow {
        #[expect(dead_code, reason = "only its schema is wanted")]
        count: u8,
    }
    #[derive(JsonSchema)]
    struct Wide {
        #[expect(dead_code, reason = "only its schema is wanted")]
        count: u64,
    }
    let ask = || Descriptor::request("stock.check", 1, "stock.check");
    let old = Catalog::of([ask().payload::<Narrow>().reply::<Narrow>()]).unwrap();
    let new = Catalog::of([ask().payload::<Wide>().reply::<Wide>()]).unwrap();
    let report = changes(&old, &new, Mode::Backward, Policy::Typed);
    let found: Vec<_> = report.changes.iter().map(|one| (one.rule, one.pointer.as_str())).collect();
    assert_eq!(found, [("maximum-lowered", "/reply/read/properties/count")]);
    assert_eq!(changes(&new, &old, Mode::Full, Policy::Typed).verdict(), Verdict::Incompatible);
}

/// Pairs beyond what types make.
#[test]
fn verdicts_of_schemas() {
    #[derive(Deserialize)]
    struct Pair {
        name: String,
        writer: Value,
        reader: Value,
        policy: Policy,
        verdict: String,
    }
    let pairs: Vec<Pair> = serde_json::from_str(include_str!("tests/pairs.json")).unwrap();
    for Pair { name, writer, reader, policy, verdict } in pairs {
        let found = compare(&writer, &reader, policy);
        assert_eq!(found.verdict.to_string(), verdict, "{name}: {found:#?}");
        let itself = compare(&writer, &writer, policy);
        assert_eq!(itself.verdict, Verdict::Compatible, "{name}: {itself:#?}");
    }
}

/// Deep and wide schemas end in bounded time, with a verdict or without one.
#[test]
fn hostile_schemas_end() {
    let mut deep = json!({"type": "string"});
    for _ in 0..100 {
        deep = json!({"type": "object", "properties": {"a": deep}, "required": ["a"]});
    }
    assert_eq!(compare(&deep, &deep, Policy::Typed).verdict, Verdict::Compatible);
    let mut other = json!({"type": "string", "minLength": 1});
    for _ in 0..100 {
        other = json!({"type": "object", "properties": {"a": other}, "required": ["a"]});
    }
    assert_eq!(compare(&other, &deep, Policy::Typed).verdict, Verdict::Compatible);
    let choices: Vec<Value> = (0..40)
        .map(|i| json!({"oneOf": [{"type": "string", "minLength": i}, {"type": "integer", "minimum": i}]}))
        .collect();
    let wide = json!({"allOf": choices});
    let _ = compare(&wide, &json!({"anyOf": choices}), Policy::Typed);
    let around = json!({"$defs": {
        "A": {"anyOf": [{"$ref": "#/$defs/B"}, {"$ref": "#/$defs/A"}]},
        "B": {"allOf": [{"$ref": "#/$defs/A"}], "not": {"$ref": "#/$defs/B"}},
    }, "$ref": "#/$defs/A"});
    let _ =
        compare(&around, &json!({"$defs": around["$defs"], "$ref": "#/$defs/B"}), Policy::Typed);
    let _ = compare(&json!({"type": "object"}), &around, Policy::Typed);
}
