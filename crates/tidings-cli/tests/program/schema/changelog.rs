//! `tidings schema changelog`.

use super::{created, lines, narrower, repository, schema, text, write};

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
