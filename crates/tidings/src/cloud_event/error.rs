//! Errors of CloudEvents: what can't be written, and what can't be read.

/// An option by which no CloudEvent can be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CloudEventsError {
    /// A source is empty or no URI-reference.
    #[error(
        "{text:?} can't be a CloudEvent's source: give a URI-reference such as `/shop` or `https://shop.example/orders`"
    )]
    Source {
        /// The source.
        text: String,
    },
    /// The base of `dataschema` is no absolute URI.
    #[error(
        "{base:?} can't begin a CloudEvent's dataschema: give an absolute URI such as `https://shop.example/schemas/`"
    )]
    DataSchema {
        /// The base.
        base: String,
    },
    /// An extension has a name that is none, or that is taken.
    #[error(
        "{name:?} can't be a CloudEvent's extension attribute: a name has the characters a–z and 0–9 alone, and is none of the specification's, nor `data`, `traceparent` or `tracestate`"
    )]
    ExtensionName {
        /// The name.
        name: String,
    },
    /// The value of an extension or a subject is empty or holds a control character.
    #[error(
        "the CloudEvent's attribute `{name}` can't have this value: it is empty or holds a control character"
    )]
    Value {
        /// The attribute.
        name: String,
    },
}

/// Reason why a CloudEvent that arrived can't be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CloudEventFault {
    /// The message is a batch of CloudEvents.
    #[error("it is a batch; send each event as a message of its own")]
    Batch,
    /// The message's envelope is in another format than JSON.
    #[error("its envelope is {found:?}; only `application/cloudevents+json` is read")]
    Format {
        /// The content type of the message.
        found: String,
    },
    /// The message's envelope is no JSON object.
    #[error("its envelope is no JSON object: {source}")]
    Envelope {
        /// Error of serde.
        source: serde_json::Error,
    },
    /// The message is of another version of CloudEvents.
    #[error("its specversion is {found:?}; only `1.0` is read")]
    SpecVersion {
        /// The version.
        found: String,
    },
    /// An attribute is missing or wrong.
    #[error("its attribute {name:?} {problem}")]
    Attribute {
        /// The attribute's name.
        name: String,
        /// Problem with the attribute.
        problem: &'static str,
    },
    /// The event's data is no JSON.
    #[error("its data is {found:?}; only JSON is read")]
    DataContentType {
        /// The content type of the data.
        found: String,
    },
    /// The event's data is there twice, or is no base64.
    #[error("its data {problem}")]
    Data {
        /// Problem with the data.
        problem: &'static str,
    },
}
