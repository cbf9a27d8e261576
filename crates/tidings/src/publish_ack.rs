//! Acks of publishing.

/// A stream has stored the message.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PublishAck {
    /// The stream that stored the event.
    pub stream: String,
    /// The message's sequence in the stream; of the first copy if this one is a duplicate.
    pub sequence: u64,
    /// `true` if the stream already had a message with this id and so did not store another.
    ///
    /// What this call itself has stored, though no confirmation came, is no duplicate. An id made for
    /// the call says that for certain; for one of id fields it is so if the stream stored the message
    /// after the call began, by the clocks of both, and has it still.
    pub duplicate: bool,
}

/// A stream has stored a batch of messages, all or nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AtomicAck {
    /// The stream that stored the event.
    pub stream: String,
    /// The sequence of its first message in the stream; the others follow without a gap.
    pub first_sequence: u64,
    /// The sequence of its last message.
    pub last_sequence: u64,
    /// `true` if the stream already had these messages, by their ids, and so did not store them once
    /// more.
    pub duplicate: bool,
}

/// Ack of publishing an event: [`PublishAck`], `()` where no stream keeps it, or an
/// `Option` of it for an enum of both kinds.
pub trait Acknowledgement: sealed::Sealed + Sized + Send + 'static {
    /// Made from what the transport got.
    #[doc(hidden)]
    fn from_stored(stored: Option<PublishAck>) -> Option<Self>;
}

impl Acknowledgement for PublishAck {
    fn from_stored(stored: Option<PublishAck>) -> Option<Self> {
        stored
    }
}

impl Acknowledgement for Option<PublishAck> {
    fn from_stored(stored: Option<PublishAck>) -> Option<Self> {
        Some(stored)
    }
}

impl Acknowledgement for () {
    fn from_stored(_: Option<PublishAck>) -> Option<Self> {
        Some(())
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::PublishAck {}
    impl Sealed for Option<super::PublishAck> {}
    impl Sealed for () {}
}
