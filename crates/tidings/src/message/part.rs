//! The parts of generated types.

use std::fmt;

/// A field of a generated type, by reference.
///
/// Whether the field's type is `Debug` is not known where the code is generated, and a bound that
/// does not hold is an error if nothing in it is generic. `for<'a> Part<'a, T, N>: Debug` is such
/// a bound that is generic. `N` counts the fields: the same bound twice would be ambiguous.
pub struct Part<'a, T, const N: usize>(pub &'a T);

impl<T: fmt::Debug, const N: usize> fmt::Debug for Part<'_, T, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<T: PartialEq, const N: usize> PartialEq for Part<'_, T, N> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

/// A [`Part`] whose type is `Clone`.
pub trait ClonePart<T> {
    /// A copy of the field.
    fn clone_part(&self) -> T;
}

impl<T: Clone, const N: usize> ClonePart<T> for Part<'_, T, N> {
    fn clone_part(&self) -> T {
        self.0.clone()
    }
}

/// A struct that is written field by field, as the derived `Debug` does.
///
/// Fields keep their types until here: to make each one a `dyn Debug` takes twice the time where the call is
/// compiled.
pub struct DebugParts<'a, 'b>(fmt::DebugStruct<'a, 'b>);

impl fmt::Debug for DebugParts<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DebugParts").finish_non_exhaustive()
    }
}

impl<'a, 'b> DebugParts<'a, 'b> {
    /// Starts to write a struct of this name.
    pub fn new(f: &'a mut fmt::Formatter<'b>, name: &str) -> Self {
        Self(f.debug_struct(name))
    }

    /// Writes a field.
    #[must_use]
    pub fn part<T: fmt::Debug>(mut self, name: &str, value: &T) -> Self {
        self.0.field(name, value);
        self
    }

    /// Ends the part.
    ///
    /// # Errors
    /// The formatter's error.
    pub fn end(mut self) -> fmt::Result {
        self.0.finish()
    }
}

/// Writes a struct of this name with a single field, in one call where the call is compiled.
///
/// # Errors
/// The formatter's error.
pub fn debug_single<T: fmt::Debug>(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    field: &str,
    value: &T,
) -> fmt::Result {
    f.debug_struct(name).field(field, value).finish()
}

/// Writes a variant of this name that holds this, as the derived `Debug` does.
///
/// # Errors
/// The formatter's error.
pub fn debug_part(f: &mut fmt::Formatter<'_>, name: &str, held: &dyn fmt::Debug) -> fmt::Result {
    f.debug_tuple(name).field(held).finish()
}
