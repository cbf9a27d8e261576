//! Soundness: where a pair is called compatible, all that the writer may write is valid for the
//! reader, as another validator sees it; where it is called incompatible, the example is not.

mod pair;
mod shrink;

use std::ops::Range;

use jsonschema::Validator;
use serde_json::{Map, Value};

use super::chance::Chance;
use super::instance::Writer;
use crate::compat::{Policy, Verdict, compare, range};

/// Number of pairs with each verdict.
#[derive(Debug, Default)]
struct Tally {
    compatible: usize,
    incompatible: usize,
    unknown: usize,
    tried: Tried,
    /// Number of pairs that are unknown, by rule.
    reasons: std::collections::BTreeMap<String, usize>,
}

/// Counts of the values that were made for pairs that are compatible.
#[derive(Debug, Default)]
struct Tried {
    /// Number of those that the writer may write: the reader was asked for each.
    values: usize,
    /// Number of those that were given up, since they took too long to make.
    given_up: usize,
}

/// The other validator. A numeric format is a range to both.
fn validator(schema: &Value) -> Option<Validator> {
    let options = jsonschema::options().should_validate_formats(true);
    options.build(&ranged(schema)).ok()
}

fn ranged(schema: &Value) -> Value {
    let members = match schema {
        Value::Object(members) => members,
        Value::Array(elements) => return elements.iter().map(ranged).collect(),
        other => return other.clone(),
    };
    let mut all: Map<String, Value> =
        members.iter().map(|(name, one)| (name.clone(), ranged(one))).collect();
    if let Some((least, most)) = members.get("format").and_then(Value::as_str).and_then(range) {
        let limits = serde_json::json!([{"minimum": least}, {"maximum": most}]);
        let mut both = all.remove("allOf").unwrap_or_else(|| Value::Array(Vec::new()));
        both.as_array_mut().unwrap().extend(limits.as_array().unwrap().iter().cloned());
        all.insert("allOf".to_owned(), both);
    }
    Value::Object(all)
}

/// A whole number that is written with a point is an integer to a schema and none to serde.
fn has_whole_float(value: &Value) -> bool {
    match value {
        Value::Number(number) => {
            number.is_f64() && number.as_f64().is_some_and(|number| number.fract() == 0.0)
        }
        Value::Array(items) => items.iter().any(has_whole_float),
        Value::Object(members) => members.values().any(has_whole_float),
        _ => false,
    }
}

/// The other validator divides by a step that is a fraction in floating point, by which integers beyond 2^53
/// seem multiples that they are not.
fn is_rounded(value: &Value, reader: &Value) -> bool {
    fn any(value: &Value, of: &dyn Fn(&str, &Value) -> bool, name: &str) -> bool {
        of(name, value)
            || match value {
                Value::Array(items) => items.iter().any(|item| any(item, of, name)),
                Value::Object(members) => members.iter().any(|(name, one)| any(one, of, name)),
                _ => false,
            }
    }
    let is_large = |_: &str, value: &Value| {
        let size = value.as_u64().or_else(|| value.as_i64().map(i64::unsigned_abs));
        size.is_some_and(|size| size > 1 << 53)
    };
    let is_fraction = |name: &str, value: &Value| name == "multipleOf" && value.is_f64();
    any(value, &is_large, "") && any(reader, &is_fraction, "")
}

/// An instance that the writer may write and the reader refuses.
fn refused(
    (writer, reader): (&Value, &Value),
    policy: Policy,
    tries: usize,
    chance: &mut Chance,
    made: &mut Tried,
) -> Option<Value> {
    let (old, new) = (validator(writer)?, validator(reader)?);
    let by = if policy == Policy::Strict { Writer::open(writer) } else { Writer::closed(writer) };
    (0..tries).find_map(|_| {
        let value = by.instance(chance);
        made.given_up += usize::from(by.has_given_up());
        value.filter(|value| {
            let differs = policy == Policy::Typed && has_whole_float(value);
            let is_written = !differs && old.is_valid(value);
            made.values += usize::from(is_written);
            is_written && !new.is_valid(value)
        })
    })
}

fn is_compatible(writer: &Value, reader: &Value, policy: Policy) -> bool {
    compare(writer, reader, policy).verdict == Verdict::Compatible
}

/// Fault in the verdict on a pair, if there is one.
fn fault(
    writer: &Value,
    reader: &Value,
    policy: Policy,
    chance: &mut Chance,
    tally: &mut Tally,
) -> Option<String> {
    let found = compare(writer, reader, policy);
    let renamed = found.findings.iter().any(|one| one.renamed_from.is_some());
    match found.verdict {
        Verdict::Compatible => {
            tally.compatible += 1;
            refused((writer, reader), policy, 20, chance, &mut tally.tried)?;
            let is_fault = |writer: &Value, reader: &Value| {
                is_compatible(writer, reader, policy)
                    && refused(
                        (writer, reader),
                        policy,
                        60,
                        &mut Chance::new(9),
                        &mut Tried::default(),
                    )
                    .is_some()
            };
            let (writer, reader) = shrink::shrink(writer.clone(), reader.clone(), is_fault);
            let value = refused((&writer, &reader), policy, 1_000, chance, &mut Tried::default());
            Some(format!("{policy:?}: {value:?} is refused\n{writer}\n{reader}"))
        }
        Verdict::Incompatible => {
            tally.incompatible += 1;
            if renamed && found.example.is_none() {
                return None;
            }
            let example = found.example.unwrap();
            let differs = policy == Policy::Typed && has_whole_float(&example);
            let (old, new) = (validator(writer)?, validator(reader)?);
            let shown = old.is_valid(&example) && !new.is_valid(&example);
            (!shown && !differs && !is_rounded(&example, reader))
                .then(|| format!("{policy:?}: {example} shows nothing\n{writer}\n{reader}"))
        }
        Verdict::Unknown => {
            tally.unknown += 1;
            for why in found.findings.iter().filter_map(|one| one.undecided.as_deref()) {
                let why = why.split([':', '(']).next().unwrap_or_default().to_owned();
                *tally.reasons.entry(why).or_default() += 1;
            }
            if std::env::var_os("SOUNDNESS_SHOW").is_some() {
                eprintln!("{policy:?}\n{writer}\n{reader}\n{:#?}", found.findings);
            }
            None
        }
    }
}

fn run(seed: u64, pairs: Range<u64>) -> (Tally, Vec<String>) {
    let mut tally = Tally::default();
    let mut faults = Vec::new();
    for pair in pairs {
        let mut chance = Chance::of_case(seed, pair);
        let one = pair::document(&mut chance);
        let other = if chance.one_in(10) {
            pair::document(&mut chance)
        } else {
            pair::edited(&one, &mut chance)
        };
        let (writer, reader) = if chance.one_in(2) { (one, other) } else { (other, one) };
        if !pair::has_end(&writer) || !pair::has_end(&reader) {
            continue;
        }
        let policy = *chance.of(&[Policy::Typed, Policy::Typed, Policy::Strict]);
        let found = fault(&writer, &reader, policy, &mut chance, &mut tally);
        faults.extend(found.map(|found| format!("seed {seed}, pair {pair}, {found}")));
        if faults.len() > 12 {
            break;
        }
    }
    (tally, faults)
}

/// `SOUNDNESS_PAIRS` and `SOUNDNESS_SEED` make a long run of it, and `SOUNDNESS_FIRST` begins at a pair.
#[test]
fn what_is_compatible_is_read_and_what_is_not_is_refused() {
    let number = |name| std::env::var(name).ok().map(|number| number.parse::<u64>().unwrap());
    let pairs = number("SOUNDNESS_PAIRS").unwrap_or(2_000);
    let seed = number("SOUNDNESS_SEED").unwrap_or(1);
    let first = number("SOUNDNESS_FIRST").unwrap_or(0);
    let (tally, faults) = run(seed, first..first + pairs);
    eprintln!("{tally:#?}");
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
    if pairs < 1_000 {
        return;
    }
    // It says something, and seldom that it can't.
    let some = usize::try_from(pairs).unwrap() / 10;
    assert!(tally.compatible > some && tally.incompatible > some, "{tally:?}");
    assert!(tally.unknown < some, "{tally:?}");
    // What is given up says nothing: there is little of it.
    assert!(tally.tried.given_up * 100 < tally.tried.values, "{tally:?}");
}
