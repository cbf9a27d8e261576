//! `tidings object`: large things by name.

mod large_event;
#[cfg(target_os = "linux")]
mod memory;

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use tidings::prelude::*;
use tidings::{ObjectMeta, ObjectStoreConfig, Objects};
use tidings_tests::{Server, eventually};

use super::{HOSTILE, SOON, is_harmless, refused, said, tempfile, tidings, told};

async fn store(server: &Server, name: &str) -> (Bus, Objects) {
    let bus = Bus::connect(server.url()).await.unwrap();
    let config = ObjectStoreConfig::new(name).to_stream();
    bus.apply(bus.plan_stream(&config).await.unwrap()).await.unwrap();
    let objects = bus.objects(name);
    (bus, objects)
}

/// Bytes of which no two chunks are the same.
fn bytes(len: usize) -> Vec<u8> {
    (0u32..).flat_map(u32::to_be_bytes).take(len).collect()
}

/// Text without what is another each time.
fn timeless(text: &str) -> String {
    let is_time = |word: &str| word.ends_with('Z') && word.contains('T');
    let words = |line: &str| {
        let words = line.split("  ").map(|word| if is_time(word) { "TIME" } else { word });
        words.collect::<Vec<_>>().join("  ")
    };
    text.lines().map(words).collect::<Vec<_>>().join("\n")
}

fn spawn(server: &Server, arguments: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidings"));
    command.args(arguments).env("NATS_URL", server.url());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn objects_are_stored_shown_read_and_deleted() {
    let server = Server::start().await;
    let (_bus, _) = store(&server, "invoices").await;
    let folder = tempfile(&server);
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let content = bytes(300_000);
    fs::write(path("7.pdf"), &content).unwrap();
    let put = ["object", "put", "invoices", "2026/7.pdf", &path("7.pdf")];
    let more = ["--description", "Invoice 7", "--metadata", "customer=acme"];
    let headers = ["--header", "content-type=application/pdf", "--chunk-size", "100000"];
    let text = said(&server, &[&put[..], &more, &headers].concat()).await;
    assert_eq!(timeless(&text), "2026/7.pdf  #4  TIME  300000 bytes  Invoice 7");
    let listed = said(&server, &["object", "ls", "invoices"]).await;
    assert_eq!(timeless(&listed), timeless(&text));
    let info = &told(&server, &["object", "info", "invoices", "2026/7.pdf"]).await[0];
    assert_eq!((&info["size"], &info["chunks"]), (&300_000.into(), &3.into()));
    assert_eq!(info["metadata"], json!({"customer": "acme"}));
    assert_eq!(info["headers"], json!([["content-type", "application/pdf"]]));
    let text = said(&server, &["object", "info", "invoices", "2026/7.pdf"]).await;
    for row in
        ["name         2026/7.pdf\n", "300000 bytes in 3 chunks", "customer: acme", "SHA-256="]
    {
        assert!(text.contains(row), "{text}");
    }

    // Into a file, in place of the one before; on the standard output; some of it.
    let copy = path("copy.pdf");
    fs::write(&copy, "before").unwrap();
    let get = ["object", "get", "invoices", "2026/7.pdf"];
    let text = said(&server, &[&get[..], &["--out", &copy]].concat()).await;
    assert_eq!(text, format!("2026/7.pdf: 300000 bytes into {copy}\n"));
    assert_eq!(fs::read(&copy).unwrap(), content);
    assert_eq!(tidings(&server, &get).await.stdout, content);
    for (range, expected) in [
        ("..16", &content[..16]),
        ("100..200", &content[100..200]),
        ("299999..", &content[299_999..]),
        ("299999..400000", &content[299_999..]),
        ("300000..", &[]),
        ("900000..900001", &[]),
    ] {
        let output = tidings(&server, &[&get[..], &["--range", range]].concat()).await;
        assert_eq!((output.status.code(), &*output.stdout), (Some(0), expected), "{range}");
    }
    let read = told(&server, &[&get[..], &["--out", &copy, "--range", "8..12"]].concat()).await;
    assert_eq!((&read[0]["written"], &read[0]["size"]), (&4.into(), &300_000.into()));
    assert_eq!(fs::read(&copy).unwrap(), content[8..12]);
    assert_eq!(names_in(&folder), ["7.pdf", "copy.pdf"]);
    // A pipe is written into, and stays one.
    said(&server, &[&get[..], &["--out", "/dev/null"]].concat()).await;
    assert!(!fs::metadata("/dev/null").unwrap().is_file());

    let rm = ["object", "rm", "invoices", "2026/7.pdf"];
    assert_eq!(said(&server, &rm).await, "2026/7.pdf: deleted\n");
    let output = tidings(&server, &rm).await;
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(output.stdout, b"2026/7.pdf: not there\n");
    assert_eq!(said(&server, &["object", "ls", "invoices"]).await, "");
    fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_object_comes_from_the_standard_input_and_links_are_followed() {
    let server = Server::start().await;
    let (_bus, objects) = store(&server, "backups").await;
    let content = bytes(500_000);
    let mut child = spawn(&server, &["object", "put", "backups", "shop.sql", "-"]);
    let (mut input, written) = (child.stdin.take().unwrap(), content.clone());
    tokio::task::spawn_blocking(move || input.write_all(&written).unwrap()).await.unwrap();
    let output = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap());
    let output = output.await.unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    // A progress bar is for a terminal alone.
    assert!(output.stderr.is_empty(), "{output:?}");
    let info = objects.info("shop.sql").await.unwrap().unwrap();
    assert_eq!(info.size, 500_000);
    objects.link("latest", &info).await.unwrap();
    assert_eq!(tidings(&server, &["object", "get", "backups", "latest"]).await.stdout, content);
    let text = said(&server, &["object", "ls", "backups"]).await;
    assert!(text.contains("link to shop.sql of backups"), "{text}");
}

/// A command that is interrupted leaves nothing: no chunk of a put, and no file of a get.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_interrupted_leaves_nothing() {
    use rustix::process::{Pid, Signal, kill_process};

    let server = Server::start().await;
    let (_bus, objects) = store(&server, "backups").await;
    let context = async_nats::jetstream::new(server.client().await);
    let stream = context.get_stream("OBJ_backups").await.unwrap();
    let chunks = || async { stream.get_info().await.unwrap().state.messages };
    for signal in [Signal::INT, Signal::TERM] {
        let mut child = spawn(&server, &["object", "put", "backups", "shop.sql", "-"]);
        let mut input = child.stdin.take().unwrap();
        input.write_all(&bytes(400_000)).unwrap();
        eventually(SOON, "chunks are stored", || async { chunks().await >= 3 }).await;
        kill_process(Pid::from_child(&child), signal).unwrap();
        // Its input is still open: it does not wait for that.
        let output = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap());
        let output = tokio::time::timeout(SOON, output).await.unwrap().unwrap();
        drop(input);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(text.contains("`shop.sql`") && text.contains("it was interrupted"), "{text}");
        assert_eq!(chunks().await, 0);
    }

    // A get whose object's last chunks are missing leaves the file of before.
    let folder = tempfile(&server);
    let copy = folder.join("copy");
    fs::write(&copy, "before").unwrap();
    objects.put("large", bytes(400_000)).await.unwrap();
    stream.delete_message(stream.get_info().await.unwrap().state.first_sequence + 1).await.unwrap();
    let get = ["object", "get", "backups", "large", "--out", copy.to_str().unwrap()];
    let (code, text) = refused(&server, &get).await;
    assert!(code == Some(1) && text.contains("`large`"), "{text}");
    assert_eq!(fs::read(&copy).unwrap(), b"before");
    assert_eq!(names_in(&folder), ["copy"]);
    fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_can_not_be_is_named_with_its_way_out() {
    let server = Server::start().await;
    let (_bus, objects) = store(&server, "invoices").await;
    let first = objects.put("7.pdf", "pages").await.unwrap();
    objects.link("link", &first).await.unwrap();
    objects.put("8.pdf", "pages").await.unwrap();
    let eighth = objects.info("8.pdf").await.unwrap().unwrap();
    objects.link("dead", &eighth).await.unwrap();
    objects.delete("8.pdf").await.unwrap();
    let long = "x".repeat(4000);
    let folder = tempfile(&server);
    let shown = folder.to_str().unwrap();
    for (code, arguments, named) in [
        (1, &["get", "invoices", "9.pdf"][..], &["`invoices`", "`9.pdf`"][..]),
        (1, &["info", "invoices", "9.pdf"], &["`invoices`", "`9.pdf`"]),
        (1, &["get", "invoices", "dead"], &["`dead`", "8.pdf"]),
        (1, &["get", "none", "7.pdf"], &["`none` does not exist", "stream apply"]),
        (1, &["ls", "none"], &["`none` does not exist"]),
        (1, &["watch", "none"], &["`none` does not exist"]),
        (1, &["sweep", "none"], &["`none` does not exist"]),
        (1, &["put", "none", "a", "/dev/null"], &["`none` does not exist"]),
        (1, &["put", "invoices", "a", "/no/such/file"], &["/no/such/file"]),
        (
            1,
            &["put", "invoices", "7.pdf", "/dev/null", "--revision", "99"],
            &["not at revision 99"],
        ),
        (1, &["get", "invoices", "7.pdf", "--out", shown], &["folder", shown]),
        (1, &["get", "invoices", "7.pdf", "--out", "/no/such/folder/a"], &["/no/such/folder/a"]),
        (2, &["get", "invoices", ""], &["no name"]),
        (2, &["get", "invoices", &long], &["4000 bytes"]),
        (2, &["get", "in.voices", "a"], &["in.voices"]),
        (2, &["get", "invoices", "7.pdf", "--range", "7-9"], &["7-9", "`0..1024`"]),
        (2, &["get", "invoices", "7.pdf", "--range", "9..7"], &["ends before it begins"]),
        (2, &["get", "invoices", "7.pdf", "--format", "json"], &["--out FILE"]),
        (2, &["put", "invoices", "a", "/dev/null", "--header", "a b=c"], &["a b"]),
        (2, &["put", "invoices", "a", "/dev/null", "--metadata", "=c"], &["give a name"]),
        (2, &["put", "invoices", "a"], &["<FILE>"]),
        (2, &["rm", "invoices"], &["<NAMES>"]),
    ] {
        let arguments = [&["object"], arguments].concat();
        let (said, text) = refused(&server, &arguments).await;
        assert_eq!(said, Some(code), "{arguments:?}: {text}");
        assert!(named.iter().all(|named| text.contains(named)), "{arguments:?}: {text}");
    }
    assert!(names_in(&folder).is_empty());
    fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_watch_shows_objects_then_changes() {
    let server = Server::start().await;
    let (_bus, objects) = store(&server, "invoices").await;
    objects.put("7.pdf", "pages").await.unwrap();
    let watch = ["object", "watch", "invoices", "--count", "3", "--format", "json"];
    let mut child = spawn(&server, &watch);
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let read = move || {
        let mut text = String::new();
        lines.read_line(&mut text).unwrap();
        lines.read_line(&mut text).unwrap();
        (text, lines)
    };
    let (begin, mut lines) = tokio::task::spawn_blocking(read).await.unwrap();
    objects.put("8.pdf", "more pages").await.unwrap();
    let rest = tokio::task::spawn_blocking(move || {
        let mut rest = String::new();
        lines.read_line(&mut rest).unwrap();
        (rest, lines)
    });
    let (put, mut lines) = rest.await.unwrap();
    objects.delete("7.pdf").await.unwrap();
    let rest = tokio::task::spawn_blocking(move || {
        let mut rest = String::new();
        lines.read_to_string(&mut rest).unwrap();
        rest
    });
    let text = [begin, put, rest.await.unwrap()].concat();
    let told: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&told[0]["name"], &told[0]["size"]), (&"7.pdf".into(), &5.into()));
    assert_eq!(told[1], json!({"watch": "current"}));
    assert_eq!((&told[2]["name"], &told[2]["size"]), (&"8.pdf".into(), &10.into()));
    assert_eq!((&told[3]["name"], &told[3]["deleted"]), (&"7.pdf".into(), &true.into()));
    assert_eq!((told.len(), child.wait().unwrap().code()), (4, Some(0)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chunks_that_nobody_describes_are_swept() {
    let server = Server::start().await;
    let (_bus, objects) = store(&server, "invoices").await;
    objects.put("7.pdf", "pages").await.unwrap();
    let context = async_nats::jetstream::new(server.client().await);
    context.publish("$O.invoices.C.cut", "some".into()).await.unwrap().await.unwrap();
    let sweep = ["object", "sweep", "invoices"];
    assert_eq!(
        said(&server, &sweep).await,
        "invoices: chunks of 0 cut uploads removed\n",
        "it is younger than an hour"
    );
    let swept = told(&server, &[&sweep[..], &["--older-than", "0s"]].concat()).await;
    assert_eq!(swept, [json!({"store": "invoices", "swept": 1})]);
    assert_eq!(tidings(&server, &["object", "get", "invoices", "7.pdf"]).await.stdout, b"pages");
}

/// Names and descriptions of objects are written by anybody who can write to a store.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_others_reaches_the_terminal_as_it_is() {
    let server = Server::start().await;
    let (_bus, objects) = store(&server, "invoices").await;
    let meta = ObjectMeta::new(HOSTILE).with_description(HOSTILE).with_metadata(HOSTILE, HOSTILE);
    let info = objects.put(meta, "pages").await.unwrap();
    objects.link(format!("link {HOSTILE}"), &info).await.unwrap();
    let folder = tempfile(&server);
    let copy = folder.join("copy");
    let copy = copy.to_str().unwrap();
    for arguments in [
        &["object", "ls", "invoices"][..],
        &["object", "info", "invoices", HOSTILE],
        &["object", "watch", "invoices", "--count", "2"],
        &["object", "watch", "invoices", "--count", "2", "--format", "json"],
        &["object", "get", "invoices", HOSTILE, "--out", copy],
        &["object", "put", "invoices", HOSTILE, "/dev/null", "--description", HOSTILE],
        &["object", "rm", "invoices", HOSTILE],
    ] {
        let text = said(&server, arguments).await;
        assert!(is_harmless(&text) && text.contains("\\u"), "{arguments:?}: {text:?}");
    }
    let (code, text) = refused(&server, &["object", "get", "invoices", HOSTILE]).await;
    assert!(code == Some(1) && is_harmless(&text), "{code:?}: {text:?}");
    fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_of_the_contracts_is_planned_made_and_examined() {
    let server = Server::start().await;
    let folder = tempfile(&server);
    let mut config = ObjectStoreConfig::new("scans");
    config.max_bytes = Some(64 * 1024);
    let handler = |_: super::OrderCreated, _: Context| async { Ok(()) };
    let shop =
        Registry::new("shop").handle::<super::OrderCreated>(handler).object_store(config.clone());
    shop.catalog().unwrap().write_to(&folder).unwrap();
    let schemas = ["--schemas", folder.to_str().unwrap()];
    let examined = async || {
        let output = tidings(&server, &[&["doctor"], &schemas[..]].concat()).await;
        let text = String::from_utf8(output.stdout).unwrap();
        let is_store = |line: &&str| line.contains(" object store ");
        (output.status.code(), text.lines().filter(is_store).collect::<Vec<_>>().join("\n"))
    };
    let (code, text) = examined().await;
    assert!(code == Some(1) && text.contains("scans is missing, and used by shop"), "{text}");
    said(&server, &[&["stream", "apply", "OBJ_scans"], &schemas[..]].concat()).await;
    let (_, text) = examined().await;
    assert!(
        text.contains("scans is as declared, and used by shop")
            && text.contains("scans holds 0 bytes"),
        "{text}"
    );
    let bus = Bus::connect(server.url()).await.unwrap();
    bus.objects("scans").put("1.png", bytes(60_000)).await.unwrap();
    let (_, text) = examined().await;
    assert!(text.starts_with("ok") && text.contains("nearly all of 65536"), "{text}");
    // Another configuration than the contracts have.
    config.max_bytes = Some(128 * 1024);
    let plan = bus.plan_stream(&config.to_stream()).await.unwrap();
    bus.apply(plan).await.unwrap();
    let (_, text) = examined().await;
    assert!(text.contains("max_bytes: 131072 -> 65536"), "{text}");
    let page = folder.join("page.html");
    let page = page.to_str().unwrap();
    said(&server, &[&["catalog", "--html", page], &schemas[..]].concat()).await;
    let page = fs::read_to_string(page).unwrap();
    assert!(page.contains("The object store <code>scans</code>"));
    let card = page.split("id=\"service-shop\"").nth(1).unwrap();
    assert!(card.contains("Uses 1 store"), "{card}");
    assert!(card.contains(
        "<a href=\"#stream-OBJ_scans\">scans</a> <span class=\"quiet\">object store</span>"
    ));
    fs::remove_dir_all(&folder).unwrap();
}
