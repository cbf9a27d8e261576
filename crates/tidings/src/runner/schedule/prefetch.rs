//! The number of messages that may wait beside those that are handled.

/// Number of messages in a row, done at once, after which it is likely that the next will be.
const ENOUGH: u32 = 16;

/// Maximum number of messages that wait here beside those that are handled.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PrefetchLimits {
    pub(crate) usual: usize,
    /// Maximum while the handler is so quick that messages hardly wait.
    pub(crate) quick: usize,
}

impl PrefetchLimits {
    pub(crate) fn same(usual: usize) -> Self {
        Self { usual, quick: usual }
    }

    /// Number of messages that may wait after so many in a row that were done as soon as they came.
    /// Until that is believed, each question brings some more than the one before.
    pub(crate) fn room(self, in_a_row: u32) -> usize {
        match in_a_row {
            ENOUGH.. => self.quick,
            few => self.usual.max(4 * few as usize).min(self.quick),
        }
    }
}
