//! JSON as a validator looks at it: one list of values in the order of the text, whose strings are
//! those of the text wherever nothing in them is escaped.

use std::borrow::Cow;
use std::ptr;

use jsonschema::JsonType;
use jsonschema::json::{Array, Json, Node, NodeIdentity, Object};
use serde_json::{Map, Number, Value};

/// A value, or the name of a member; what a list or an object holds stands behind it.
#[derive(Debug, Clone, Default)]
pub(super) enum Slot<'a> {
    #[default]
    Null,
    Boolean(bool),
    Number(Number),
    Text(Cow<'a, str>),
    Array(Extent),
    /// An object, in which each value stands behind its name.
    Object(Extent),
}

/// Extent of a list or an object.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extent {
    /// Number of slots that it takes, its own among them.
    pub(super) slots: usize,
    /// Number of elements or members.
    pub(super) len: usize,
}

impl Slot<'_> {
    /// Number of slots that the value takes.
    fn extent(&self) -> usize {
        match self {
            Self::Array(extent) | Self::Object(extent) => extent.slots,
            _ => 1,
        }
    }
}

/// A value: its slot is the first one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tree<'a>(pub(super) &'a [Slot<'a>]);

impl<'a> Tree<'a> {
    fn slot(self) -> Option<&'a Slot<'a>> {
        self.0.first()
    }

    /// Slots of what a list or an object holds.
    fn held(self, extent: Extent) -> &'a [Slot<'a>] {
        self.0.get(1..extent.slots).unwrap_or_default()
    }
}

/// Takes the first value off the slots.
fn split<'a>(slots: &mut &'a [Slot<'a>]) -> Option<Tree<'a>> {
    let (value, rest) = slots.split_at_checked(slots.first()?.extent())?;
    *slots = rest;
    Some(Tree(value))
}

/// Takes the first name and its value off the slots.
fn split_member<'a>(slots: &mut &'a [Slot<'a>]) -> Option<(&'a str, Tree<'a>)> {
    let (Slot::Text(name), rest) = slots.split_first()? else { return None };
    *slots = rest;
    Some((name, split(slots)?))
}

/// The form of JSON that a payload is validated in.
#[derive(Debug)]
pub(super) struct Slots;

impl Json for Slots {
    type Node<'a> = Tree<'a>;
    type PreparedKey = Box<str>;
    type StringBuffer = [Slot<'static>; 1];

    // A look for one name passes the others.
    const KEYS_PER_LOOKUP: usize = 2;

    fn prepare_key(key: &str) -> Box<str> {
        key.into()
    }

    fn with_string_node<T>(
        buffer: &mut [Slot<'static>; 1],
        string: &str,
        f: impl FnOnce(Tree<'_>) -> T,
    ) -> T {
        *buffer = [Slot::Text(Cow::Owned(string.to_owned()))];
        f(Tree(buffer))
    }
}

impl<'a> Node<'a, Slots> for Tree<'a> {
    type Object = Members<'a>;
    type Array = Elements<'a>;
    type Number = &'a Number;

    fn as_object(&self) -> Option<Members<'a>> {
        match *self.slot()? {
            Slot::Object(extent) => Some(Members { slots: self.held(extent), len: extent.len }),
            _ => None,
        }
    }

    fn as_array(&self) -> Option<Elements<'a>> {
        match *self.slot()? {
            Slot::Array(extent) => Some(Elements { slots: self.held(extent), len: extent.len }),
            _ => None,
        }
    }

    fn as_string(&self) -> Option<Cow<'a, str>> {
        match self.slot()? {
            Slot::Text(text) => Some(Cow::Borrowed(text)),
            _ => None,
        }
    }

    fn as_number(&self) -> Option<&'a Number> {
        match self.slot()? {
            Slot::Number(number) => Some(number),
            _ => None,
        }
    }

    fn as_boolean(&self) -> Option<bool> {
        match self.slot()? {
            Slot::Boolean(boolean) => Some(*boolean),
            _ => None,
        }
    }

    fn is_null(&self) -> bool {
        self.json_type() == JsonType::Null
    }

    fn json_type(&self) -> JsonType {
        match self.slot() {
            None | Some(Slot::Null) => JsonType::Null,
            Some(Slot::Boolean(_)) => JsonType::Boolean,
            Some(Slot::Number(_)) => JsonType::Number,
            Some(Slot::Text(_)) => JsonType::String,
            Some(Slot::Array(_)) => JsonType::Array,
            Some(Slot::Object(_)) => JsonType::Object,
        }
    }

    /// Form for what is wrong, and for `const`, `enum` and `uniqueItems`.
    fn to_value(&self) -> Cow<'a, Value> {
        Cow::Owned(match self.slot() {
            None | Some(Slot::Null) => Value::Null,
            Some(Slot::Boolean(boolean)) => Value::Bool(*boolean),
            Some(Slot::Number(number)) => Value::Number(number.clone()),
            Some(Slot::Text(text)) => Value::String(text.to_string()),
            Some(Slot::Array(extent)) => {
                let elements = Elements { slots: self.held(*extent), len: extent.len };
                Value::Array(elements.map(|element| element.to_value().into_owned()).collect())
            }
            Some(Slot::Object(extent)) => {
                let members = Members { slots: self.held(*extent), len: extent.len };
                let values = members.map(|(name, value)| (name.to_owned(), value.to_value()));
                let values = values.map(|(name, value)| (name, value.into_owned()));
                Value::Object(values.collect::<Map<_, _>>())
            }
        })
    }

    fn equals_value(&self, expected: &Value) -> bool {
        match (self.slot(), expected) {
            (Some(Slot::Text(text)), Value::String(expected)) => text == expected,
            (Some(Slot::Text(_)), _) | (_, Value::String(_)) => false,
            _ => jsonschema::json::cmp::equal(&self.to_value(), expected),
        }
    }

    fn identity(&self) -> Option<NodeIdentity> {
        self.slot().map(|slot| NodeIdentity::new(ptr::from_ref(slot).addr()))
    }
}

/// Members of an object, and the rest of them while they are read.
#[derive(Debug, Clone)]
pub(super) struct Members<'a> {
    slots: &'a [Slot<'a>],
    len: usize,
}

impl<'a> Object<'a, Slots> for Members<'a> {
    type Node = Tree<'a>;
    type MemberName = &'a str;
    type MembersIter = Self;

    fn len(&self) -> usize {
        self.len
    }

    fn get(&self, key: &Box<str>) -> Option<Tree<'a>> {
        let mut slots = self.slots;
        let mut found = None;
        while let Some((name, value)) = split_member(&mut slots) {
            // The last of several, as in a map.
            if *name == **key {
                found = Some(value);
            }
        }
        found
    }

    fn members(&self) -> Self {
        self.clone()
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = (&'a str, Tree<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        split_member(&mut self.slots)
    }
}

/// Elements of a list, and the rest of them while they are read.
#[derive(Debug, Clone)]
pub(super) struct Elements<'a> {
    slots: &'a [Slot<'a>],
    len: usize,
}

impl<'a> Array<'a, Slots> for Elements<'a> {
    type Node = Tree<'a>;
    type ElementsIter = Self;

    fn len(&self) -> usize {
        self.len
    }

    fn elements(&self) -> Self {
        self.clone()
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Tree<'a>;

    fn next(&mut self) -> Option<Tree<'a>> {
        split(&mut self.slots)
    }
}
