//! Names that messages share, and the one meaning that each has in a catalog.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::CatalogError;
use crate::contract::Contract;
use crate::definition::{self, Clash, Rooted};
use crate::descriptor::Descriptor;
use crate::difference;

/// An index of the messages of a catalog by the names that may not mean two things, so that a
/// message is checked against all others at the cost of itself alone.
#[derive(Debug, Clone, Default)]
pub(super) struct Agreement {
    /// Tags of the messages in lower case.
    tags: BTreeSet<String>,
    /// Definitions of readers and of writers: what a reader takes and a writer gives may differ
    /// under one name, so like is compared with like.
    definitions: [Definitions; 2],
    /// Names of streams by their form in lower case.
    streams: BTreeMap<String, String>,
}

type Definitions = BTreeMap<String, Origin>;

/// First occurrence of a definition: the message and its part.
#[derive(Debug, Clone)]
struct Origin {
    message: (String, u32),
    part: &'static str,
}

/// The two schemas of a contract, in the order of [`Agreement::definitions`].
fn sides(contract: &Contract) -> [&Value; 2] {
    [contract.read(), contract.written()]
}

impl Agreement {
    /// Adds a message that is not there yet, and returns `true`, if it means by each name what
    /// the others mean by it; else nothing is changed.
    pub(super) fn admit(
        &mut self,
        added: &Descriptor,
        there: &BTreeMap<(String, u32), Descriptor>,
    ) -> bool {
        let tag = added.tag().to_ascii_lowercase();
        if self.tags.contains(&tag) {
            return false;
        }
        let message = (added.name.clone(), added.version);
        let mut more = [Definitions::new(), Definitions::new()];
        for (part, contract) in added.contracts() {
            for (side, schema) in sides(contract).into_iter().enumerate() {
                for (name, meaning) in definition::rooted_definitions(schema) {
                    let present = match self.definitions[side].get(name) {
                        Some(origin) => origin.find(there.get(&origin.message), side, name),
                        None => match more[side].entry(name.clone()) {
                            Entry::Vacant(free) => {
                                free.insert(Origin { message: message.clone(), part });
                                continue;
                            }
                            Entry::Occupied(taken) => taken.get().find(Some(added), side, name),
                        },
                    };
                    #[cfg(test)]
                    tests::COMPARISONS.set(tests::COMPARISONS.get() + 1);
                    if present != Some(meaning) {
                        return false;
                    }
                }
            }
        }
        self.tags.insert(tag);
        for (there, more) in self.definitions.iter_mut().zip(more) {
            there.extend(more);
        }
        true
    }

    /// Adds the name of a stream; its other form is kept if it is there in one.
    pub(super) fn add_stream(&mut self, name: &str) {
        self.streams.entry(name.to_ascii_lowercase()).or_insert_with(|| name.to_owned());
    }

    /// The stream whose name differs from this one in upper and lower case alone.
    pub(super) fn stream_in_other_case(&self, name: &str) -> Option<&str> {
        let present = self.streams.get(&name.to_ascii_lowercase())?;
        (present != name).then_some(present)
    }
}

impl Origin {
    /// Definition of this origin, in its message.
    fn find<'a>(
        &self,
        message: Option<&'a Descriptor>,
        side: usize,
        name: &str,
    ) -> Option<Rooted<'a>> {
        let (_, contract) = message?.contracts().find(|(part, _)| *part == self.part)?;
        definition::rooted_definition(sides(contract)[side], name)
    }
}

/// Error of two messages, or of one with itself, that mean two things by one name.
pub(super) fn disagreement(present: &Descriptor, added: &Descriptor) -> Option<CatalogError> {
    let (first, second) = (present.tag(), added.tag());
    if first != second && first.eq_ignore_ascii_case(&second) {
        return Some(CatalogError::Case { first, second });
    }
    let pairs = present
        .contracts()
        .flat_map(|(_, one)| added.contracts().map(move |(_, other)| (one, other)));
    let Clash { definition, first: one, second: other } = pairs
        .flat_map(|(one, other)| [(one.read(), other.read()), (one.written(), other.written())])
        .find_map(|(one, other)| definition::clash(one, other))?;
    let difference = difference::excerpt(&one, &other);
    Some(CatalogError::DefinitionClash { definition, first, second, difference })
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use serde_json::{Value, json};

    use super::disagreement;
    use crate::{Catalog, CatalogError, Descriptor};

    thread_local! {
        /// Definitions that were compared with another one on this thread.
        pub(super) static COMPARISONS: Cell<usize> = const { Cell::new(0) };
    }

    /// A message whose payload and reply have these schemas.
    fn message(name: &str, version: u32, payload: &Value, reply: &Value) -> Descriptor {
        let value = json!({
            "kind": "request", "name": name, "version": version, "subject": "s",
            "payload": payload, "reply": {"read": reply},
        });
        serde_json::from_value(value).unwrap()
    }

    /// The schema of a type with these definitions, each with what it means.
    fn schema(title: &str, definitions: &[(&str, Value)]) -> Value {
        let definitions: serde_json::Map<_, _> =
            definitions.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        json!({"title": title, "type": "object", "$defs": definitions})
    }

    #[test]
    fn each_definition_is_compared_once_however_many_messages_there_are() {
        const SHARED: usize = 3;
        let comparisons = |messages: u32| {
            let shared: Vec<_> =
                ["Money", "Line", "Address"].map(|name| (name, json!({"title": name}))).into();
            assert_eq!(shared.len(), SHARED);
            let before = COMPARISONS.get();
            let catalog = Catalog::of((0..messages).map(|number| {
                let payload = schema("Order", &shared);
                message(&format!("m{number}"), 1, &json!({"read": payload}), &json!(true))
            }));
            assert_eq!(catalog.unwrap().len(), messages as usize);
            COMPARISONS.get() - before
        };
        // Readers and writers; the first message has none to be compared with.
        assert_eq!(comparisons(100), 99 * SHARED * 2);
        assert_eq!(comparisons(1_000), 999 * SHARED * 2);
    }

    #[test]
    fn it_finds_what_comparing_each_with_each_finds() {
        let mut state = 17_u64;
        let mut random = move |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) % below
        };
        let [mut added, mut cases, mut clashes] = [0; 3];
        for _ in 0..2_000 {
            let mut catalog = Catalog::new();
            for _ in 0..6 {
                let mut any = || {
                    let titles = ["A", "B"];
                    let mut meaning = || match random(9) {
                        0 => json!({"type": "null"}),
                        1 => json!({"$ref": "#"}),
                        2 => json!({"$ref": "#/$defs/A"}),
                        _ => json!({"items": [{"$ref": "#"}]}),
                    };
                    let definitions = [("A", meaning()), ("C", meaning()), ("D", meaning())];
                    let title = titles[usize::try_from(random(8) / 7).unwrap()];
                    let many = usize::try_from(random(3)).unwrap();
                    schema(title, &definitions[..many])
                };
                let (read, written, reply) = (any(), any(), any());
                let names = ["a", "b", "c", "d", "e", "f", "A"];
                let name = names[usize::try_from(random(7)).unwrap()];
                let version = u32::try_from(random(2)).unwrap() + 1;
                let payload = json!({"read": read, "written": written});
                let one = message(name, version, &payload, &reply);
                if catalog.get(name, version).is_some() {
                    continue;
                }
                let expected =
                    catalog.iter().chain([&one]).find_map(|other| disagreement(other, &one));
                match &expected {
                    None => added += 1,
                    Some(CatalogError::Case { .. }) => cases += 1,
                    Some(_) => clashes += 1,
                }
                let before = catalog.clone();
                let found = catalog.add(one.clone()).err();
                assert_eq!(found, expected, "{before:#?}\n{one:#?}");
                assert!(found.is_none() || catalog == before, "it is as it was");
            }
        }
        let counts = [added, cases, clashes];
        assert!(counts.iter().all(|count| *count > 200), "all three are tried: {counts:?}");
    }
}
