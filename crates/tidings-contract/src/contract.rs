//! The two schemas of one type: what its readers take, and what its writers give.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::canonical::{self, Undescribed};
use crate::definition::{Ambiguity, ambiguity};
use crate::fingerprint::Fingerprint;

/// A type's form on the wire, in canonical JSON Schema (draft 2020-12).
///
/// A type with a default or an `Option` promises two things. Its reader does without the field,
/// its writer always gives it. A later version of the type is safe if its *reader* takes all that
/// today's *writer* gives, so neither schema can stand for both: comparing reader with reader
/// would call a field that stopped being optional a break even if no writer ever left it out. The
/// writer's schema is kept only where it is another than the reader's.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Contract {
    read: Value,
    #[serde(default)]
    written: Option<Value>,
    #[serde(skip)]
    form: Form,
}

/// Knowledge that a contract is in canonical form, which makes none another.
#[derive(Debug, Clone, Copy, Default)]
enum Form {
    #[default]
    Any,
    Canonical,
}

impl PartialEq for Form {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Contract {
    /// The contract of `T`, whose schemas have the ids `id` and `<id>:written`.
    pub(crate) fn of<T: JsonSchema + ?Sized>(id: &str) -> (Self, Option<Ambiguity>) {
        let settings = SchemaSettings::draft2020_12();
        let (for_reader, for_writer) =
            (settings.clone().for_deserialize(), settings.for_serialize());
        let (mut read, mut written) = (generate::<T>(&for_reader), generate::<T>(&for_writer));
        if !canonical::is_shallow(&read) || !canonical::is_shallow(&written) {
            // A catalog refuses it: nothing more is done with it.
            return (Self { read, written: Some(written), form: Form::Any }, None);
        }
        let ambiguous = ambiguity::<T>(&read, &for_reader);
        let ambiguous = ambiguous.or_else(|| ambiguity::<T>(&written, &for_writer));
        for one in [&mut read, &mut written] {
            *one = canonical::schema(one.take());
        }
        let differs = written != read;
        identify(&mut read, id.to_owned());
        identify(&mut written, format!("{id}:written"));
        let written = differs.then_some(written);
        (Self { read, written, form: Form::Canonical }, ambiguous)
    }

    /// Schema of what a reader takes: what `Deserialize` accepts.
    pub fn read(&self) -> &Value {
        &self.read
    }

    /// Schema of what a writer gives: what `Serialize` makes.
    pub fn written(&self) -> &Value {
        self.written.as_ref().unwrap_or(&self.read)
    }

    /// The fingerprint of both schemas together, without their descriptions.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of_line(&self.undescribed())
    }

    /// Schemas of the contract by their names in a file.
    pub(crate) fn schemas(&self) -> BTreeMap<&'static str, &Value> {
        let written = self.written.as_ref().map(|written| ("written", written));
        [("read", &self.read)].into_iter().chain(written).collect()
    }

    /// Contract without the descriptions of its schemas.
    pub(crate) fn undescribed(&self) -> BTreeMap<&'static str, Undescribed<'_>> {
        self.schemas().into_iter().map(|(name, schema)| (name, Undescribed(schema))).collect()
    }

    pub(crate) fn to_value(&self) -> Value {
        json!(self.schemas())
    }

    /// Puts it into canonical form: what was read from a file may have been edited.
    pub(crate) fn canonical(self) -> Self {
        if matches!(self.form, Form::Canonical) {
            return self;
        }
        let written = self.written.map(canonical::schema);
        Self { read: canonical::schema(self.read), written, form: Form::Canonical }
    }

    /// Returns `true` if a file can hold it.
    pub(crate) fn is_shallow(&self) -> bool {
        matches!(self.form, Form::Canonical)
            || self.schemas().into_values().all(canonical::is_shallow)
    }
}

fn generate<T: JsonSchema + ?Sized>(settings: &SchemaSettings) -> Value {
    settings.clone().into_generator().into_root_schema_for::<T>().to_value()
}

fn identify(schema: &mut Value, id: String) {
    if let Value::Object(keywords) = schema {
        keywords.insert("$id".to_owned(), Value::String(id));
    }
    *schema = canonical::schema(schema.take());
}

#[cfg(test)]
mod tests {
    use schemars::JsonSchema;
    use serde_json::json;

    use super::Contract;

    fn contract<T: JsonSchema>() -> Contract {
        Contract::of::<T>("urn:tidings:x:v1").0
    }

    #[test]
    fn the_writer_is_kept_where_it_gives_more_than_the_reader_asks() {
        #[derive(JsonSchema)]
        #[expect(dead_code, reason = "only its schema is wanted")]
        struct Order {
            note: Option<String>,
            #[schemars(default)]
            count: u32,
            id: String,
        }
        let contract = contract::<Order>();
        assert_eq!(contract.read()["required"], json!(["id"]));
        assert_eq!(contract.written()["required"], json!(["count", "id", "note"]));
        assert_eq!(contract.read()["$id"], "urn:tidings:x:v1");
        assert_eq!(contract.written()["$id"], "urn:tidings:x:v1:written");
        assert_eq!(contract.read()["title"], "Order");
    }

    #[test]
    fn what_a_reader_puts_in_place_of_a_field_is_not_in_it() {
        fn another() -> u64 {
            use std::sync::atomic::{AtomicU64, Ordering};
            static COUNT: AtomicU64 = AtomicU64::new(0);
            COUNT.fetch_add(1, Ordering::Relaxed)
        }
        #[derive(JsonSchema)]
        #[expect(dead_code, reason = "only its schema is wanted")]
        struct Part {
            #[schemars(default = "another")]
            id: u64,
        }
        #[derive(JsonSchema)]
        #[expect(dead_code, reason = "only its schema is wanted")]
        struct Whole {
            part: Part,
        }
        let one = contract::<Whole>();
        assert_eq!(one, contract::<Whole>());
        assert_eq!(one.read()["$defs"]["Part"]["required"], json!(null));
        assert!(!one.to_value().to_string().contains("default"));
    }

    #[test]
    fn one_schema_is_enough_where_both_are_the_same() {
        let contract = contract::<String>();
        assert_eq!(contract.to_value().as_object().map(serde_json::Map::len), Some(1));
        assert_eq!(contract.read(), contract.written());
    }

    #[test]
    fn the_order_of_fields_and_variants_does_not_show() {
        mod one {
            #[derive(schemars::JsonSchema)]
            #[expect(dead_code, reason = "only its schema is wanted")]
            pub(super) struct Order {
                a: Option<State>,
                b: Vec<Line>,
                c: Kept,
            }
            #[derive(schemars::JsonSchema)]
            #[expect(dead_code, reason = "only its schema is wanted")]
            pub(super) enum State {
                Open,
                Closed,
            }
            #[derive(schemars::JsonSchema)]
            #[expect(dead_code, reason = "only its schema is wanted")]
            pub(super) enum Kept {
                For { days: u32 },
                Forever,
            }
            #[derive(schemars::JsonSchema)]
            #[expect(dead_code, reason = "only its schema is wanted")]
            pub(super) struct Line {
                sku: String,
                quantity: u32,
            }
        }
        mod other {
            #[derive(schemars::JsonSchema)]
            #[expect(dead_code, reason = "only its schema is wanted")]
            pub(super) struct Order {
                c: Kept,
                b: Vec<Line>,
                a: Option<State>,
            }
            #[derive(schemars::JsonSchema)]
            #[expect(dead_code, reason = "only its schema is wanted")]
            pub(super) struct Line {
                quantity: u32,
                sku: String,
            }
            #[derive(schemars::JsonSchema)]
            #[expect(dead_code, reason = "only its schema is wanted")]
            pub(super) enum Kept {
                Forever,
                For { days: u32 },
            }
            #[derive(schemars::JsonSchema)]
            #[expect(dead_code, reason = "only its schema is wanted")]
            pub(super) enum State {
                Closed,
                Open,
            }
        }
        assert_eq!(contract::<one::Order>(), contract::<other::Order>());
        assert_eq!(
            contract::<one::Order>().fingerprint(),
            contract::<other::Order>().fingerprint(),
        );
    }
}
