//! Edits that people make of their types, from one version to the next.

use std::collections::BTreeSet;

use tidings_tests::Chance;

use crate::shape::{Field, Holds, Named, Presence, Shape, any, below, field};

impl Shape {
    /// The next version, with the edits that people make.
    pub(crate) fn next(&self, version: u32, chance: &mut Chance) -> Self {
        let mut next = self.clone();
        for _ in 0..=chance.below(2) {
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
        let target = below(chance, own.len() + 2);
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
}

/// Changes the fields of a struct as people do: most of all by one more that may be left out.
fn alter(fields: &mut Vec<Field>, roll: u64, chance: &mut Chance) {
    let mut more = field(fields, &[], chance);
    match roll {
        0..60 => {
            more.presence = any(chance, &[Presence::Maybe, Presence::Defaulted]);
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
}

impl Holds {
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
