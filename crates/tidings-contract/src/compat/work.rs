//! Bounds of what one comparison does and holds, whatever its schemas are like.
//!
//! Work is counted in steps, not in time, so that a verdict is the same on every machine. What is left
//! out for want of steps is never taken as proven.

use std::cell::Cell;

/// Largest number of steps of a proof, and then of the search for a counterexample.
pub(crate) const MOST_STEPS: usize = 1_000_000;
/// Deepest level of schemas in one another, be it in a document or by their references.
pub(crate) const DEEPEST: usize = 128;
/// Largest number of schemas in a document.
pub(crate) const MOST_SCHEMAS: usize = 100_000;

/// Largest number of patterns that are tried; what others are found in is not known.
pub(crate) const MOST_PATTERNS: usize = 1_000;

/// Steps that are left to a comparison.
#[derive(Debug)]
pub(crate) struct Work {
    most: usize,
    left: Cell<usize>,
}

impl Work {
    /// Work of so many steps.
    pub(crate) fn new(most: usize) -> Self {
        Self { most, left: Cell::new(most) }
    }

    /// Takes steps from those that are left; with `false`, what they are for is to be left out.
    pub(crate) fn spend(&self, steps: usize) -> bool {
        let left = self.left.get().checked_sub(steps);
        self.left.set(left.unwrap_or(0));
        left.is_some()
    }

    /// Returns `true` once no step is left.
    pub(crate) fn is_spent(&self) -> bool {
        self.left.get() == 0
    }

    /// Number of steps that were taken.
    pub(crate) fn spent(&self) -> usize {
        self.most - self.left.get()
    }
}
