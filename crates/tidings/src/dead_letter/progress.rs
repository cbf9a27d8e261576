//! Progress of long work with letters.

use std::fmt;

/// Progress of long work with letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeadLetterProgress {
    /// The sequence of the letter that was dealt with last.
    pub sequence: u64,
    /// Number of letters that were looked at.
    pub seen: u64,
    /// Number of letters to be looked at, as far as the server knew at the beginning.
    pub total: u64,
}

/// Listener that is told how far it has come, if there is one.
#[derive(Default)]
pub(super) struct ProgressCallback<'a>(Option<Box<dyn FnMut(DeadLetterProgress) + Send + 'a>>);

impl<'a> ProgressCallback<'a> {
    pub(super) fn of(tell: impl FnMut(DeadLetterProgress) + Send + 'a) -> Self {
        Self(Some(Box::new(tell)))
    }

    pub(super) fn is_set(&self) -> bool {
        self.0.is_some()
    }

    pub(super) fn tell(&mut self, progress: DeadLetterProgress) {
        if let Some(tell) = &mut self.0 {
            tell(progress);
        }
    }
}

impl fmt::Debug for ProgressCallback<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ProgressCallback").field(&self.is_set()).finish()
    }
}
