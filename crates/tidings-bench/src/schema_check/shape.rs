//! Types of messages as programs have them, made by chance, and what becomes of them over versions.

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

/// Whether a field is there.
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

/// A name that is not among those that are taken.
fn unused(chance: &mut Chance, taken: &BTreeSet<String>) -> String {
    let word = |chance: &mut Chance| WORDS[chance.below(40) as usize];
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
        for at in 0..1 + chance.below(2) {
            let words = (0..3 + chance.below(6)).map(|n| format!("{}_{n}", WORDS[n as usize * 4]));
            let words =
                Named::Words { words: words.collect(), are_described: chance.below(2) == 0 };
            own.push(format!("{prefix}Kind{}", ["A", "B"][at as usize]));
            types.insert(format!("{prefix}Kind{}", ["A", "B"][at as usize]), words);
        }
        if chance.below(3) == 0 {
            let variants = ["created", "changed", "dropped"];
            let each = |name: &str| (name.to_owned(), fields(2, &own, chance));
            let variants = variants.map(each).to_vec();
            own.push(format!("{prefix}Step"));
            types.insert(format!("{prefix}Step"), Named::Tagged(variants));
        }
        for at in 0..1 + chance.below(2) {
            let name = format!("{prefix}Part{}", ["A", "B"][at as usize]);
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

    /// The next version, with the edits that people make.
    pub(crate) fn next(&self, version: u32, chance: &mut Chance) -> Self {
        let mut next = self.clone();
        for _ in 0..1 + chance.below(2) {
            if let Some(changed) = next.edit(chance) {
                next.rename(&changed, version);
            }
        }
        next.drop_unused();
        next
    }

    /// Changes something; gives the type that is another one now, if it is not the message's own.
    fn edit(&mut self, chance: &mut Chance) -> Option<String> {
        const SHARED: [&str; 4] = ["Actor", "Address", "Currency", "Money"];
        let own: Vec<String> =
            self.types.keys().filter(|name| !SHARED.contains(&name.as_str())).cloned().collect();
        let target = chance.below(own.len() as u64 + 2) as usize;
        let roll = chance.below(100);
        if let Some(name) = own.get(target) {
            match self.types.get_mut(name)? {
                Named::Words { words, .. } if roll < 94 => words.push(format!("more_{roll}")),
                Named::Words { words, .. } => drop(words.pop()),
                Named::Tagged(variants) => variants.push((format!("other_{roll}"), Vec::new())),
                Named::Struct(fields) => alter(fields, roll, chance),
            }
            if let Some(Named::Tagged(variants)) = self.types.get_mut(name) {
                variants.sort_by(|(one, _), (other, _)| one.cmp(other));
                variants.dedup_by(|(one, _), (other, _)| one == other);
            }
            return Some(name.clone());
        }
        alter(&mut self.fields, roll, chance);
        None
    }

    /// Gives a type that has changed, and all that hold it, the name of a new version: two types of
    /// one name are none.
    fn rename(&mut self, changed: &str, version: u32) {
        let mut all = BTreeSet::from([changed.to_owned()]);
        loop {
            let holders = self.types.iter().filter(|(_, named)| {
                let mut held = BTreeSet::new();
                named.held(&mut held);
                !held.is_disjoint(&all)
            });
            let more: BTreeSet<String> = holders.map(|(name, _)| name.clone()).collect();
            let before = all.len();
            all.extend(more);
            if all.len() == before {
                break;
            }
        }
        let renamed = |name: &str| {
            let base = name.trim_end_matches(|c: char| c.is_ascii_digit());
            let base = base.strip_suffix('V').filter(|_| base != name).unwrap_or(name);
            format!("{base}V{version}")
        };
        let types = std::mem::take(&mut self.types);
        for (name, mut named) in types {
            let name = if all.contains(&name) { renamed(&name) } else { name };
            named.each_field(&mut |field| field.holds.rename(&all, &renamed));
            self.types.insert(name, named);
        }
        for field in &mut self.fields {
            field.holds.rename(&all, &renamed);
        }
    }

    /// Drops the types that nothing holds.
    fn drop_unused(&mut self) {
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

/// So many fields by chance, of these types among others.
fn fields(count: u64, types: &[String], chance: &mut Chance) -> Vec<Field> {
    let mut fields = Vec::new();
    for _ in 0..count {
        fields.push(field(&fields, types, chance));
    }
    fields
}

fn field(beside: &[Field], types: &[String], chance: &mut Chance) -> Field {
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
        3 => Holds::Format(["uuid", "date-time"][chance.below(2) as usize]),
        4 | 5 => Holds::Integer(INTEGERS[chance.below(6) as usize]),
        6 => [Holds::Number, Holds::Flag][chance.below(2) as usize].clone(),
        _ => match types {
            [] => Holds::Flag,
            types => Holds::Of(types[chance.below(types.len() as u64) as usize].clone()),
        },
    }
}

/// Changes the fields of a struct as people do: most of all by one more that may be left out.
fn alter(fields: &mut Vec<Field>, roll: u64, chance: &mut Chance) {
    let mut more = field(fields, &[], chance);
    match roll {
        0..60 => {
            more.presence = [Presence::Maybe, Presence::Defaulted][chance.below(2) as usize];
            fields.push(more);
        }
        60..78 => {
            for field in fields {
                field.holds.widen();
            }
        }
        78..88 => {
            for field in fields.iter_mut().filter(|one| one.presence == Presence::Always).take(1) {
                field.presence = Presence::Maybe;
            }
        }
        88..92 => drop(fields.pop()),
        92..95 => {
            more.presence = Presence::Always;
            fields.push(more);
        }
        95..98 => {
            for field in fields.iter_mut().rev().take(1) {
                field.holds = Holds::Flag;
            }
        }
        _ => {
            for field in fields.iter_mut().rev().take(1) {
                field.is_described = !field.is_described;
            }
        }
    }
}

impl Named {
    fn each_field(&mut self, each: &mut impl FnMut(&mut Field)) {
        match self {
            Self::Struct(fields) => fields.iter_mut().for_each(each),
            Self::Tagged(variants) => variants.iter_mut().flat_map(|(_, f)| f).for_each(each),
            Self::Words { .. } => {}
        }
    }

    fn held(&self, held: &mut BTreeSet<String>) {
        let mut each = |fields: &[Field]| fields.iter().for_each(|field| field.holds.held(held));
        match self {
            Self::Struct(fields) => each(fields),
            Self::Tagged(variants) => variants.iter().for_each(|(_, fields)| each(fields)),
            Self::Words { .. } => {}
        }
    }
}

impl Holds {
    fn held(&self, held: &mut BTreeSet<String>) {
        match self {
            Self::Of(name) => drop(held.insert(name.clone())),
            Self::List(inner) | Self::Map(inner) => inner.held(held),
            _ => {}
        }
    }

    fn rename(&mut self, all: &BTreeSet<String>, renamed: &impl Fn(&str) -> String) {
        match self {
            Self::Of(name) if all.contains(name) => *name = renamed(name),
            Self::List(inner) | Self::Map(inner) => inner.rename(all, renamed),
            _ => {}
        }
    }

    /// Takes more than before.
    fn widen(&mut self) {
        match self {
            Self::Text { longest: longest @ Some(_) } => *longest = longest.map(|most| most * 2),
            Self::Integer(format @ "int32") => *format = "int64",
            Self::Integer(format @ "uint8") => *format = "uint32",
            Self::Integer(format @ "uint32") => *format = "uint64",
            _ => {}
        }
    }
}
