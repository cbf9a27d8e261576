//! Messages: the traits that the derives implement, and what generated code is made of.

mod answer;
mod causation;
mod declaration;
mod describe;
mod digest;
mod error;
mod event;
mod filter;
mod id;
mod message_type;
mod outcome;
mod part;
mod read_back;
mod reader;
mod request;
mod upcast;
mod variant;

pub(crate) use causation::Causation;
pub(crate) use declaration::versions;
pub use declaration::{Declaration, MessageKind};
pub use describe::{describe_event, describe_fallible_request, describe_id, describe_request};
pub(crate) use digest::{Digest, digest};
pub use error::ReadBackError;
pub use event::{Event, StreamEvent, kept};
pub(crate) use filter::filters;
pub use filter::{FilterTokens, SubjectFilter, Unfiltered};
pub(crate) use id::MessageIdBuilder;
pub use id::{id_part, message_id};
pub use message_type::{Decode, Filter, Message};
pub use outcome::Outcome;
pub use part::{ClonePart, Part, debug_part, debug_parts};
pub use read_back::read_back;
pub use reader::SubjectReader;
pub use request::{DeclaredError, Request, Undeclared};
pub use upcast::{Upcast, UpcastMistakes, check_upcast, describe_upcast, read_upcast};
pub use variant::{DecodePart, VariantTokens, no_variant};
