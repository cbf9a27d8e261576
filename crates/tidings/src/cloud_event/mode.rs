//! Modes in which a CloudEvent stands in a message.

/// Mode in which a CloudEvent stands in a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum CloudEventMode {
    /// The payload is the envelope, in JSON: the NATS binding of CloudEvents 1.0.2.
    #[default]
    Structured,
    /// The payload is the data, and each attribute a `ce-` header: the NATS binding of the CloudEvents
    /// 1.0.3 draft.
    Binary,
}
