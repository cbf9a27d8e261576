//! Error of a message that nobody could read.

use crate::subject::SubjectError;

/// A message that nobody could read: each is read back before it is sent in a debug build, and on a
/// test's bus in any build.
///
/// JSON, or serde's way through it, has no place for:
///
/// | a value | the way out |
/// | --- | --- |
/// | a number that is not finite (`NaN`, infinity), which is written as `null` | an `Option`, or a `with` that writes it as text |
/// | a map with keys that are numbers, or a 128-bit integer, inside a type with `tag`, `untagged` or `flatten` | keys and integers that are text |
/// | more than 127 levels of nesting | a list of parts that refer to each other |
/// | a field with the name of its enum's `tag`, or of a field beside `flatten` | another name |
/// | a field that fills the subject or the id, and a `with`, `into` or `from` that writes it as another value | a type whose JSON is the value itself |
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadBackError {
    /// The payload can't be read.
    #[error("{}{source}; its `Deserialize` has to read what its `Serialize` writes", at(path.as_deref()))]
    Payload {
        /// Path to the value in the payload, such as `samples[2].value`, if serde tells it. In a
        /// type with `tag`, `untagged` or `flatten` it tells the whole of that.
        path: Option<String>,
        /// Serde's error.
        source: serde_json::Error,
    },
    /// A field that fills the subject is read as another value.
    #[error(
        "its subject is `{sent}`, that of what is read `{read}`; a field that fills the subject has to be read as it was"
    )]
    Subject {
        /// The subject on which it was to be sent.
        sent: String,
        /// The subject of what is read.
        read: String,
    },
    /// A field that fills the subject is read as a value that can't be part of one.
    #[error("what is read has no subject: {source}")]
    NoSubject {
        /// Error that names the field which can't be a token.
        source: SubjectError,
    },
    /// A field that fills the id is read as another value.
    #[error(
        "its id is {sent:?}, that of what is read {read:?}; a field that identifies it has to be read as it was"
    )]
    MessageId {
        /// The id of what was to be sent.
        sent: Option<String>,
        /// The id of what is read.
        read: Option<String>,
    },
}

fn at(path: Option<&str>) -> String {
    path.map(|path| format!("`{path}`: ")).unwrap_or_default()
}
