//! Types of messages as programs have them, made by chance.

use std::collections::{BTreeMap, BTreeSet};

use tidings_tests::Chance;

/// Content of a field.
#[derive(Debug, Clone)]
pub(crate) enum Holds {
    Text {
        longest: Option<u64>,
    },
    Format(&'static str),
    Integer(&'static str),
    Number,
    Flag,
    /// A value of a named type.
    Of(String),
    List(Box<Self>),
    /// Values by name.
    Map(Box<Self>),
}

/// Presence of a field in the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presence {
    Always,
    /// An `Option`.
    Maybe,
    /// A reader does without it, a writer never.
    Defaulted,
}

/// A field of a struct.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) holds: Holds,
    pub(crate) presence: Presence,
    pub(crate) is_described: bool,
}

/// A named type.
#[derive(Debug, Clone)]
pub(crate) enum Named {
    Struct(Vec<Field>),
    /// An enum of words.
    Words {
        words: Vec<String>,
        are_described: bool,
    },
    /// An enum of structs, told apart by a tag.
    Tagged(Vec<(String, Vec<Field>)>),
}

/// A message's type, with all that it is made of.
#[derive(Debug, Clone)]
pub(crate) struct Shape {
    pub(crate) fields: Vec<Field>,
    pub(crate) types: BTreeMap<String, Named>,
}

const WORDS: [&str; 40] = [
    "account", "address", "amount", "batch", "buyer", "cause", "channel", "city", "code",
    "contact", "count", "currency", "customer", "delay", "depot", "device", "discount", "grade",
    "height", "invoice", "label", "language", "limit", "method", "note", "origin", "owner",
    "parcel", "phase", "place", "price", "product", "quantity", "reason", "region", "sender",
    "supplier", "total", "vendor", "weight",
];

/// The types that all messages share.
fn shared() -> BTreeMap<String, Named> {
    let field = |name: &str, holds: Holds, presence: Presence| Field {
        name: name.to_owned(),
        holds,
        presence,
        is_described: false,
    };
    let text = |longest| Holds::Text { longest };
    let money = Named::Struct(vec![
        field("cents", Holds::Integer("int64"), Presence::Always),
        field("currency", Holds::Of("Currency".to_owned()), Presence::Always),
    ]);
    let place = Named::Struct(vec![
        field("street", text(None), Presence::Always),
        field("city", text(Some(80)), Presence::Always),
        field("zip", text(Some(12)), Presence::Maybe),
        field("country", text(Some(2)), Presence::Always),
    ]);
    let actor = Named::Tagged(vec![
        ("person".to_owned(), vec![field("user_id", Holds::Format("uuid"), Presence::Always)]),
        ("program".to_owned(), vec![field("name", text(None), Presence::Always)]),
    ]);
    let currencies = ["CHF", "EUR", "GBP", "JPY", "SEK", "USD"].map(str::to_owned).to_vec();
    let currency = Named::Words { words: currencies, are_described: false };
    [("Money", money), ("Address", place), ("Actor", actor), ("Currency", currency)]
        .map(|(name, named)| (name.to_owned(), named))
        .into()
}

/// A number below `end`.
pub(crate) fn below(chance: &mut Chance, end: usize) -> usize {
    usize::try_from(chance.below(end as u64)).unwrap_or_default()
}

/// Picks one of these by chance.
pub(crate) fn any<T: Clone>(chance: &mut Chance, of: &[T]) -> T {
    of[below(chance, of.len())].clone()
}

/// A name that is not among those that are taken.
fn unused(chance: &mut Chance, taken: &BTreeSet<String>) -> String {
    let word = |chance: &mut Chance| any(chance, &WORDS);
    loop {
        let name = match chance.below(3) {
            0 => word(chance).to_owned(),
            _ => format!("{}_{}", word(chance), word(chance)),
        };
        if !taken.contains(&name) {
            return name;
        }
    }
}

fn names(fields: &[Field]) -> BTreeSet<String> {
    fields.iter().map(|field| field.name.clone()).collect()
}

impl Shape {
    /// The first version of a type whose own types begin with `prefix`.
    pub(crate) fn new(prefix: &str, chance: &mut Chance) -> Self {
        let mut types = shared();
        let mut own: Vec<String> = types.keys().cloned().collect();
        for letter in ["A", "B"].into_iter().take(1 + below(chance, 2)) {
            let words = (0..3 + below(chance, 6)).map(|n| format!("{}_{n}", WORDS[n * 4]));
            let words =
                Named::Words { words: words.collect(), are_described: chance.below(2) == 0 };
            own.push(format!("{prefix}Kind{letter}"));
            types.insert(format!("{prefix}Kind{letter}"), words);
        }
        if chance.below(3) == 0 {
            let variants = ["created", "changed", "dropped"];
            let each = |name: &str| (name.to_owned(), fields(2, &own, chance));
            let variants = variants.map(each).to_vec();
            own.push(format!("{prefix}Step"));
            types.insert(format!("{prefix}Step"), Named::Tagged(variants));
        }
        for letter in ["A", "B"].into_iter().take(1 + below(chance, 2)) {
            let name = format!("{prefix}Part{letter}");
            let inner = fields(4 + chance.below(4), &own, chance);
            types.insert(name.clone(), Named::Struct(inner));
            own.push(name);
        }
        let count = 8 + chance.below(9);
        let mut fields = fields(count, &own, chance);
        fields.insert(
            0,
            Field {
                name: "id".to_owned(),
                holds: Holds::Format("uuid"),
                presence: Presence::Always,
                is_described: true,
            },
        );
        let mut shape = Self { fields, types };
        shape.drop_unused();
        shape
    }

    /// Drops the types that nothing holds.
    pub(crate) fn drop_unused(&mut self) {
        let mut held = BTreeSet::new();
        for field in &self.fields {
            field.holds.held(&mut held);
        }
        loop {
            let before = held.len();
            for name in held.clone() {
                if let Some(named) = self.types.get(&name) {
                    named.held(&mut held);
                }
            }
            if held.len() == before {
                break;
            }
        }
        self.types.retain(|name, _| held.contains(name));
    }
}

/// Makes so many fields by chance, of these types among others.
fn fields(count: u64, types: &[String], chance: &mut Chance) -> Vec<Field> {
    let mut fields = Vec::new();
    for _ in 0..count {
        fields.push(field(&fields, types, chance));
    }
    fields
}

pub(crate) fn field(beside: &[Field], types: &[String], chance: &mut Chance) -> Field {
    let presence = match chance.below(10) {
        0..6 => Presence::Always,
        6..9 => Presence::Maybe,
        _ => Presence::Defaulted,
    };
    let mut holds = holds(types, chance);
    holds = match chance.below(12) {
        0 | 1 => Holds::List(Box::new(holds)),
        2 => Holds::Map(Box::new(holds)),
        _ => holds,
    };
    let name = unused(chance, &names(beside));
    Field { name, holds, presence, is_described: chance.below(3) == 0 }
}

fn holds(types: &[String], chance: &mut Chance) -> Holds {
    const INTEGERS: [&str; 6] = ["int32", "int64", "uint8", "uint32", "uint64", "uint64"];
    match chance.below(10) {
        0 | 1 => Holds::Text { longest: None },
        2 => Holds::Text { longest: Some(8 << chance.below(5)) },
        3 => Holds::Format(any(chance, &["uuid", "date-time"])),
        4 | 5 => Holds::Integer(any(chance, &INTEGERS)),
        6 => any(chance, &[Holds::Number, Holds::Flag]),
        _ => match types {
            [] => Holds::Flag,
            types => Holds::Of(any(chance, types)),
        },
    }
}

impl Named {
    pub(crate) fn held(&self, held: &mut BTreeSet<String>) {
        let mut each = |fields: &[Field]| fields.iter().for_each(|field| field.holds.held(held));
        match self {
            Self::Struct(fields) => each(fields),
            Self::Tagged(variants) => variants.iter().for_each(|(_, fields)| each(fields)),
            Self::Words { .. } => {}
        }
    }
}

impl Holds {
    pub(crate) fn held(&self, held: &mut BTreeSet<String>) {
        match self {
            Self::Of(name) => drop(held.insert(name.clone())),
            Self::List(inner) | Self::Map(inner) => inner.held(held),
            _ => {}
        }
    }
}
