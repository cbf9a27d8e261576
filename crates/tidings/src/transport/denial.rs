//! Denied permissions.

use std::fmt;

/// Something that the server does not allow this connection's user to do.
///
/// Its text says what to change. A permission that is given meanwhile counts at once: nothing
/// stays denied because it was.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Denial {
    /// The denied action.
    pub action: DeniedAction,
    /// The subject, or the subject filter.
    pub subject: String,
    /// The queue group, where only a subscription as its member was not allowed.
    pub queue_group: Option<String>,
    /// `true` if it is where answers come to this connection.
    pub is_inbox: bool,
}

/// Action that a permission is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeniedAction {
    /// Sending messages, and so also asking, acknowledging and whatever a stream is asked for.
    Publish,
    /// Listening.
    Subscribe,
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { action, subject, queue_group, is_inbox } = self;
        let what = match action {
            DeniedAction::Publish => "publish on",
            DeniedAction::Subscribe => "subscribe to",
        };
        write!(f, "the server does not allow its user to {what} `{subject}`")?;
        if let Some(group) = queue_group {
            write!(f, " in queue group `{group}`")?;
        }
        match (action, is_inbox) {
            (DeniedAction::Subscribe, true) => f.write_str(
                ", where answers come; allow it, or name a prefix that is allowed with \
                 `Bus::builder().inbox_prefix(…)`",
            ),
            _ => f.write_str("; give it the permission"),
        }
    }
}

impl std::error::Error for Denial {}
