//! The session that the guide shows, run again.
#![cfg(unix)]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use super::{created, narrower, repository, write};

/// Writes it into the guide anew with `UPDATE_EXPECT=1`.
#[test]
fn the_guides_session_is_what_the_program_says() {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tidings/src/guide/contracts.md");
    let text = fs::read_to_string(&guide).unwrap();
    let (before, rest) = text.split_once("```console\n").unwrap();
    let (session, after) = rest.split_once("```\n").unwrap();

    let folder = repository();
    write(created().payload::<narrower::OrderCreated>(), &folder.path().join("schemas"));
    let program = Path::new(env!("CARGO_BIN_EXE_tidings")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let mut again = String::new();
    for command in session.lines().filter_map(|line| line.strip_prefix("$ ")) {
        let mut shell = Command::new("sh");
        shell.current_dir(folder.path()).env("PATH", &path).env("LC_ALL", "C");
        let output = shell.args(["-c", &format!("{command} 2>&1")]).output().unwrap();
        writeln!(again, "$ {command}").unwrap();
        again.push_str(&String::from_utf8(output.stdout).unwrap());
    }
    assert!(again.contains("exit code 3") && again.contains("exit code 0"), "{again}");
    if std::env::var_os("UPDATE_EXPECT").is_some_and(|value| value == "1") {
        fs::write(&guide, format!("{before}```console\n{again}```\n{after}")).unwrap();
    } else {
        assert_eq!(session, again, "UPDATE_EXPECT=1 brings the guide up to date");
    }
}
