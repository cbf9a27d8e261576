//! A program outside this workspace, written only from the README: its dependencies, its
//! quickstart, and the strictest lints that such a program may have.
//!
//! The first run builds Tidings and its dependencies once more, under `target/outside`; those that
//! follow build only the two programs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tidings_tests::Server;

const README: &str = include_str!("../../README.md");
const LOCK: &str = include_str!("../../Cargo.lock");
const LINTS: &str = "#![deny(warnings, missing_docs, clippy::pedantic)]\n\n";
/// The line of the quickstart that makes a bus.
const IN_MEMORY: &str = "Bus::in_memory(); // or Bus::connect(\"nats://127.0.0.1:4222\").await?";

/// The first block of this language that holds `mark`.
fn block(language: &str, mark: &str) -> &'static str {
    let begin = format!("\n```{language}\n");
    let blocks = README.split(&begin).skip(1);
    let mut blocks = blocks.filter_map(|rest| rest.split_once("```").map(|(block, _)| block));
    blocks.find(|block| block.contains(mark)).unwrap_or_else(|| panic!("{mark} in the README"))
}

/// The README's dependencies, with this Tidings under this name instead of the published one, and
/// with what else is said of it.
fn dependencies(name: &str, and: &str) -> String {
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/tidings");
    let ours = ours.canonicalize().unwrap().display().to_string();
    let shown = block("toml", "[dependencies]");
    let lines: Vec<String> = shown
        .lines()
        .map(|line| match line.strip_prefix("tidings = ") {
            Some(_) => format!("{name} = {{ package = \"tidings\", path = {ours:?}{and} }}"),
            None => line.to_owned(),
        })
        .collect();
    assert_ne!(lines.join("\n"), shown.trim_end(), "the README depends on tidings");
    lines.join("\n")
}

/// Writes a program of its own workspace, with the versions that this one has.
fn write(name: &str, dependencies: &str, program: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("outside").join(name);
    fs::create_dir_all(directory.join("src")).unwrap();
    let manifest = format!(
        "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
         [workspace]\n\n{dependencies}\n\n\
         # Built once and run once.\n\
         [profile.dev]\ndebug = false\nincremental = false\n"
    );
    fs::write(directory.join("Cargo.toml"), manifest).unwrap();
    fs::write(directory.join("Cargo.lock"), LOCK).unwrap();
    let program = format!("//! The quickstart of the README.\n{LINTS}{program}");
    fs::write(directory.join("src/main.rs"), program).unwrap();
    directory
}

/// Target directory of both programs, so that their dependencies are built once.
fn target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join("outside")
}

/// Builds and runs the program, and gives what it prints.
///
/// Clippy is the compiler of a workspace's own crates where it is there: what is linted is what
/// is built, and the dependencies are built once.
fn run(directory: &Path) -> String {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["run", "--quiet", "--offline", "--target-dir"]).arg(target());
    let clippy = Command::new("clippy-driver").arg("--version").stdout(Stdio::null()).status();
    if clippy.is_ok_and(|status| status.success()) {
        command.env("RUSTC_WORKSPACE_WRAPPER", "clippy-driver");
    }
    let output = command.current_dir(directory).stdin(Stdio::null()).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && errors.is_empty(), "{}\n{errors}", output.status);
    String::from_utf8(output.stdout).unwrap()
}

/// Returns `true` if the program that was built has code of the broker in memory, by the names of
/// symbols.
fn carries_broker(directory: &Path) -> bool {
    let name = directory.file_name().unwrap();
    let program = target().join("debug").join(name).with_extension(std::env::consts::EXE_EXTENSION);
    let program = fs::read(program).unwrap();
    let symbol = b"9transport6memory";
    program.windows(symbol.len()).any(|window| window == symbol)
}

/// Asserts that the output is what the quickstart says.
fn is_quickstart(said: &str) {
    for line in [
        "stored in SHOP as number 1",
        "is in stock: true",
        "is in stock: false",
        "three pieces are in stock: true",
        "shop.ordered: 2 handled",
        "stock.check: 3 handled",
    ] {
        assert!(said.contains(line), "{line:?} in:\n{said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_quickstart_runs_as_the_readme_has_it() {
    let _alone = crate::BUSY.lock().await;
    let program = block("rust", "fn main");
    let directory = write("as-written", &dependencies("tidings", ""), program);
    is_quickstart(&run(&directory));
    assert!(carries_broker(&directory), "the broker in memory is a default feature");
}

/// Under another name, on a server, and without default features: as in production.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_quickstart_runs_under_another_name_and_without_the_broker_in_memory() {
    let _alone = crate::BUSY.lock().await;
    let server = Server::start().await;
    let connect = format!("Bus::connect({:?}).await?;", server.url());
    let mut program = block("rust", "fn main").replace(IN_MEMORY, &connect);
    assert!(program.contains(&connect), "the README shows how to connect");
    program = program.replace("use tidings::", "use bus::");
    // The derives are told where the crate is.
    program = program.replace("enum Region", "#[token(crate = \"bus\")]\nenum Region");
    for attribute in ["#[event(subject", "#[stream(name", "#[request(subject"] {
        assert!(program.contains(attribute), "{attribute}");
        let (head, what) = attribute.split_once('(').unwrap();
        program = program.replace(attribute, &format!("{head}(crate = \"bus\", {what}"));
    }
    assert!(!program.contains("tidings"), "{program}");
    let directory = write("renamed", &dependencies("bus", ", default-features = false"), &program);
    is_quickstart(&run(&directory));
    assert!(!carries_broker(&directory), "nothing of the broker in memory is left");
}
