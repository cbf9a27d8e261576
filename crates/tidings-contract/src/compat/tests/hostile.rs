//! Schemas that nobody means well with: a verdict comes soon, and on a small stack.

use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use crate::compat::work::{MOST_PATTERNS, MOST_STEPS};
use crate::compat::{Comparison, Policy, Verdict, measured};

/// A part of the steps, of which the ways through forty definitions would take 2^40.
const FEW_STEPS: usize = MOST_STEPS / 50;

/// Schema made around another one.
type Through = fn(Value) -> Value;

/// Compares on a thread as a program has them.
fn judge(writer: Value, reader: Value) -> Comparison {
    judge_within(MOST_STEPS, writer, reader)
}

/// Compares in at most so many steps, where all of them would be taken: what is bounded by them is
/// bounded alike by fewer, and sooner.
fn judge_within(most: usize, writer: Value, reader: Value) -> Comparison {
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(move || {
        let begun = Instant::now();
        let (found, steps) = measured(&writer, &reader, Policy::Typed, most);
        // The proof's, those of the search, and its first look.
        assert!(steps <= most * 2 + most / 10, "{steps} of {most} steps");
        // Far more than it takes: what has no bound takes hours.
        assert!(begun.elapsed() < Duration::from_secs(300), "{:?}", begun.elapsed());
        // Dropping what is nested that deeply needs a large stack, whoever does it.
        std::mem::forget((writer, reader));
        found
    });
    thread.unwrap().join().unwrap()
}

/// Asserts that it was not decided, with a reason and a pointer into the reader's schema.
fn undecided(found: &Comparison, why: &str, pointer: &str) {
    assert_eq!(found.verdict, Verdict::Unknown, "{found:#?}");
    let given_up = found.findings.iter().find(|one| {
        one.undecided.as_ref().is_some_and(|said| said.contains(why))
            && one.reader.starts_with(pointer)
    });
    assert!(
        given_up.is_some(),
        "{why}, {pointer}: {:#?}",
        &found.findings[..found.findings.len().min(9)]
    );
}

/// Definitions of which each refers to the next one as `through` says.
fn chain(length: usize, through: impl Fn(Value) -> Value, end: Value) -> Value {
    let mut definitions: Map<String, Value> = (0..length)
        .map(|i| (format!("A{i}"), through(json!({"$ref": format!("#/$defs/A{}", i + 1)}))))
        .collect();
    definitions.insert(format!("A{length}"), end);
    json!({"$defs": definitions, "$ref": "#/$defs/A0"})
}

#[test]
fn a_chain_of_ten_thousand_definitions() {
    let ways: [(&str, Through); 6] = [
        ("$ref", |next| next),
        ("allOf", |next| json!({"allOf": [next]})),
        ("anyOf", |next| json!({"anyOf": [next, {"type": "null"}]})),
        ("not", |next| json!({"not": next})),
        (
            "property",
            |next| json!({"type": "object", "properties": {"a": next}, "required": ["a"]}),
        ),
        ("items", |next| json!({"type": "array", "items": next, "minItems": 1})),
    ];
    for (name, through) in ways {
        let of = |end: Value| chain(10_000, through, end);
        let [writer, reader] = ["integer", "string"].map(|kind| of(json!({"type": kind})));
        let found = judge_within(FEW_STEPS, writer, reader);
        assert_eq!(found.verdict, Verdict::Unknown, "{name}: {found:#?}");
        undecided(&found, "", "/$defs/A");
    }
}

#[test]
fn definitions_that_name_the_next_one_twice() {
    let ways: [(&str, Through); 6] = [
        ("allOf", |next| json!({"allOf": [next, next]})),
        ("anyOf", |next| json!({"anyOf": [next, next]})),
        ("oneOf", |next| json!({"oneOf": [next, {"type": "object", "properties": {"b": next}}]})),
        (
            "properties",
            |next| json!({"type": "object", "properties": {"a": next, "b": next}, "required": ["a", "b"]}),
        ),
        (
            "prefixItems",
            |next| json!({"type": "array", "prefixItems": [next, next], "minItems": 2}),
        ),
        ("if", |next| json!({"if": next, "then": next, "else": next})),
    ];
    for (name, through) in ways {
        for length in [40, 10_000] {
            let of = |end: Value| chain(length, through, end);
            let [writer, reader] = ["integer", "string"].map(|kind| of(json!({"type": kind})));
            let found = judge_within(FEW_STEPS, writer, reader);
            assert_ne!(found.verdict, Verdict::Compatible, "{name}, {length}: {found:#?}");
            if found.verdict == Verdict::Unknown {
                undecided(&found, "", "");
            }
        }
    }
}

#[test]
fn ten_thousand_levels() {
    let nested =
        |around: Through, innermost: Value| (0..10_000).fold(innermost, |inner, _| around(inner));
    let ways: [(&str, Through); 5] = [
        ("properties", |inner| {
            let mut members = Map::new();
            members.insert("a".to_owned(), inner);
            let mut schema = Map::new();
            schema.insert("properties".to_owned(), Value::Object(members));
            Value::Object(schema)
        }),
        ("items", |inner| one("items", inner)),
        ("not", |inner| one("not", inner)),
        ("allOf", |inner| one("allOf", Value::Array(vec![inner]))),
        ("anyOf", |inner| one("anyOf", Value::Array(vec![inner, Value::Bool(false)]))),
    ];
    for (name, around) in ways {
        let of = |kind: &str| nested(around, json!({"type": kind}));
        let found = judge(of("integer"), of("string"));
        assert_eq!(found.verdict, Verdict::Unknown, "{name}: {found:#?}");
        undecided(&found, "", "");
    }
    // What is data to a schema.
    let value = || nested(|inner| Value::Array(vec![inner]), Value::Null);
    for keyword in ["const", "enum", "examples", "default"] {
        let of = |values: Vec<Value>| one(keyword, Value::Array(values));
        let found = judge(of(vec![value()]), of(vec![value(), Value::Null]));
        if matches!(keyword, "const" | "enum") {
            undecided(&found, "levels", "");
        } else {
            assert_eq!(found.verdict, Verdict::Compatible, "{keyword}: {found:#?}");
        }
    }
}

/// A schema of one keyword, made without a copy.
fn one(keyword: &str, value: Value) -> Value {
    let mut schema = Map::new();
    schema.insert(keyword.to_owned(), value);
    Value::Object(schema)
}

/// A proof that rests on itself proves anything.
#[test]
fn what_leads_back_to_itself_for_one_value_is_not_proven() {
    for depth in 0..12 {
        let of = |kind: &str| (0..depth).fold(json!({"type": kind}), |one, _| json!({"not": one}));
        let found = judge(of("integer"), of("string"));
        assert_ne!(found.verdict, Verdict::Compatible, "{depth}: {found:#?}");
        assert_eq!(judge(of("integer"), of("integer")).verdict, Verdict::Compatible, "{depth}");
    }
    let around = |end: Value| json!({"$defs": {"A": {"anyOf": [{"$ref": "#/$defs/A"}, end]}}, "$ref": "#/$defs/A"});
    let found = judge(around(json!({"type": "integer"})), around(json!({"type": "string"})));
    assert_ne!(found.verdict, Verdict::Compatible, "{found:#?}");
}

#[test]
fn wide_schemas() {
    let names = |count: usize| (0..count).map(|i| format!("field_{i}"));
    let object = |count: usize, kind: &str| {
        let properties: Map<String, Value> =
            names(count).map(|name| (name, json!({"type": kind}))).collect();
        json!({"type": "object", "properties": properties})
    };
    // As many as a type may have.
    assert_eq!(
        judge(object(2_000, "string"), object(2_000, "string")).verdict,
        Verdict::Compatible
    );
    let found = judge(object(300, "string"), object(300, "integer"));
    assert_eq!((found.verdict, found.findings.len()), (Verdict::Incompatible, 300));
    // More than anybody reads.
    let _ = judge_within(FEW_STEPS, object(40_000, "string"), object(40_000, "integer"));
    let renamed: Map<String, Value> =
        names(20_000).map(|name| (format!("{name}_now"), json!({"type": "string"}))).collect();
    let renamed = json!({"type": "object", "properties": renamed});
    undecided(&judge_within(FEW_STEPS, object(20_000, "string"), renamed), "steps", "");

    let values = |from: usize, to: usize| json!({"enum": (from..to).map(|i| format!("v{i}")).collect::<Vec<_>>()});
    assert_eq!(judge(values(0, 3_000), values(0, 3_001)).verdict, Verdict::Compatible);
    assert_eq!(judge(values(0, 3_000), values(1, 3_000)).verdict, Verdict::Incompatible);
    let fields = |of: Value| {
        let properties: Map<String, Value> =
            names(1_000).map(|name| (name, json!({"$ref": "#/$defs/E"}))).collect();
        json!({"$defs": {"E": of}, "type": "object", "properties": properties})
    };
    let found = judge_within(FEW_STEPS, fields(values(0, 50_000)), fields(values(1, 50_000)));
    assert_ne!(found.verdict, Verdict::Compatible);
    let said: usize = found.findings.iter().map(|one| one.old.len() + one.new.len()).sum();
    assert!(said < 32 << 20, "{said} bytes are said");

    let choices = |kind: &str| {
        let each = (0..400)
            .map(|i| json!({"type": "object", "properties": {format!("f{i}"): {"type": kind}}}));
        let each: Vec<Value> = each.collect();
        json!({"allOf": [{"anyOf": each}, {"anyOf": each}, {"oneOf": each}]})
    };
    let found = judge_within(FEW_STEPS, choices("string"), choices("integer"));
    assert_ne!(found.verdict, Verdict::Compatible);
}

#[test]
fn steps_lengths_and_patterns_that_multiply() {
    let steps: Vec<Value> = (2..40).map(|step| json!({"multipleOf": step})).collect();
    let found = judge(json!({"type": "integer"}), json!({"allOf": steps}));
    assert_eq!(found.verdict, Verdict::Incompatible);
    let nested = (0..7).fold(
        json!({"type": "integer"}),
        |inner, _| json!({"type": "array", "items": inner, "minItems": 64, "maxItems": 64}),
    );
    let other = (0..7).fold(
        json!({"type": "string"}),
        |inner, _| json!({"type": "array", "items": inner, "minItems": 64, "maxItems": 64}),
    );
    undecided(&judge_within(FEW_STEPS, nested, other), "", "/items");
    let patterns = |repeated: usize| {
        // Every fiftieth costs much to make.
        let pattern = |i: usize| match i % 50 {
            0 => format!("^({i}[a-z]{{0,{repeated}}}){{0,30}}$"),
            _ => format!("^{i}[a-z]{{0,{repeated}}}$"),
        };
        let each: Map<String, Value> =
            (0..MOST_PATTERNS + 100).map(|i| (pattern(i), json!({"type": "string"}))).collect();
        json!({"type": "object", "patternProperties": each, "properties": {"a": {"type": "string"}}})
    };
    let found = judge_within(FEW_STEPS, patterns(30), patterns(31));
    assert_ne!(found.verdict, Verdict::Compatible);
    let name = "n".repeat(200_000);
    let long =
        |kind: &str| chain(90, |next| json!({"properties": {&name: next}}), json!({"type": kind}));
    undecided(&judge(long("string"), long("integer")), "bytes", "/$defs/A");
}

#[test]
fn a_comparison_of_what_programs_have_needs_a_part_of_the_steps() {
    // The number of steps is the same on every machine.
    let schema = |bits: u32| {
        let line = json!({"type": "object", "required": ["sku", "cents"], "properties": {
            "sku": {"type": "string", "maxLength": 32},
            "cents": {"type": "integer", "format": format!("uint{bits}"), "minimum": 0},
            "kind": {"oneOf": [{"const": "a"}, {"const": "b"}]},
        }});
        let mut properties: Map<String, Value> =
            (0..30).map(|i| (format!("field_{i}"), json!({"$ref": "#/$defs/Line"}))).collect();
        properties.insert("tree".to_owned(), json!({"$ref": "#"}));
        json!({"$defs": {"Line": line}, "type": "object", "properties": properties})
    };
    for (old, new, verdict) in [(32, 64, Verdict::Compatible), (64, 32, Verdict::Incompatible)] {
        let (found, steps) = measured(&schema(old), &schema(new), Policy::Typed, MOST_STEPS);
        assert_eq!(found.verdict, verdict);
        assert!(steps < MOST_STEPS / 2, "{steps} of {MOST_STEPS} steps");
    }
}
