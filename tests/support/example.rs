//! The programs of the examples.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

/// Path of an example's program: beside this test's own, where `cargo test --workspace` puts it. Built if it is
/// not there, or older than what it is made of.
pub fn example_path(example: &str) -> PathBuf {
    let own = std::env::current_exe();
    let own = own.unwrap_or_else(|error| panic!("this test has no path: {error}"));
    let Some(profile) = own.parent().and_then(Path::parent) else {
        panic!("{} is not target/<profile>/deps/<test>", own.display());
    };
    let program =
        profile.join("examples").join(format!("{example}{}", std::env::consts::EXE_SUFFIX));
    if !is_current(&program) {
        build(profile, example);
    }
    program
}

fn is_current(program: &Path) -> bool {
    let changed = |path: &Path| path.metadata().and_then(|file| file.modified());
    let (Ok(built), Ok(sources)) =
        (changed(program), std::fs::read_to_string(program.with_extension("d")))
    else {
        return false;
    };
    // `<program>: <source> <source> …`, as make reads it.
    let sources = sources.split_once(": ").map_or("", |(_, sources)| sources);
    let newest = sources.split_whitespace().map(|source| changed(Path::new(source)));
    newest.map(|time| time.unwrap_or_else(|_| SystemTime::now())).all(|time| time <= built)
}

/// Builds an example with the whole workspace, so that all is built with the features that the tests have.
fn build(profile: &Path, example: &str) {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(cargo);
    command.args(["build", "--locked", "--workspace", "--example", example]);
    if let Some(target) = profile.parent() {
        command.arg("--target-dir").arg(target);
    }
    if profile.ends_with("release") {
        command.arg("--release");
    }
    let built = command.current_dir(env!("CARGO_MANIFEST_DIR")).status();
    assert!(built.as_ref().is_ok_and(std::process::ExitStatus::success), "{built:?}");
}
