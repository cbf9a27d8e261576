//! `tidings asyncapi`.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};
use tidings::contract::{Catalog, Descriptor};

use super::{repository, text};

#[test]
fn a_folder_is_written_as_asyncapi() {
    let folder = repository();
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tidings"));
        command.current_dir(folder.path()).arg("asyncapi").args(arguments).output().unwrap()
    };
    let output = run(&["--title", "Shop", "--api-version", "1.4.0"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let document: Value = serde_json::from_str(&text(&output)).unwrap();
    assert_eq!(document["asyncapi"], "3.1.0");
    assert_eq!(document["info"], json!({"title": "Shop", "version": "1.4.0"}));
    let schema = &document["components"]["schemas"]["orders.created.v1"];
    assert_eq!(schema["required"], json!(["order_id", "total_cents"]));
    let file = folder.path().join("asyncapi.json");
    let written = run(&["--title", "Shop", "--api-version", "1.4.0", "--out", "asyncapi.json"]);
    assert!(written.stdout.is_empty(), "{written:?}");
    assert_eq!(fs::read_to_string(file).unwrap(), text(&output));
    let output = run(&["--schemas", "nowhere"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
}

/// A parser of `AsyncAPI` 3 looks at no example, so the program does, and writes nothing otherwise.
#[test]
fn an_example_that_its_schema_refuses_is_no_document() {
    #[derive(schemars::JsonSchema)]
    #[schemars(example = json!({"cents": 1}), example = json!({"cents": -1}))]
    #[expect(dead_code, reason = "only its schema is wanted")]
    struct Paid {
        cents: u32,
    }
    let folder = tempfile::tempdir().unwrap();
    let paid = Descriptor::event("orders.paid", 1, "orders.paid").payload::<Paid>();
    Catalog::of([paid]).unwrap().write_to(folder.path().join("schemas")).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidings"));
    command.current_dir(folder.path()).args(["asyncapi", "--out", "out.json"]);
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    let place = "schemas/orders.paid.v1.json: orders.paid.v1: /payload/read/examples/1: /cents: ";
    assert!(said.contains(place), "{said}");
    assert!(!folder.path().join("out.json").exists());
}
