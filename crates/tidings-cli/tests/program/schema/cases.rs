//! `tidings schema check --cases`.

use std::fs;

use serde_json::json;

use super::{lines, tidings};

#[test]
fn cases_of_a_file_have_a_verdict_each() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cases.json");
    let path = file.to_str().unwrap();
    let (integer, number) = (json!({"type": "integer"}), json!({"type": "number"}));
    let roles = json!([
        {"name": "wider", "old": integer, "new": number, "reader": true, "writer": true, "examples": null},
        {"name": "ahead", "old": {"pattern": "^(?=a)a+$"}, "new": {"pattern": "^(?=a)a*$"}, "reader": false, "writer": true},
    ]);
    fs::write(&file, roles.to_string()).unwrap();
    let output = tidings(folder.path(), &["--cases", path, "--json"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let told = lines(&output);
    let verdicts: Vec<_> = told[..4].iter().map(|one| one["verdict"].as_str().unwrap()).collect();
    assert_eq!(verdicts, ["compatible", "incompatible", "unknown", "unknown"]);
    assert_eq!(told[4], json!({"agree": 1, "disagree": 1, "unknown": 2}));

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

    // A verdict of which nothing is expected neither agrees nor disagrees.
    let roles = json!([{"name": "wider", "old": integer, "new": number, "reader": true}]);
    fs::write(&file, roles.to_string()).unwrap();
    let told = lines(&tidings(folder.path(), &["--cases", path, "--json"]));
    assert_eq!((told.len(), &told[1]["agrees"]), (3, &json!(null)));
    assert_eq!(told[2], json!({"agree": 1, "disagree": 0, "unknown": 0}));

    fs::write(&file, "{}").unwrap();
    let output = tidings(folder.path(), &["--cases", path]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
}
