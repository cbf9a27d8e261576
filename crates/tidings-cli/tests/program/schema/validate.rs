//! `tidings schema validate`.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::json;

use super::{created, lines, repository, text, wider, write};

#[test]
fn documents_are_validated_with_pointers() {
    let folder = repository();
    let run = |arguments: &[&str], documents: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tidings"));
        command.current_dir(folder.path()).args(["schema", "validate"]).args(arguments);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // One that is refused for its arguments does not read.
        drop(child.stdin.take().unwrap().write_all(documents.as_bytes()));
        child.wait_with_output().unwrap()
    };
    let good = r#"{"order_id": "a", "total_cents": 1}"#;
    let output = run(&["orders.created"], &format!("{good}\n{good}\n"));
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(text(&output), "2 documents: 2 valid, 0 not\n");

    let bad = "{\"order_id\": \"\u{9b}31m\",\n \"total_cents\": -1}";
    let output = run(&["orders.created.v1"], &format!("{good}\n{bad}\n{{\"order_id\": 5}}"));
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let said = text(&output);
    for part in [
        "document 2: /total_cents: ",
        "document 3: /order_id: ",
        "document 3: /: ",
        "1 valid, 2 not",
    ] {
        assert!(said.contains(part), "{part}\n{said}");
    }
    assert!(!said.contains('\u{9b}'), "{said:?}");
    let told = lines(&run(&["orders.created", "--format", "json"], &format!("{good} {bad} {{")));
    assert_eq!(told[0], json!({"document": 1, "valid": true, "problems": []}));
    assert_eq!(told[1]["problems"][0]["pointer"], "/total_cents");
    assert!(told[2]["problems"][0]["text"].as_str().unwrap().contains("no JSON"), "{told:?}");
    assert_eq!(told[3], json!({"documents": 3, "valid": 1}));

    // What a reader does without a writer gives.
    write(created().payload::<wider::OrderCreated>(), &folder.path().join("schemas"));
    fs::write(folder.path().join("order.json"), good).unwrap();
    let file = ["orders.created", "--file", "order.json"];
    assert_eq!(run(&file, "").status.code(), Some(0));
    assert_eq!(run(&[&file[..], &["--writer"]].concat(), "").status.code(), Some(3));

    for wrong in [
        &["orders.gone"][..],
        &["orders.created", "--part", "reply"],
        &["orders.created", "--part", "everything"],
    ] {
        assert_eq!(run(wrong, good).status.code(), Some(2), "{wrong:?}");
    }
    assert_eq!(run(&["orders.created"], " ").status.code(), Some(1));
}
