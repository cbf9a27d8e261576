//! What the derives accept and what they refuse, with the errors that a person reads.
//!
//! `TRYBUILD=overwrite cargo test -p tidings-tests --test ui` writes the errors anew; look at each
//! of them: one error, at the right place, that says what would be right.

#[test]
fn ui() {
    let cases = trybuild::TestCases::new();
    cases.pass("ui/pass/*.rs");
    cases.compile_fail("ui/fail/*.rs");
}
