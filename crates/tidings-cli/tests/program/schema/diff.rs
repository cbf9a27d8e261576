//! `tidings schema diff`.

use tidings::contract::{Catalog, Descriptor};

use super::{created, lines, narrower, repository, schema, text, wider, write};

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
    assert!(said.contains(&format!("{format} [breaks: maximum-lowered]\n")), "{said}");
    assert_eq!(schema(folder.path(), &["diff"]).status.code(), Some(2));
}
