//! Tests by serde: where two types are called compatible, the new one decodes all that the old one
//! writes.
//!
//! Within each family every type is compared with every other, in both directions.

mod collection;
mod structure;
mod variant;

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::chance::Chance;
use super::instance::Writer;
use crate::compat::{Policy, Verdict, compare};
use crate::contract::Contract;

/// A type, as its contract and as what serde makes of it.
struct Type {
    name: &'static str,
    contract: Contract,
    decode: fn(&str) -> Result<(), String>,
    /// Decodes a text and encodes what it was.
    encode: fn(&str) -> Option<String>,
}

impl Type {
    fn of<T: JsonSchema + Serialize + DeserializeOwned>(name: &'static str) -> Self {
        Self {
            name,
            contract: Contract::of::<T>("urn:tidings:a:v1").0,
            decode: |text| match serde_json::from_str::<T>(text) {
                Ok(_) => Ok(()),
                Err(error) => Err(error.to_string()),
            },
            encode: |text| serde_json::to_string(&serde_json::from_str::<T>(text).ok()?).ok(),
        }
    }
}

/// The types, in a list.
macro_rules! types {
    ($($type:ty),* $(,)?) => { vec![$(crate::compat::tests::decoding::Type::of::<$type>(stringify!($type))),*] };
}
use types;

#[derive(Debug, Default)]
struct Tally {
    pairs: usize,
    compatible: usize,
    unknown: usize,
    values: usize,
    /// Pairs that are told apart by nothing that schemars says.
    keys: usize,
    faults: Vec<String>,
}

/// Gaps of schemars, which says nothing of them: the keys of a map, unless they are texts or numbers.
const KEYS: [&str; 3] =
    ["Of<BTreeMap<char, u8>>", "Of<BTreeMap<bool, u8>>", "Of<HashMap<Uuid, u8>>"];

/// Returns `true` for a value that serde reads and that is none by the schema of the type.
fn is_kinder(new: &str, example: &str) -> bool {
    // A struct as a list of its fields, and a variant without content that has `null`.
    let is_list =
        example.contains('[') && ["Pair", "Nothing", "StructuredMore"].contains(&inner(new));
    let is_null = example == r#"{"B":null}"#;
    // Names and variants of which schemars says nothing: `alias` and `other`.
    let is_unsaid = new.contains("Alias") || new.contains("Forgiving");
    // A variant without content does not look at what else there is.
    let is_unit = ["TaggedClosed", "AdjacentClosed"].contains(&new) && example.contains("null");
    // Content that is left out is `None`.
    let is_left_out = new == "AdjacentOption";
    // A limit of the schema that a set does not have.
    let is_set = new == "Of<BTreeSet<u8>>";
    is_list || is_null || is_unsaid || is_unit || is_left_out || is_set
}

fn inner(name: &str) -> &str {
    name.strip_prefix("Of<").and_then(|name| name.strip_suffix('>')).unwrap_or(name)
}

/// Values that a type writes: those that serde made of what its schema allows, and that itself.
fn values(of: &Type, chance: &mut Chance) -> Vec<String> {
    let schema = of.contract.written();
    let options = jsonschema::options().should_validate_formats(true);
    let judge = options.build(schema).unwrap_or_else(|error| panic!("{}: {error}", of.name));
    let writer = Writer::closed(schema);
    let found = (0..60).filter_map(|_| writer.instance(chance));
    let found: Vec<String> =
        found.filter(|value| judge.is_valid(value)).map(|value| value.to_string()).collect();
    let mut all: Vec<String> = found.iter().filter_map(|text| (of.encode)(text)).collect();
    // A `Duration` has less than its schema allows.
    if !KEYS.contains(&of.name) && of.name != "Of<Duration>" {
        all.extend(found);
    }
    all.sort();
    all.dedup();
    assert!(
        !all.is_empty() || KEYS.contains(&of.name),
        "{}: no value was found\n{schema}",
        of.name
    );
    all
}

fn family(types: &[Type], tally: &mut Tally, chance: &mut Chance) {
    for old in types {
        let values = values(old, chance);
        for new in types {
            tally.pairs += 1;
            let found = compare(old.contract.written(), new.contract.read(), Policy::Typed);
            let pair = format!("{} -> {}", old.name, new.name);
            match found.verdict {
                Verdict::Compatible => {
                    tally.compatible += 1;
                    tally.values += values.len();
                    let mut each = values.iter();
                    let refused = each.find_map(|text| Some((text, (new.decode)(text).err()?)));
                    let is_key = KEYS.contains(&new.name);
                    tally.keys += usize::from(is_key && refused.is_some());
                    let refused = refused.filter(|_| !is_key);
                    tally.faults.extend(
                        refused.map(|(text, error)| format!("{pair}: {text} is refused: {error}")),
                    );
                }
                Verdict::Incompatible => {
                    let example = found.example.as_ref().map(Value::to_string);
                    let read = example.filter(|example| {
                        (new.decode)(example).is_ok() && !is_kinder(new.name, example)
                    });
                    tally.faults.extend(read.map(|text| format!("{pair}: {text} is read")));
                }
                Verdict::Unknown => {
                    tally.unknown += 1;
                    let why: Vec<_> = found.findings.iter().map(ToString::to_string).collect();
                    eprintln!("{pair}: {}", why.join("; "));
                }
            }
        }
    }
}

#[test]
fn what_is_compatible_is_decoded() {
    let mut tally = Tally::default();
    let mut chance = Chance::new(3);
    let families = [
        collection::numbers(),
        collection::lists(),
        collection::maps(),
        collection::texts(),
        structure::plain(),
        structure::flat(),
        structure::recursive(),
        variant::external(),
        variant::tagged(),
        variant::untagged(),
    ];
    for types in families {
        family(&types, &mut tally, &mut chance);
    }
    let Tally { pairs, compatible, unknown, values, keys, faults } = tally;
    eprintln!("{pairs} pairs, {compatible} compatible, {unknown} unknown, {values} values");
    assert!(faults.is_empty(), "{} faults\n{}", faults.len(), faults.join("\n"));
    assert!(pairs > 3_500 && compatible > 1_000 && values > 30_000 && unknown < 20);
    assert!(keys > 0, "schemars describes the keys of maps: none has to be left out");
}
