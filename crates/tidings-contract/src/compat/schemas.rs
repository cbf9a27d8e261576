//! Schemas of a comparison in one list, with their references resolved.

mod address;
mod dialect;
mod keyword;
mod read;
mod shadow;

use std::borrow::Cow;
use std::cell::OnceCell;
use std::ops::Index;

use serde_json::Value;

use super::node::{Id, Node};
use super::work::MOST_SCHEMAS;

use shadow::SHADOWS;
pub(crate) use shadow::is_shadow;

/// The two documents of a comparison.
pub(crate) struct Schemas<'a> {
    writer: &'a Document<'a>,
    reader: &'a Document<'a>,
}

/// A side of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Side {
    Writer,
    Reader,
}

/// Schemas of a document, for one side of a comparison.
#[derive(Debug)]
pub(crate) struct Document<'a> {
    source: &'a Value,
    side: Side,
    nodes: Vec<Node>,
    /// The shadow of each.
    shadows: OnceCell<Vec<Node>>,
    /// The place of each in its document.
    places: Vec<Place<'a>>,
    /// Stands for all that there is no room for.
    rest: Option<Id>,
    patterns: usize,
    /// `true` if it refers to what does not stand in the document.
    leads_out: bool,
}

/// Place of a schema in its document, from the schema that holds it.
#[derive(Debug, Clone)]
enum Place<'a> {
    Root,
    /// JSON pointer from another schema, in which it is none otherwise.
    Below(Id, String),
    One(Id, &'static str),
    Item(Id, &'static str, usize),
    Member(Id, &'static str, &'a str),
}

impl Side {
    /// The root of its document: that of the reader comes after all of the writer's.
    const fn root(self) -> Id {
        match self {
            Self::Writer => 0,
            Self::Reader => MOST_SCHEMAS + 1,
        }
    }
}

impl Document<'_> {
    /// Root schema of the document.
    pub(crate) fn root(&self) -> Id {
        self.side.root()
    }

    /// Returns `true` if it is the same text as another, and so means the same, whatever it says.
    pub(crate) fn is_same(&self, other: &Document<'_>) -> bool {
        !self.leads_out && is_equal(self.source, other.source)
    }
}

impl Index<Id> for Schemas<'_> {
    type Output = Node;

    fn index(&self, id: Id) -> &Node {
        if let Some(index) = id.checked_sub(SHADOWS) {
            return self.writer.shadow(index);
        }
        let of = self.document(id);
        &of.nodes[id - of.root()]
    }
}

impl<'a> Schemas<'a> {
    pub(crate) fn new(writer: &'a Document<'a>, reader: &'a Document<'a>) -> Self {
        Self { writer, reader }
    }

    fn document(&self, id: Id) -> &Document<'a> {
        if id < Side::Reader.root() { self.writer } else { self.reader }
    }

    /// The shadow of a writer's schema, where it names anything; a shadow is its own.
    pub(crate) fn shadow(&self, id: Id) -> Option<Id> {
        match id {
            SHADOWS.. => Some(id),
            _ if id < Side::Reader.root() => self[id].names_anything().then_some(SHADOWS + id),
            _ => None,
        }
    }

    /// JSON pointer to a schema in its document.
    pub(crate) fn pointer(&self, id: Id) -> String {
        let id = id.checked_sub(SHADOWS).unwrap_or(id);
        let of = self.document(id);
        let place = |id: Id| &of.places[id - of.root()];
        let mut steps = Vec::new();
        let mut at = id;
        loop {
            let step = place(at);
            match step {
                Place::Root => break,
                Place::Below(of, _)
                | Place::One(of, _)
                | Place::Item(of, ..)
                | Place::Member(of, ..) => {
                    steps.push(step);
                    at = *of;
                }
            }
        }
        let mut pointer = String::new();
        for step in steps.into_iter().rev() {
            match step {
                Place::Root => {}
                Place::Below(_, from_there) => pointer.push_str(from_there),
                Place::One(_, keyword) => pointer.extend(["/", keyword]),
                Place::Item(_, keyword, item) => {
                    pointer.extend(["/", keyword, "/", &item.to_string()]);
                }
                Place::Member(_, keyword, name) => {
                    pointer.extend(["/", keyword, "/", &escape(name)]);
                }
            }
        }
        pointer
    }
}

/// A name as a step of a JSON pointer (RFC 6901).
pub(crate) fn escape(name: &str) -> Cow<'_, str> {
    if name.contains(['~', '/']) {
        Cow::Owned(name.replace('~', "~0").replace('/', "~1"))
    } else {
        Cow::Borrowed(name)
    }
}

/// Compares two values, however deep they are.
fn is_equal(one: &Value, other: &Value) -> bool {
    let mut open = vec![(one, other)];
    while let Some((one, other)) = open.pop() {
        match (one, other) {
            (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
                open.extend(one.iter().zip(other));
            }
            (Value::Object(one), Value::Object(other)) if one.len() == other.len() => {
                for (name, value) in one {
                    let Some(other) = other.get(name) else { return false };
                    open.push((value, other));
                }
            }
            (Value::Array(_) | Value::Object(_), _) => return false,
            _ if one != other => return false,
            _ => {}
        }
    }
    true
}
