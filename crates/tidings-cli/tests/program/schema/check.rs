//! `tidings schema check`.

use std::fs;
use std::path::Path;

use serde_json::json;
use tidings::contract::{Catalog, Descriptor};

use super::{
    before, created, git, lines, narrower, repository, schema, text, tidings, wider, write,
};

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
        assert_eq!(text(&output), "1 message: compatible\n");
    }
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
        for (name, config) in committed.streams() {
            catalog.add_stream(name, config.clone()).unwrap();
        }
        for service in committed.services() {
            catalog.add_service(service.clone()).unwrap();
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
