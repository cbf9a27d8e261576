//! Checked declaration of an item: all that is needed to write the code.

use proc_macro2::Span;
use syn::{DeriveInput, Expr, Generics, Ident, LitStr, Member, Path, Type, Visibility};

/// Parts that every derived item has.
#[derive(Clone, Copy)]
pub(crate) struct Item<'a> {
    /// The type's name.
    pub(crate) ident: &'a Ident,
    /// Visibility of the type, which the types made for it share.
    pub(crate) vis: &'a Visibility,
    /// Generics of the type.
    pub(crate) generics: &'a Generics,
    /// Path of the crate `tidings`, if not `::tidings`.
    pub(crate) krate: Option<&'a Path>,
    /// The whole type, as it was written.
    pub(crate) input: &'a DeriveInput,
}

/// A message that is one struct.
pub(crate) struct Contract<'a> {
    /// The struct.
    pub(crate) item: Item<'a>,
    /// The subject template as written.
    pub(crate) subject: &'a LitStr,
    /// The filter that matches all its subjects.
    pub(crate) filter: String,
    /// The wire name.
    pub(crate) name: String,
    /// The version, from 1.
    pub(crate) version: u32,
    /// The bound tokens, in the order of the template.
    pub(crate) tokens: Vec<Bound<'a>>,
    /// The types of the fields that identify it.
    pub(crate) displayed: Vec<&'a Type>,
}

/// A field bound to a token of the subject.
pub(crate) struct Bound<'a> {
    /// Name of the filter's method and of the tokens' field.
    pub(crate) name: Ident,
    /// The field.
    pub(crate) member: Member,
    /// The field's type.
    pub(crate) ty: &'a Type,
    /// Position among the tokens, from 0, literals counted.
    pub(crate) position: usize,
}

/// An event.
pub(crate) enum Event<'a> {
    /// An event that is one struct.
    Struct(EventStruct<'a>),
    /// An enum of events.
    Enum(EventEnum<'a>),
}

/// An event that is one struct.
pub(crate) struct EventStruct<'a> {
    /// Contract, as a request has one.
    pub(crate) contract: Contract<'a>,
    /// The stream that keeps it.
    pub(crate) stream: Option<&'a Type>,
    /// Identity of the event.
    pub(crate) id: Id<'a>,
    /// `true` if a header always says which event it is.
    pub(crate) tagged: bool,
    /// The limit of a payload, above which it goes through an object store; `None` if it never does.
    pub(crate) large: Option<Large>,
    /// The older version that is upcast to it.
    pub(crate) upcasts: Option<&'a Type>,
}

/// The payloads of an event that go through an object store.
#[derive(Clone, Copy)]
pub(crate) struct Large {
    /// The place of the key.
    pub(crate) key: Span,
    /// Maximum size of a payload that stands in a message, if one is said.
    pub(crate) over: Option<u64>,
}

/// Identity of an event.
pub(crate) enum Id<'a> {
    /// No identity of its own: the bus gives each publish an id.
    None,
    /// Fields that identify it together.
    Fields(Vec<(Member, &'a Type)>),
    /// Expressions that identify it together, over fields bound to names.
    Parts {
        /// The parts of the id.
        parts: Vec<&'a Expr>,
        /// The fields, and the name of each in the expressions.
        fields: Vec<(Member, Ident)>,
    },
}

impl Id<'_> {
    /// Fields of the struct.
    pub(crate) fn fields(&self) -> Vec<&Member> {
        match self {
            Id::None => Vec::new(),
            Id::Fields(fields) => fields.iter().map(|(member, _)| member).collect(),
            Id::Parts { fields, .. } => fields.iter().map(|(member, _)| member).collect(),
        }
    }
}

/// An enum of events.
pub(crate) struct EventEnum<'a> {
    /// The enum.
    pub(crate) item: Item<'a>,
    /// Wire name, if it was given one.
    pub(crate) name: Option<String>,
    /// The stream that keeps all of its events.
    pub(crate) stream: Option<&'a Type>,
    /// Variants of the enum.
    pub(crate) variants: Vec<Variant<'a>>,
}

/// A variant that holds an event.
pub(crate) struct Variant<'a> {
    /// Name of the variant.
    pub(crate) ident: &'a Ident,
    /// The event's type.
    pub(crate) ty: &'a Type,
}

/// A request.
pub(crate) struct Request<'a> {
    /// Contract, as an event has one.
    pub(crate) contract: Contract<'a>,
    /// The type of the answer.
    pub(crate) reply: &'a Type,
    /// The error that it declares.
    pub(crate) error: Option<&'a Type>,
}

/// A token.
pub(crate) struct Token<'a> {
    /// The type.
    pub(crate) item: Item<'a>,
    /// Shape of the token as a text.
    pub(crate) shape: TokenShape<'a>,
}

/// Shape of a token as a text.
pub(crate) enum TokenShape<'a> {
    /// A variant is written as its text.
    Enum(Vec<(&'a Ident, String)>),
    /// Written as the one field is.
    Newtype(&'a Type),
}

/// A stream.
pub(crate) struct Stream<'a> {
    /// The type.
    pub(crate) item: Item<'a>,
    /// Name of the stream on the server.
    pub(crate) name: &'a LitStr,
    /// Subject filters of the stream.
    pub(crate) subjects: &'a [LitStr],
    /// A sentence about it.
    pub(crate) description: Option<&'a str>,
    /// Everything else, as it was written.
    pub(crate) attrs: &'a crate::attr::stream::StreamAttrs,
}

/// A bucket.
pub(crate) struct Bucket<'a> {
    /// The type of its values.
    pub(crate) item: Item<'a>,
    /// Name of the bucket.
    pub(crate) name: &'a LitStr,
    /// The template of its keys.
    pub(crate) key: &'a LitStr,
    /// The bound tokens, in the order of the template.
    pub(crate) tokens: Vec<Bound<'a>>,
    /// Everything else, as it was written.
    pub(crate) attrs: &'a crate::attr::bucket::BucketAttrs,
}

impl<'a> Item<'a> {
    /// Model of the item `input`.
    pub(crate) fn of(input: &'a DeriveInput, krate: Option<&'a Path>) -> Self {
        Self { ident: &input.ident, vis: &input.vis, generics: &input.generics, krate, input }
    }

    /// Returns `true` if values of the type may borrow, so that it can't be received.
    pub(crate) fn borrows(&self) -> bool {
        self.generics.lifetimes().next().is_some()
    }

    /// Span for errors about the type as a whole.
    pub(crate) fn span(&self) -> Span {
        self.ident.span()
    }
}

/// The name of a stream's object store, where none is said.
pub(crate) fn large_store_of(stream: &LitStr) -> String {
    format!("{}-large", stream.value())
}
