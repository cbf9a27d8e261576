//! Section of code that is counted: everything that runs within one function, and nothing outside
//! of it.

use std::hint::black_box;

/// The name of that function, as callgrind's options take it.
pub(crate) const NAME: &str = "count::section::counted";

/// Runs what is to be counted.
///
/// Not generic and never inlined: callgrind finds it by its name.
#[inline(never)]
pub(crate) fn counted(work: &mut dyn FnMut()) {
    work();
    // So that the call is no jump: this function would have ended with it.
    black_box(());
}
