//! Reasons why a configuration can't hold.

/// Options that can't be used together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A key is there without the one that belongs to it.
    #[error("`{set}` is given without `{missing}`: give both, or neither")]
    Incomplete {
        /// The key that is there.
        set: &'static str,
        /// The one that is not.
        missing: &'static str,
    },
    /// Two keys say different things about the same.
    #[error("`{first}` and `{second}` are both given: give one of them")]
    Contradiction {
        /// The first of the two keys.
        first: &'static str,
        /// The second of the two keys.
        second: &'static str,
    },
    /// A number is out of its bounds.
    #[error("`{key}` is {value}: give {expected}")]
    Range {
        /// The key.
        key: &'static str,
        /// The key's value.
        value: u64,
        /// Values that the key may have.
        expected: &'static str,
    },
}
