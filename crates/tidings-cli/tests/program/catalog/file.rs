//! The page as a file: the same for the same folder, whole or as it was, and what is said of it.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tidings::contract::{Handled, Kind, Service};

use super::{event, order, page, tidings};

#[test]
fn a_folder_that_is_missing_or_broken_leaves_the_page_as_it_was() {
    let (folder, page) = page([event("orders.created", 1, &order(&["id"]))], []);
    let schema = folder.path().join("schemas/orders.created.v1.json");
    let good = fs::read_to_string(&schema).unwrap();
    let refused = |schemas: &str, part: &str| {
        let output = tidings(folder.path(), &["--html", "page.html", "--schemas", schemas]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(part), "{said}");
        assert_eq!(fs::read_to_string(folder.path().join("page.html")).unwrap(), page);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is left behind");
    };
    refused("nowhere", "nowhere");
    fs::write(&schema, "{").unwrap();
    refused("schemas", "orders.created.v1.json");
    fs::write(&schema, good.replace("\"string\"", "\"integer\"")).unwrap();
    refused("schemas", "orders.created.v1.json");
    fs::remove_file(&schema).unwrap();
    refused("schemas", "orders.created.v1.json");
}

#[test]
fn a_file_that_cant_be_written_is_told() {
    let (folder, page) = page([event("orders.created", 1, &order(&["id"]))], []);
    fs::create_dir(folder.path().join("taken")).unwrap();
    for (out, part) in [("nowhere/page.html", "nowhere"), ("taken", "taken")] {
        let output = tidings(folder.path(), &["--html", out]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("can't write") && said.contains(part), "{said}");
    }
    let path = folder.path().join("page.html");
    let mut permissions = fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&path, permissions).unwrap();
    let output = tidings(folder.path(), &["--html", "page.html", "--title", "Other"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("read-only"), "{said}");
    assert_eq!(fs::read_to_string(&path).unwrap(), page);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3, "nothing is left behind");
}

#[cfg(unix)]
#[test]
fn a_page_is_read_by_those_who_read_the_one_before_it() {
    use std::os::unix::fs::PermissionsExt as _;

    let (folder, _) = page([event("orders.created", 1, &order(&["id"]))], []);
    let path = folder.path().join("page.html");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    // As any other file that this process makes.
    fs::write(folder.path().join("other"), "").unwrap();
    assert_eq!(mode(&path), mode(&folder.path().join("other")));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let output = tidings(folder.path(), &["--html", "page.html"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(mode(&path), 0o640);
}

#[test]
fn what_was_written_is_said() {
    let (folder, _) = page([event("orders.created", 1, &order(&["id"]))], [Service::new("shop")]);
    let output = tidings(folder.path(), &["--html", "page.html"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(said, "page.html: 1 message, 0 streams, 1 service\n");
    let output = tidings(folder.path(), &["--html", "page.html", "--format", "json"]);
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(said, json!({"file": "page.html", "messages": 1, "streams": 0, "services": 1}));
    let help = String::from_utf8(tidings(folder.path(), &["--help"]).stdout).unwrap();
    assert!(help.contains("Example:\n  tidings catalog --html "), "{help}");
}

#[test]
fn the_same_folder_gives_the_same_bytes() {
    let messages = || {
        (0..120).map(|at| {
            let (domain, stream) = (at % 11, at % 7);
            let event = event(&format!("domain{domain}.kind{at}"), 1, &order(&["id"]));
            event
                .stream(format!("S{stream}"))
                .stream_config(json!({"subjects": ["a"], "name": stream}))
        })
    };
    let services = || {
        (0..12).map(|at| {
            let service = Service::new(format!("service{at}"));
            (0..120).filter(|of| of % 12 == at || of % 5 == at).fold(service, |service, of| {
                let name = format!("domain{}.kind{of}", of % 11);
                let handled = Handled::new(Kind::Event, name.as_str(), 1, name.as_str());
                if of % 2 == 0 { service.publishes(name, 1) } else { service.handles(handled) }
            })
        })
    };
    let (folder, first) = page(messages(), services());
    for _ in 0..8 {
        let output = tidings(folder.path(), &["--html", "page.html", "--title", "Shop"]);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert_eq!(fs::read_to_string(folder.path().join("page.html")).unwrap(), first);
    }
    // The time of its files counts for nothing, nor the order in which they were written.
    let (_folder, other) = page(messages().collect::<Vec<_>>().into_iter().rev(), services());
    assert!(other == first, "another order gives another page");
}
