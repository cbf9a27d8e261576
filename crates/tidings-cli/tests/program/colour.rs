//! Colours: on a terminal alone, unless the environment says otherwise.

use std::fs::{File, OpenOptions};
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use tempfile::TempDir;
use tidings::contract::{Catalog, Descriptor};

use super::{HOSTILE, is_harmless};

const RED: &str = "\u{1b}[31m";

/// The program, with nothing in its environment that says something of colours, on a terminal that has some.
fn tidings(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidings"));
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "CI", "NATS_URL"] {
        command.env_remove(name);
    }
    command.env("TERM", "xterm").current_dir(folder).args(arguments);
    command.envs(environment.iter().copied()).stdin(Stdio::null());
    command
}

/// Bytes that the program writes to a pseudo terminal.
fn on_terminal(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> String {
    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&terminal).unwrap();
    unlockpt(&terminal).unwrap();
    let name = ptsname(&terminal, Vec::new()).unwrap();
    let path = Path::new(std::ffi::OsStr::from_bytes(name.to_bytes()));
    let open = || OpenOptions::new().read(true).write(true).open(path).unwrap();
    let mut command = tidings(folder, arguments, environment);
    let mut child = command.stdout(open()).stderr(open()).spawn().unwrap();
    // What it holds of the terminal's other end: while one is open, there is more to come.
    drop(command);
    let (mut text, mut bytes) = (Vec::new(), [0; 4096]);
    let mut terminal = File::from(terminal);
    // Once nobody has the other end it ends with an error.
    while let Ok(read @ 1..) = terminal.read(&mut bytes) {
        text.extend_from_slice(&bytes[..read]);
    }
    child.wait().unwrap();
    String::from_utf8(text).unwrap()
}

/// Runs the program with pipes in place of the terminal.
fn piped(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> String {
    let output = tidings(folder, arguments, environment).output().unwrap();
    String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
}

/// Contracts with a change that breaks, and texts of others in it.
fn contracts() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let message = |of: Descriptor, name: &str| {
        Catalog::of([of]).unwrap().write_to(folder.path().join(name)).unwrap();
    };
    let created = || Descriptor::event("orders.created", 1, "orders.created");
    message(created().payload::<u64>(), "before");
    message(created().payload::<u32>(), "schemas");
    std::fs::write(folder.path().join("order.json"), format!("\"{HOSTILE}\"")).unwrap();
    folder
}

#[test]
fn colours_are_for_terminals_unless_the_environment_says_otherwise() {
    let folder = contracts();
    let check = ["schema", "check", "--against", "before"];
    let wrong = ["schema", "check", "--against", "nowhere"];
    let misused = ["schema", "czech"];
    for command in [&check[..], &wrong, &misused] {
        let terminal =
            |environment: &[(&str, &str)]| on_terminal(folder.path(), command, environment);
        let pipe = |environment: &[(&str, &str)]| piped(folder.path(), command, environment);
        assert!(terminal(&[]).contains(RED), "{command:?}: {:?}", terminal(&[]));
        assert!(pipe(&[("CLICOLOR_FORCE", "1")]).contains(RED), "{command:?}");
        for plain in [
            pipe(&[]),
            terminal(&[("NO_COLOR", "1")]),
            terminal(&[("CLICOLOR", "0")]),
            terminal(&[("TERM", "dumb")]),
            pipe(&[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")]),
        ] {
            assert!(!plain.is_empty() && !plain.contains('\u{1b}'), "{command:?}: {plain:?}");
        }
    }
    // They change nothing else of the text, and stand in no other form.
    let coloured = on_terminal(folder.path(), &check, &[]).replace("\r\n", "\n");
    let first = format!("\u{1b}[1m{RED}breaks:\u{1b}[0m orders.created.v1.json#/payload");
    assert!(coloured.starts_with(&first), "{coloured:?}");
    let bare = coloured.replace("\u{1b}[1m", "").replace(RED, "").replace("\u{1b}[0m", "");
    assert_eq!(bare, piped(folder.path(), &check, &[]));
    for format in ["json", "github", "junit"] {
        let text = on_terminal(folder.path(), &[&check[..], &["--format", format]].concat(), &[]);
        assert!(!text.is_empty() && !text.contains('\u{1b}'), "{format}: {text:?}");
    }
}

#[test]
fn a_coloured_terminal_is_written_nothing_that_others_wrote() {
    let folder = contracts();
    let validate = ["schema", "validate", "orders.created", "--file", "order.json"];
    let named = format!("orders\u{1b}[2J{}", '\u{9b}');
    let unknown = ["schema", "validate", named.as_str()];
    let unread = ["schema", "check", named.as_str()];
    for command in [&validate[..], &unknown, &unread] {
        let text = on_terminal(folder.path(), command, &[]);
        let mut rest = text.replace("\r\n", "\n");
        for ours in
            ["\u{1b}[1m", "\u{1b}[0m", "\u{1b}[31m", "\u{1b}[33m", "\u{1b}[32m", "\u{1b}[4m"]
        {
            rest = rest.replace(ours, "");
        }
        assert!(rest.len() > 20 && is_harmless(&rest), "{command:?}: {text:?}");
    }
}
