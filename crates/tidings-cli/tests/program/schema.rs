//! `tidings schema` and `asyncapi`: contracts of now against those of before. No server is asked.

mod accept;
mod asyncapi;
mod beside;
mod cases;
mod changelog;
mod check;
mod diff;
mod guide;
mod validate;

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;
use tidings::contract::{Catalog, Descriptor};

mod before {
    #[derive(schemars::JsonSchema)]
    #[expect(dead_code, reason = "only its schema is wanted")]
    pub(super) struct OrderCreated {
        order_id: String,
        total_cents: u64,
    }
}

mod narrower {
    #[derive(schemars::JsonSchema)]
    #[expect(dead_code, reason = "only its schema is wanted")]
    pub(super) struct OrderCreated {
        order_id: String,
        total_cents: u32,
    }
}

mod narrowest {
    #[derive(schemars::JsonSchema)]
    #[expect(dead_code, reason = "only its schema is wanted")]
    pub(super) struct OrderCreated {
        order_id: String,
        total_cents: u16,
    }
}

mod wider {
    #[derive(schemars::JsonSchema)]
    #[expect(dead_code, reason = "only its schema is wanted")]
    pub(super) struct OrderCreated {
        order_id: String,
        total_cents: u64,
        note: Option<String>,
    }
}

fn created() -> Descriptor {
    Descriptor::event("orders.created", 1, "orders.created")
}

fn write(message: Descriptor, folder: &Path) {
    Catalog::of([message]).unwrap().write_to(folder).unwrap();
}

fn tidings(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidings"));
    command.current_dir(folder).args(["schema", "check"]).args(arguments).output().unwrap()
}

/// Runs another command of `tidings schema`.
fn schema(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidings"));
    command.current_dir(folder).arg("schema").args(arguments).output().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn lines(output: &Output) -> Vec<Value> {
    text(output).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn git(folder: &Path, arguments: &[&str]) {
    let mut command = Command::new("git");
    let who = ["-c", "user.name=a", "-c", "user.email=a@example.com"];
    let output = command.current_dir(folder).args(who).args(arguments).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

/// A repository whose last commit has the contracts of before.
fn repository() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(created().payload::<before::OrderCreated>(), &folder.path().join("schemas"));
    git(folder.path(), &["init", "--quiet"]);
    git(folder.path(), &["add", "."]);
    git(folder.path(), &["commit", "--quiet", "--message", "before"]);
    folder
}
