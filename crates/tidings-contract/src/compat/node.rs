//! A schema's keywords, read once: what 2020-12 and draft-07 say, each in one form.

use std::collections::{BTreeMap, BTreeSet};

use hashbrown::HashSet;
use serde_json::{Number, Value};

use super::kind::Kinds;
use super::pattern::Pattern;

/// Index of a schema in [`Schemas`](super::schemas::Schemas).
pub(crate) type Id = usize;

/// A bound of numbers.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Bound {
    pub(crate) value: Number,
    /// The value itself is out of it.
    pub(crate) exclusive: bool,
}

/// A schema, read.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Node {
    /// The schema allows everything.
    pub(crate) is_open: bool,
    /// The schema is `false`.
    pub(crate) never: bool,
    pub(crate) kinds: Kinds,
    /// `enum` and `const`.
    pub(crate) values: Option<Vec<Value>>,
    /// The texts among many of them.
    pub(crate) texts: Option<HashSet<String>>,

    pub(crate) minimum: Option<Bound>,
    pub(crate) maximum: Option<Bound>,
    pub(crate) multiple_of: Option<Number>,

    pub(crate) min_length: u64,
    pub(crate) max_length: Option<u64>,
    pub(crate) pattern: Option<Pattern>,
    pub(crate) format: Option<String>,
    /// `contentEncoding` and `contentMediaType`, by keyword.
    pub(crate) content: BTreeMap<&'static str, String>,

    pub(crate) prefix: Vec<Id>,
    pub(crate) items: Option<Id>,
    pub(crate) min_items: u64,
    pub(crate) max_items: Option<u64>,
    pub(crate) unique: bool,
    pub(crate) contains: Option<Contains>,
    pub(crate) unevaluated_items: Option<Id>,

    pub(crate) properties: BTreeMap<String, Id>,
    pub(crate) patterns: Vec<(Pattern, Id)>,
    pub(crate) additional: Option<Id>,
    pub(crate) names: Option<Id>,
    pub(crate) required: BTreeSet<String>,
    pub(crate) min_properties: u64,
    pub(crate) max_properties: Option<u64>,
    pub(crate) dependent_required: BTreeMap<String, BTreeSet<String>>,
    pub(crate) dependent_schemas: BTreeMap<String, Id>,
    pub(crate) unevaluated_properties: Option<Id>,

    pub(crate) reference: Option<Id>,
    pub(crate) all_of: Vec<Id>,
    pub(crate) any_of: Vec<Id>,
    pub(crate) one_of: Vec<Id>,
    pub(crate) not: Option<Id>,
    pub(crate) condition: Option<Condition>,
    /// Part of it that can't be judged, in words.
    pub(crate) unsupported: Option<String>,
}

/// `contains`, `minContains` and `maxContains`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Contains {
    pub(crate) schema: Id,
    pub(crate) least: u64,
    pub(crate) most: Option<u64>,
}

/// `if`, `then` and `else`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Condition {
    pub(crate) test: Id,
    pub(crate) then: Option<Id>,
    pub(crate) otherwise: Option<Id>,
}

impl Node {
    /// Notes whether it allows everything, once all that it says is read.
    pub(crate) fn finish(mut self) -> Self {
        self.is_open = false;
        // Most say one of these.
        let says = self.kinds != Kinds::ALL || self.values.is_some() || !self.properties.is_empty();
        self.is_open = !says && self == Self::default();
        self
    }
}
