//! Reach of a consumer: how far its deliveries have come.

/// Position of a flow of deliveries: the last number, the highest sequence, and whether a number
/// was left out. A consumer gives each delivery a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reach {
    /// The number of the last delivery that came.
    pub(crate) number: u64,
    /// The highest sequence of those that came; 0 where none did.
    pub(crate) sequence: u64,
    /// `true` if no number was left out: then all that the consumer delivered came here.
    pub(crate) is_whole: bool,
}

impl Reach {
    /// Makes the position of a flow that begins behind the delivery with this number.
    pub(crate) fn behind(number: u64) -> Self {
        Self { number, sequence: 0, is_whole: true }
    }

    /// A delivery has come.
    #[inline]
    pub(crate) fn pass(&mut self, number: u64, sequence: u64) {
        self.is_whole &= number == self.number + 1;
        self.number = number;
        self.sequence = self.sequence.max(sequence);
    }
}
