//! Contracts of now against those of before. No server is asked.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
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

#[test]
fn a_narrower_field_breaks_with_file_pointer_and_rule() {
    let folder = repository();
    write(created().payload::<narrower::OrderCreated>(), &folder.path().join("schemas"));
    let output = tidings(folder.path(), &["--against", "HEAD", "--json"]);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let [change, summary] = &lines(&output)[..] else { panic!("{output:?}") };
    assert_eq!(change["rule"], "maximum-lowered");
    assert_eq!(change["file"], "orders.created.v1.json");
    assert_eq!(change["pointer"], "/payload/read/properties/total_cents");
    assert_eq!(change["instance"], "/total_cents");
    assert_eq!(change["severity"], "break");
    assert!(change["example"]["total_cents"].as_u64().unwrap() > u64::from(u32::MAX), "{change}");
    assert_eq!(change["old"], "<= 18446744073709551615");
    assert_eq!(change["new"], "<= 4294967295");
    assert_eq!(*summary, json!({"verdict": "incompatible", "messages": 1, "accepted": 0}));

    let output = tidings(folder.path(), &["--against", "HEAD"]);
    let said = text(&output);
    for part in ["breaks: orders.created.v1.json#/payload", "maximum-lowered", "mend:", "example:"]
    {
        assert!(said.contains(part), "{said}");
    }
    let said = text(&tidings(folder.path(), &["--against", "HEAD", "--format", "github"]));
    let annotation =
        "::error file=schemas/orders.created.v1.json,title=orders.created.v1 maximum-lowered::";
    assert!(said.starts_with(annotation), "{said}");
    let said = text(&tidings(folder.path(), &["--against", "HEAD", "--format", "junit"]));
    assert!(said.contains("tests=\"2\" failures=\"1\""), "{said}");
    assert!(said.contains("<failure type=\"maximum-lowered\" message=\"/total_cents: "), "{said}");
    assert!(said.contains("&lt;= 18446744073709551615 -&gt; &lt;= 4294967295"), "{said}");

    // The other way round nothing is lost.
    let output = tidings(folder.path(), &["--against", "HEAD", "--mode", "forward"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

#[test]
fn an_optional_field_more_passes_against_a_revision_and_a_folder() {
    let folder = repository();
    write(created().payload::<before::OrderCreated>(), &folder.path().join("released"));
    write(created().payload::<wider::OrderCreated>(), &folder.path().join("schemas"));
    for against in ["HEAD", "released"] {
        let output = tidings(folder.path(), &["--against", against]);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert_eq!(text(&output), "1 messages: compatible\n");
    }
}

/// The contracts of the examples: a field of one of their events is changed after the last commit.
#[test]
fn a_change_of_an_example_is_judged_against_the_last_commit() {
    #[derive(schemars::JsonSchema)]
    #[schemars(rename = "OrderCreated")]
    #[expect(dead_code, reason = "only its schema is wanted")]
    struct Narrower {
        order_id: uuid::Uuid,
        region: String,
        total_cents: u32,
    }
    #[derive(schemars::JsonSchema)]
    #[schemars(rename = "OrderCreated")]
    #[expect(dead_code, reason = "only its schema is wanted")]
    struct Wider {
        order_id: uuid::Uuid,
        region: String,
        total_cents: u64,
        note: Option<String>,
    }
    let folder = tempfile::tempdir().unwrap();
    let schemas = folder.path().join("schemas");
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas");
    let committed = Catalog::read_from(committed).unwrap();
    committed.write_to(&schemas).unwrap();
    git(folder.path(), &["init", "--quiet"]);
    git(folder.path(), &["add", "."]);
    git(folder.path(), &["commit", "--quiet", "--message", "before"]);
    let check = |change: fn(Descriptor) -> Descriptor| {
        let mut catalog = Catalog::new();
        for message in committed.iter() {
            let is_it = message.tag() == "orders.created.v1";
            catalog.add(if is_it { change(message.clone()) } else { message.clone() }).unwrap();
        }
        catalog.write_to(&schemas).unwrap();
        let output = tidings(folder.path(), &["--against", "HEAD", "--json"]);
        let changes = lines(&output).into_iter().filter(|line| line["severity"] == "break");
        (output.status.code(), changes.collect::<Vec<_>>())
    };
    let (code, changes) = check(Descriptor::payload::<Narrower>);
    assert_eq!(code, Some(3), "{changes:?}");
    let [change] = &changes[..] else { panic!("{changes:?}") };
    assert_eq!(change["rule"], "maximum-lowered");
    assert_eq!(change["file"], "orders.created.v1.json");
    assert_eq!(change["pointer"], "/payload/read/properties/total_cents");
    assert_eq!(check(Descriptor::payload::<Wider>), (Some(0), Vec::new()));
}

#[test]
fn another_subject_breaks_and_so_does_a_message_that_is_gone() {
    let folder = repository();
    let schemas = folder.path().join("schemas");
    let elsewhere = Descriptor::event("orders.created", 1, "orders.new.created");
    write(elsewhere.payload::<before::OrderCreated>(), &schemas);
    let output = tidings(folder.path(), &["--against", "HEAD", "--json"]);
    assert_eq!(lines(&output)[0]["rule"], "subject-changed");

    fs::remove_dir_all(&schemas).unwrap();
    write(Descriptor::event("orders.shipped", 1, "orders.shipped"), &schemas);
    let output = tidings(folder.path(), &["--against", "HEAD", "--json"]);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert_eq!(lines(&output)[0]["rule"], "message-removed");
}

#[test]
fn an_accepted_break_passes_with_its_reason_until_it_is_another() {
    let folder = repository();
    let schemas = folder.path().join("schemas");
    write(created().payload::<narrower::OrderCreated>(), &schemas);
    let lock = || fs::read_to_string(schemas.join("catalog.lock.json")).unwrap();
    let before = lock();

    // Nothing is kept without a reason, or where nothing like it breaks.
    let no_such = ["accept", "--against", "HEAD", "--reason", "x", "--rule", "type-changed"];
    for wrong in [
        &["accept", "--against", "HEAD"][..],
        &["accept", "--against", "HEAD", "--reason", " "],
        &["accept", "--reason", "x"],
        &no_such,
    ] {
        let output = schema(folder.path(), wrong);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
    }
    let said = String::from_utf8(schema(folder.path(), &no_such).stderr).unwrap();
    assert!(said.contains("orders.created.v1 maximum-lowered"), "{said}");
    assert_eq!(lock(), before);

    let reason = "no order costs more\u{1b}[31m";
    let meant = ["accept", "--against", "HEAD", "--message", "orders.created.v1"];
    let output = schema(folder.path(), &[&meant[..], &["--reason", reason]].concat());
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let said = text(&output);
    assert!(said.contains("accepted: orders.created.v1.json#/payload"), "{said}");
    assert!(said.ends_with("1 accepted, 0 left\n"), "{said}");
    assert!(lock().contains("no order costs more"));

    let output = tidings(folder.path(), &["--against", "HEAD"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let said = text(&output);
    assert!(said.contains("reason: no order costs more\\u{1b}[31m"), "{said}");
    assert!(said.ends_with("1 messages: compatible, 1 accepted\n"), "{said}");
    let output = tidings(folder.path(), &["--against", "HEAD", "--json"]);
    assert_eq!(lines(&output)[0]["accepted"], reason);
    for (format, part) in
        [("github", "::notice file=schemas/orders.created.v1.json"), ("junit", "<skipped message=")]
    {
        let output = tidings(folder.path(), &["--against", "HEAD", "--format", format]);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert!(text(&output).contains(part), "{output:?}");
    }

    // The types are written again, and the reason stays; another change is none of it.
    write(created().payload::<narrower::OrderCreated>(), &schemas);
    assert_eq!(tidings(folder.path(), &["--against", "HEAD"]).status.code(), Some(0));
    write(created().payload::<narrowest::OrderCreated>(), &schemas);
    let output = tidings(folder.path(), &["--against", "HEAD"]);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let said = text(&output);
    assert!(said.contains("breaks: orders.created.v1.json"), "{said}");
    assert!(said.contains("note: catalog.lock.json accepts maximum-lowered"), "{said}");
    let told = lines(&tidings(folder.path(), &["--against", "HEAD", "--json"]));
    assert_eq!(told[1]["stale"]["reason"], reason);
}

#[test]
fn a_transitive_mode_looks_at_all_revisions_and_versions() {
    let folder = repository();
    let schemas = folder.path().join("schemas");
    git(folder.path(), &["tag", "v1.0"]);
    write(created().payload::<narrower::OrderCreated>(), &schemas);
    git(folder.path(), &["commit", "--quiet", "--all", "--message", "narrower"]);
    let both = ["--against", "v1.0", "--against", "HEAD"];
    let output = tidings(folder.path(), &both);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let output = tidings(folder.path(), &[&both[..], &["--mode", "full-transitive"]].concat());
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert!(text(&output).contains("(against v1.0)"), "{output:?}");

    // The versions of one folder.
    let second = Descriptor::event("orders.created", 2, "orders.v2.created");
    let all =
        [created().payload::<before::OrderCreated>(), second.payload::<narrower::OrderCreated>()];
    Catalog::of(all).unwrap().write_to(&schemas).unwrap();
    let output = tidings(folder.path(), &["--mode", "backward-transitive", "--json"]);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert_eq!(lines(&output)[0]["against"], "orders.created.v1");
    let reason = ["--reason", "handlers of 2 come first"];
    let arguments = [&["accept", "--mode", "backward-transitive"], &reason[..]].concat();
    assert_eq!(schema(folder.path(), &arguments).status.code(), Some(0));
    let output = tidings(folder.path(), &["--mode", "backward-transitive"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");

    let output = tidings(folder.path(), &["--mode", "backward"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
}

#[test]
fn every_edit_is_shown_whether_it_harms_or_not() {
    let folder = repository();
    let schemas = folder.path().join("schemas");
    let shipped = Descriptor::event("orders.shipped", 1, "orders.shipped").payload::<u32>();
    let all = [created().payload::<wider::OrderCreated>(), shipped];
    Catalog::of(all).unwrap().write_to(&schemas).unwrap();
    let output = schema(folder.path(), &["diff", "--against", "HEAD"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let said = text(&output);
    let note =
        "+ orders.created.v1.json#/payload/read/properties/note: {\"type\":[\"null\",\"string\"]}";
    assert!(said.contains(note), "{said}");
    assert!(said.contains("+ orders.shipped.v1.json\n"), "{said}");
    let told = lines(&schema(folder.path(), &["diff", "--against", "HEAD", "--format", "json"]));
    let (summary, edits) = told.split_last().unwrap();
    assert_eq!(summary["edits"], edits.len());
    assert!(edits.iter().all(|edit| edit["file"].is_string() && edit["pointer"].is_string()));
    assert!(edits.iter().any(|edit| edit["new"]["name"] == "orders.shipped"));

    write(created().payload::<narrower::OrderCreated>(), &schemas);
    let said = text(&schema(folder.path(), &["diff", "--against", "HEAD"]));
    let format = "~ orders.created.v1.json#/payload/read/properties/total_cents/format: \"uint64\" -> \"uint32\"";
    assert!(said.contains(format), "{said}");
    assert_eq!(schema(folder.path(), &["diff"]).status.code(), Some(2));
}

#[test]
fn a_changelog_tells_verdict_way_out_and_reason() {
    let folder = repository();
    let schemas = folder.path().join("schemas");
    let changelog = || text(&schema(folder.path(), &["changelog", "--against", "HEAD"]));
    assert_eq!(changelog(), "# Contracts since `HEAD`\n\nNothing changed.\n");
    write(created().payload::<narrower::OrderCreated>(), &schemas);
    let said = changelog();
    for part in [
        "Taken together: **incompatible**.",
        "## `orders.created.v1`\n\nChanged: **incompatible**.",
        "- **Breaks** `maximum-lowered` at `/payload/read/properties/total_cents`: ",
        "  - Way out: keep the bound",
        "- `/payload/read/properties/total_cents/format`: `\"uint64\"` → `\"uint32\"`",
    ] {
        assert!(said.contains(part), "{part}\n{said}");
    }
    assert_eq!(changelog(), said);
    let meant = ["accept", "--against", "HEAD", "--reason", "no *order* costs more"];
    assert_eq!(schema(folder.path(), &meant).status.code(), Some(0));
    let said = changelog();
    assert!(said.contains("Changed: **compatible**."), "{said}");
    assert!(said.contains("  - Reason: no \\*order\\* costs more"), "{said}");
    let told =
        lines(&schema(folder.path(), &["changelog", "--against", "HEAD", "--format", "json"]));
    assert_eq!(told[0]["name"], "orders.created.v1");
    assert_eq!(told[0]["changes"][0]["accepted"], "no *order* costs more");
}

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

#[test]
fn what_is_no_folder_and_no_revision_is_told() {
    let folder = repository();
    for against in ["nowhere", "--output=x", "HEAD~9"] {
        let output = tidings(folder.path(), &[&format!("--against={against}")]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(
            said.contains(&format!("{against} is neither a folder nor a git revision")),
            "{said}"
        );
    }
    fs::write(folder.path().join("schemas/orders.created.v1.json"), "{").unwrap();
    let output = tidings(folder.path(), &["--against", "HEAD"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("orders.created.v1.json"), "{said}");
}

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

#[test]
fn cases_of_a_file_have_a_verdict_each() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cases.json");
    let path = file.to_str().unwrap();
    let (integer, number) = (json!({"type": "integer"}), json!({"type": "number"}));
    let roles = json!([
        {"name": "wider", "old": integer, "new": number, "reader": true, "writer": false, "examples": null},
        {"name": "ahead", "old": {"type": "string"}, "new": {"pattern": "(?=a)"}, "reader": false, "writer": true},
    ]);
    fs::write(&file, roles.to_string()).unwrap();
    let output = tidings(folder.path(), &["--cases", path, "--json"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let told = lines(&output);
    let verdicts: Vec<_> = told[..4].iter().map(|one| one["verdict"].as_str().unwrap()).collect();
    assert_eq!(verdicts, ["compatible", "incompatible", "unknown", "incompatible"]);
    assert_eq!(told[4], json!({"agree": 2, "disagree": 1, "unknown": 1}));

    let tests = json!({"tests": [
        {"id": "one", "enabled": true, "compatibility": "backward", "original": integer, "updated": number},
        {"id": "two", "enabled": true, "compatibility": "both", "original": integer, "updated": integer},
        {"id": "three", "enabled": true, "compatibility": "none", "original": number, "updated": integer},
    ]});
    fs::write(&file, tests.to_string()).unwrap();
    let output = tidings(folder.path(), &["--cases", path, "--json"]);
    let told = lines(&output);
    let verdicts: Vec<_> = told[..3].iter().map(|one| one["verdict"].as_str().unwrap()).collect();
    assert_eq!(verdicts, ["backward", "both", "none"]);
    assert_eq!(told[3], json!({"agree": 3, "disagree": 0, "unknown": 0}));

    fs::write(&file, "{}").unwrap();
    let output = tidings(folder.path(), &["--cases", path]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
}
