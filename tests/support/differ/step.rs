//! A step of a session.

use tidings::StreamConfig;

/// A step; numbers are small, so that steps meet.
#[derive(Debug, Clone)]
pub(super) enum Step {
    /// Creates the stream.
    Begin,
    /// Publishes one event.
    Publish(Post),
    /// Publishes several, one behind the other, as if they were one.
    PublishAll(Vec<u8>),
    /// Publishes several all or nothing.
    Atomic(Vec<Post>),
    /// Reads a consumer to its end; of each message the habit says what becomes of it.
    Drain {
        consumer: u8,
        start: Start,
        habit: u64,
    },
    /// Reads the stream to its end.
    Replay(Start),
    /// Reads one subject to its end.
    ReplayOf(u8, Start),
    /// Deletes the message as far as this from the last.
    Delete(u64),
    Purge,
    PurgeOf(u8),
    DeleteConsumer(u8),
    /// Changes the stream.
    Change(Box<StreamConfig>),
    /// Two members of a group share so many events.
    Group(u32),
    /// Asks somebody, if anybody is there.
    Ask {
        number: u32,
        answered: bool,
    },
    /// Waits until what does not live for ever is over.
    Wait,
}

impl Step {
    /// Returns `true` if it stores anything.
    pub(super) fn publishes(&self) -> bool {
        matches!(self, Self::Publish(_) | Self::PublishAll(_) | Self::Atomic(_))
    }

    /// Returns `true` if it stores something that has a time of its own.
    pub(super) fn is_timed(&self) -> bool {
        match self {
            Self::Publish(post) => post.ttl || post.delay,
            Self::Atomic(posts) => posts.iter().any(|post| post.ttl || post.delay),
            _ => false,
        }
    }
}

/// An event to be published.
#[derive(Debug, Clone)]
pub(super) struct Post {
    pub(super) kind: u8,
    pub(super) size: u16,
    pub(super) id: Option<u8>,
    pub(super) expect: Expect,
    pub(super) ttl: bool,
    pub(super) delay: bool,
}

/// Expectation of an event on the stream.
#[derive(Debug, Clone, Copy)]
pub(super) enum Expect {
    Nothing,
    /// The last sequence, or as much beside it.
    Last(i8),
    LastOfSubject(i8),
    LastId(u8),
    Stream(bool),
}

/// Place at which reading starts.
#[derive(Debug, Clone, Copy)]
pub(super) enum Start {
    Beginning,
    Sequence(u64),
    LastPerSubject,
    New,
    /// Time at which the step as far back as this was begun.
    Time(u8),
}
