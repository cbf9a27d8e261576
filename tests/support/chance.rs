//! Chance for tests, the same for the same seed.

/// A generator of numbers (`SplitMix64`).
#[derive(Debug, Clone)]
pub struct Chance(u64);

impl Chance {
    /// The chance of this seed; `of` keeps those apart that have nothing to do with each other.
    #[must_use]
    pub fn new(seed: u64, of: u64) -> Self {
        let mut chance = Self(seed.wrapping_mul(0x2545_F491_4F6C_DD1D) ^ of.rotate_left(32));
        chance.next();
        chance
    }

    /// The next number, any of them.
    #[expect(clippy::should_implement_trait, reason = "it never ends")]
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    /// `count` places in the middle four fifths of `0..end`, in their order.
    pub fn places(&mut self, count: u32, end: u32) -> Vec<u32> {
        let (from, width) = (end / 10, u64::from(end - end / 5));
        let place = |_| from + u32::try_from(self.below(width)).unwrap_or_default();
        let mut places: Vec<u32> = (0..count).map(place).collect();
        places.sort_unstable();
        places
    }
}
