//! Reasons for which a message or a stream can't be in a catalog.

use std::fmt;

use crate::canonical::MOST_LEVELS;
use crate::descriptor::template_of;

/// The part in which two declarations of one message differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Part {
    /// Kind: event or request.
    Kind,
    /// The subject template.
    Subject,
    /// The stream that keeps it.
    Stream,
    /// Tag: a header that says what it is.
    Tagged,
    /// The older message that is upcast to it.
    Upcasts,
    /// The fields that identify it.
    Id,
    /// The object store of its payload.
    Large,
    /// The contract of the payload.
    Payload,
    /// The contract of the reply.
    Reply,
    /// The contract of the declared error.
    Error,
}

/// Reason that a descriptor can't be in a catalog.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogError {
    /// A name that can't be a file's name everywhere.
    #[error(
        "`{}` is no name for a message: only ASCII letters, digits, `.`, `-` and `_`, no `.` \
         at its ends or beside another, and at most {MAX_NAME} bytes",
        .name.escape_debug()
    )]
    Name {
        /// The name.
        name: String,
    },
    /// A stream's name that can't be a file's name everywhere.
    #[error(
        "`{}` is no name for a stream in a catalog: only ASCII letters, digits, `-` and \
         `_`, and at most {MAX_NAME} bytes",
        .stream.escape_debug()
    )]
    StreamName {
        /// The stream.
        stream: String,
    },
    /// A stream with two configurations.
    #[error("the stream `{stream}` is declared twice, and differently:\n{difference}")]
    StreamClash {
        /// The stream.
        stream: String,
        /// The lines that differ: `-` of the one that was there, `+` of the other.
        difference: String,
    },
    /// A service's name that is none.
    #[error(
        "`{}` is no name for a service: only ASCII letters, digits, `-` and `_`, and at most \
         {MAX_NAME} bytes",
        .service.escape_debug()
    )]
    ServiceName {
        /// The service.
        service: String,
    },
    /// A part of a service that NATS would not take.
    #[error("the {what} `{}` of service `{service}` {why}", .text.escape_debug())]
    Service {
        /// The service.
        service: String,
        /// Kind of the part: `version`, `filter`, `queue group`, `durable consumer`, `stream` or `store`.
        what: &'static str,
        /// The part.
        text: String,
        /// Reason that it can't be.
        why: String,
    },
    /// Two different services of one name.
    #[error(
        "the service `{service}` is declared twice, and differently:\n{difference}\nGive one of them \
         another name."
    )]
    ServiceClash {
        /// The service.
        service: String,
        /// The lines that differ: `-` of the one that was there, `+` of the other.
        difference: String,
    },
    /// A durable consumer with two configurations.
    #[error(
        "the durable consumer `{consumer}` of stream `{stream}` is declared twice, and differently:\n\
         {difference}\nName one of them with `.durable(\"…\")`."
    )]
    ConsumerClash {
        /// The durable name.
        consumer: String,
        /// The stream.
        stream: String,
        /// The lines that differ: `-` of the one that was there, `+` of the other.
        difference: String,
    },
    /// A version below 1.
    #[error("`{name}` has the version 0: versions begin with 1")]
    Version {
        /// The message's name.
        name: String,
    },
    /// A subject that is no template.
    #[error("the subject `{template}` of `{message}` {}", template_error(.template))]
    Subject {
        /// The message, such as `orders.created.v1`.
        message: String,
        /// The template.
        template: String,
    },
    /// A schema or a configuration with more levels than a file may have.
    #[error(
        "{what} has more than {MOST_LEVELS} levels in one another, which no reader of its file takes: \
         give its parts definitions of their own"
    )]
    Deep {
        /// The part of a message, or the stream, such as ``the payload of `orders.created.v1` ``.
        what: String,
    },
    /// Two names, of messages or of streams, that are one on file systems that do not tell upper from lower case.
    #[error("`{first}` and `{second}` differ only in upper and lower case: rename one")]
    Case {
        /// The one that was there.
        first: String,
        /// The one to be added.
        second: String,
    },
    /// Two different messages of one name and version.
    #[error(
        "`{message}` is declared twice, and the {part} differs:\n{difference}\n\
         Give one of them another name or version."
    )]
    Redeclared {
        /// The message, such as `orders.created.v1`.
        message: String,
        /// The part that differs.
        part: Part,
        /// The lines that differ: `-` of the one that was there, `+` of the other.
        difference: String,
    },
    /// A contract that is made of two types of one name, so that the order of fields decides which
    /// is which.
    #[error(
        "`{message}` holds two types that are both called `{first}` (`{first}` and `{second}` in \
         its schema): tell them apart with `#[schemars(rename = \"…\")]`, which for a generic type \
         can hold its parameters, as in `rename = \"{first}_{{T}}\"`"
    )]
    AmbiguousDefinition {
        /// The message, such as `orders.created.v1`.
        message: String,
        /// Name of the first.
        first: String,
        /// Name that the second would have.
        second: String,
    },
    /// Two messages that mean different types by one name.
    #[error(
        "`{first}` and `{second}` both hold a type called `{definition}`, but not the same:\n\
         {difference}\nTell them apart with `#[schemars(rename = \"…\")]`."
    )]
    DefinitionClash {
        /// Name of both.
        definition: String,
        /// The message that was there.
        first: String,
        /// The message to be added.
        second: String,
        /// The lines that differ: `-` of the first, `+` of the second.
        difference: String,
    },
}

/// Leaves room for `.v<version>.json` in a file name of 255 bytes.
pub(super) const MAX_NAME: usize = 200;

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Kind => "kind",
            Self::Subject => "subject",
            Self::Stream => "stream",
            Self::Tagged => "header",
            Self::Id => "list of id fields",
            Self::Large => "object store of its payload",
            Self::Payload => "payload",
            Self::Reply => "reply",
            Self::Error => "error",
            Self::Upcasts => "older message that is upcast",
        })
    }
}

fn template_error(template: &str) -> String {
    template_of(template).1.err().map(|error| error.to_string()).unwrap_or_default()
}
