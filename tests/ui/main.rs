//! What the derives accept and what they refuse, with the errors that a person reads.
//!
//! `fail/` holds the derives' own errors, `fail_types/` those in which the compiler says that a
//! type is not what it must be. The compiler's own words change from version to version, so the
//! latter are compared only with the version that they were written with.
//!
//! `TRYBUILD=overwrite cargo test -p tidings-tests --test ui` writes the errors anew; look at each
//! of them: one error, at the right place, that says what would be right.

#![allow(clippy::expect_used, reason = "a test's own functions fail it")]

use std::process::Command;

/// The compiler whose words `fail_types/` holds.
const WRITTEN_WITH: &str = "rustc 1.95.";

#[test]
fn ui() {
    let cases = trybuild::TestCases::new();
    cases.pass("ui/pass/*.rs");
    cases.compile_fail("ui/fail/*.rs");
    let version = compiler();
    if version.starts_with(WRITTEN_WITH) {
        cases.compile_fail("ui/fail_types/*.rs");
    } else {
        println!(
            "ui/fail_types was written with {WRITTEN_WITH}x and is not compared with {version}"
        );
    }
}

/// What the compiler says of itself.
fn compiler() -> String {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("--version").output().expect("there is a rustc");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
