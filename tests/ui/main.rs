//! Misuse of the derives and of the bus, with the errors that a person reads.
//!
//! `fail/` holds the derives' own errors, `fail_types/` those in which the compiler says that a
//! type is not what it must be. The compiler's own words change from version to version, so the
//! latter are compared only with the version that they were written with. What the derives accept
//! stands in `pass/`, a package of its own: each program there is a test target, built and run.
//!
//! `TRYBUILD=overwrite cargo test -p tidings-tests --test ui` writes the errors anew; look at each
//! of them: one error, at the right place, that says what would be right.

#![allow(clippy::expect_used, reason = "a test's own functions fail it")]

use std::fs;
use std::process::Command;

/// The compiler whose words `fail_types/` holds.
const WRITTEN_WITH: &str = "rustc 1.95.";

/// All cases are checked by one call of cargo, which runs as many compilers as there are cores:
/// a single case that had to be built and run would make trybuild call cargo once for each.
#[test]
fn ui() {
    let cases = trybuild::TestCases::new();
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

#[test]
fn each_accepted_program_is_a_test_of_its_package() {
    let pass = concat!(env!("CARGO_MANIFEST_DIR"), "/ui/pass");
    let manifest = fs::read_to_string(format!("{pass}/Cargo.toml")).expect("a manifest");
    let mut listed: Vec<&str> = manifest
        .lines()
        .filter_map(|line| line.strip_prefix("path = \"")?.strip_suffix('"'))
        .collect();
    let mut present: Vec<String> = fs::read_dir(pass)
        .expect("a directory")
        .filter_map(|entry| entry.expect("an entry").file_name().into_string().ok())
        .filter(|name| name != "Cargo.toml")
        .collect();
    listed.sort_unstable();
    present.sort_unstable();
    assert_eq!(listed, present);
    let run = manifest.matches("harness = false").count();
    assert_eq!(run, present.len(), "without a harness each program's own `main` is run");
}

/// Version of the compiler, as it says itself.
fn compiler() -> String {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("--version").output().expect("there is a rustc");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
