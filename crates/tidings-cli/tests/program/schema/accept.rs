//! `tidings schema accept`.

use std::fs;

use super::{created, lines, narrower, narrowest, repository, schema, text, tidings, write};

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
    assert!(said.ends_with("1 message: compatible, 1 accepted\n"), "{said}");
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
