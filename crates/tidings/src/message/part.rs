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

/// Writes a struct of this name with these fields, as the derived `Debug` does.
///
/// # Errors
/// What the formatter fails with.
pub fn debug_parts(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    fields: &[(&str, &dyn fmt::Debug)],
) -> fmt::Result {
    let mut written = f.debug_struct(name);
    for (name, value) in fields {
        written.field(name, value);
    }
    written.finish()
}

/// Writes a variant of this name that holds this, as the derived `Debug` does.
///
/// # Errors
/// What the formatter fails with.
pub fn debug_part(f: &mut fmt::Formatter<'_>, name: &str, held: &dyn fmt::Debug) -> fmt::Result {
    f.debug_tuple(name).field(held).finish()
}
