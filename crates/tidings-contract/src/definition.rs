//! The names that a schema gives to the types it is made of.
//!
//! Two types of one name (`Envelope<A>` and `Envelope<B>`, or an `Address` of two modules) become
//! `Envelope` and `Envelope2` in the order in which they are met. Which is which then depends on
//! the order of fields, so a contract that holds both is refused.

use std::borrow::Cow;
use std::cell::RefCell;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value};

use crate::canonical;

/// Two types that a schema had to tell apart by a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ambiguity {
    pub(crate) first: String,
    pub(crate) second: String,
}

/// The two definitions of `schema`, generated for `T`, that are two types of one name.
pub(crate) fn ambiguity<T: JsonSchema + ?Sized>(
    schema: &Value,
    settings: &SchemaSettings,
) -> Option<Ambiguity> {
    let definitions = definitions(schema)?;
    definitions.keys().find_map(|name| {
        let first = bases(name).find(|base| definitions.contains_key(*base))?;
        (!is_own_name::<T>(name, settings))
            .then(|| Ambiguity { first: first.to_owned(), second: name.clone() })
    })
}

/// Names that `name` may be if its last digits are a number that was added: `V` and `V1` of `V12`.
fn bases(name: &str) -> impl Iterator<Item = &str> {
    let digits = name.bytes().rev().take_while(u8::is_ascii_digit).count();
    (1..=digits).map(|added| &name[..name.len() - added])
}

/// Two different definitions that two contracts call by the same name.
#[derive(Debug)]
pub(crate) struct Clash {
    pub(crate) definition: String,
    pub(crate) first: String,
    pub(crate) second: String,
}

/// The first definition that two schemas have under the same name with different contents.
pub(crate) fn clash(first: &Value, second: &Value) -> Option<Clash> {
    let others = definitions(second)?;
    rooted_definitions(first).find_map(|(name, one)| {
        let other = Rooted::new(others.get(name)?, second);
        (other != one).then(|| Clash {
            definition: name.clone(),
            first: canonical::text(&one.to_value()),
            second: canonical::text(&other.to_value()),
        })
    })
}

/// The definitions of a schema as any other schema would have them, by name.
pub(crate) fn rooted_definitions(schema: &Value) -> impl Iterator<Item = (&String, Rooted<'_>)> {
    definitions(schema)
        .into_iter()
        .flatten()
        .map(move |(name, definition)| (name, Rooted::new(definition, schema)))
}

/// A definition in which a reference to the type at its schema's root names that type, as it does
/// in the schema of any other type.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rooted<'a> {
    definition: &'a Value,
    /// Title of the schema that it is of.
    root: Option<&'a str>,
}

impl<'a> Rooted<'a> {
    fn new(definition: &'a Value, schema: &'a Value) -> Self {
        Self { definition, root: schema["title"].as_str() }
    }

    fn of(self, definition: &'a Value) -> Self {
        Self { definition, ..self }
    }

    /// Name of the root's type, if this is what stands under `key` to refer to the root.
    fn root_under(self, key: &str) -> Option<String> {
        let refers = key == "$ref" && self.definition.as_str() == Some("#");
        refers.then_some(self.root)?.map(|root| format!("#/$defs/{root}"))
    }

    pub(crate) fn to_value(self) -> Value {
        match self.definition {
            Value::Object(members) => members
                .iter()
                .map(|(key, value)| {
                    let value = self.of(value);
                    let root = value.root_under(key).map(Value::String);
                    (key.clone(), root.unwrap_or_else(|| value.to_value()))
                })
                .collect(),
            Value::Array(elements) => {
                elements.iter().map(|value| self.of(value).to_value()).collect()
            }
            other => other.clone(),
        }
    }
}

impl PartialEq for Rooted<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self.definition, other.definition) {
            (Value::Object(members), Value::Object(others)) => {
                members.len() == others.len()
                    && members.iter().all(|(key, value)| {
                        others.get(key).is_some_and(|theirs| {
                            let (one, other) = (self.of(value), other.of(theirs));
                            match (one.root_under(key), other.root_under(key)) {
                                (None, None) => one == other,
                                (root, other_root) => {
                                    root.as_deref().or(value.as_str())
                                        == other_root.as_deref().or(theirs.as_str())
                                }
                            }
                        })
                    })
            }
            (Value::Array(elements), Value::Array(others)) => {
                elements.len() == others.len()
                    && elements.iter().zip(others).all(|(a, b)| self.of(a) == other.of(b))
            }
            (one, other) => one == other,
        }
    }
}

/// The definition of this name in a schema.
pub(crate) fn rooted_definition<'a>(schema: &'a Value, name: &str) -> Option<Rooted<'a>> {
    Some(Rooted::new(definitions(schema)?.get(name)?, schema))
}

/// The definitions of a schema, by name.
pub(crate) fn definitions(schema: &Value) -> Option<&Map<String, Value>> {
    schema.get("$defs")?.as_object()
}

/// Returns `true` if a type of `T` is really called `name`, such as `Address2`.
///
/// The generator does not say. So `name` is taken before it is asked again: a type of that name is
/// now called `name` and a number, and one that was numbered gets the next number instead.
fn is_own_name<T: JsonSchema + ?Sized>(name: &str, settings: &SchemaSettings) -> bool {
    TAKEN.replace(name.to_owned());
    let mut generator = settings.clone().into_generator();
    generator.subschema_for::<Taken>();
    let schema = generator.into_root_schema_for::<T>().to_value();
    definitions(&schema).is_some_and(|names| names.contains_key(&format!("{name}2")))
}

thread_local! {
    static TAKEN: RefCell<String> = const { RefCell::new(String::new()) };
}

/// A type that is called what [`TAKEN`] says.
struct Taken;

impl JsonSchema for Taken {
    fn schema_name() -> Cow<'static, str> {
        TAKEN.with_borrow(|name| name.clone().into())
    }

    fn schema_id() -> Cow<'static, str> {
        concat!(module_path!(), "::Taken").into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        true.into()
    }
}

#[cfg(test)]
mod tests {
    use schemars::JsonSchema;
    use schemars::generate::SchemaSettings;

    use super::{Ambiguity, ambiguity, bases, clash};

    fn of<T: JsonSchema>() -> (serde_json::Value, Option<Ambiguity>) {
        let settings = SchemaSettings::draft2020_12();
        let schema = settings.clone().into_generator().into_root_schema_for::<T>().to_value();
        let ambiguous = ambiguity::<T>(&schema, &settings);
        (schema, ambiguous)
    }

    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema is wanted")]
    struct Envelope<T> {
        content: T,
    }

    #[test]
    fn generic_types_of_one_name_are_told() {
        #[derive(JsonSchema)]
        #[expect(dead_code, reason = "only its schema is wanted")]
        struct Both {
            one: Envelope<u32>,
            other: Envelope<String>,
        }
        let (first, second) = ("Envelope".to_owned(), "Envelope2".to_owned());
        assert_eq!(of::<Both>().1, Some(Ambiguity { first, second }));
    }

    #[test]
    fn one_generic_type_is_no_ambiguity() {
        #[derive(JsonSchema)]
        #[expect(dead_code, reason = "only its schema is wanted")]
        struct Twice {
            one: Envelope<u32>,
            other: Envelope<u32>,
        }
        assert_eq!(of::<Twice>().1, None);
    }

    #[test]
    fn a_name_that_ends_with_a_number_is_a_name() {
        #[derive(JsonSchema)]
        #[expect(dead_code, reason = "only its schema is wanted")]
        struct Address {
            street: String,
        }
        #[derive(JsonSchema)]
        #[expect(dead_code, reason = "only its schema is wanted")]
        struct Address2 {
            lines: Vec<String>,
        }
        #[derive(JsonSchema)]
        #[expect(dead_code, reason = "only its schema is wanted")]
        struct Both {
            one: Address,
            other: Address2,
        }
        assert_eq!(of::<Both>().1, None);
    }

    #[test]
    fn a_numbered_name_may_end_with_a_number_itself() {
        mod other {
            #[derive(schemars::JsonSchema)]
            #[expect(dead_code, reason = "only its schema is wanted")]
            pub(super) struct V1 {
                lines: Vec<String>,
            }
        }
        #[derive(JsonSchema)]
        #[expect(dead_code, reason = "only its schema is wanted")]
        struct V1 {
            street: String,
        }
        #[derive(JsonSchema)]
        #[expect(dead_code, reason = "only its schema is wanted")]
        struct Both {
            one: V1,
            other: other::V1,
        }
        let (first, second) = ("V1".to_owned(), "V12".to_owned());
        assert_eq!(of::<Both>().1, Some(Ambiguity { first, second }));
        assert_eq!(bases("V12").collect::<Vec<_>>(), ["V1", "V"]);
    }

    #[test]
    fn a_type_is_the_same_whether_the_root_is_named_or_not() {
        #[derive(JsonSchema)]
        #[expect(dead_code, reason = "only its schema is wanted")]
        struct Tree {
            branches: Vec<Branch>,
        }
        #[derive(JsonSchema)]
        #[expect(dead_code, reason = "only its schema is wanted")]
        struct Branch {
            tree: Tree,
        }
        #[derive(JsonSchema)]
        #[expect(dead_code, reason = "only its schema is wanted")]
        struct Garden {
            trees: Vec<Tree>,
        }
        assert!(clash(&of::<Tree>().0, &of::<Garden>().0).is_none());
    }
}
