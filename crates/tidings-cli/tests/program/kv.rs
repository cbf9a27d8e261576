//! `tidings kv`: values of buckets.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tidings::BucketConfig;
use tidings::contract::Catalog;
use tidings::prelude::*;
use tidings_tests::Server;

use super::hostile::HOSTILE_NAME;
use super::{HOSTILE, is_harmless, refused, said, tempfile, tidings, told};

async fn bucket(server: &Server, name: &str) -> Bus {
    let bus = Bus::connect(server.url()).await.unwrap();
    let mut config = BucketConfig::new(name);
    config.history = 5;
    config.limit_markers = Some(Duration::from_secs(60));
    bus.apply(bus.plan_stream(&config.to_stream()).await.unwrap()).await.unwrap();
    bus
}

/// Text without what is another each time.
fn timeless(text: &str) -> String {
    let words = text.lines().map(|line| {
        let words = line.split("  ").map(|word| if word.ends_with('Z') { "TIME" } else { word });
        words.collect::<Vec<_>>().join("  ")
    });
    words.collect::<Vec<_>>().join("\n")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn values_are_put_shown_and_removed() {
    let server = Server::start().await;
    let bus = bucket(&server, "sessions").await;
    let put = |more: &[&'static str]| [&["kv", "put", "sessions"], more].concat();
    assert_eq!(
        said(&server, &put(&["acme.7", r#"{"cart": ["lamp"]}"#])).await,
        "acme.7 of sessions: revision 1\n"
    );
    assert_eq!(
        said(&server, &["kv", "get", "sessions", "acme.7"]).await,
        "{\"cart\":[\"lamp\"]}\n"
    );
    let shown = told(&server, &["kv", "get", "sessions", "acme.7"]).await;
    assert_eq!((&shown[0]["revision"], &shown[0]["value"]["cart"][0]), (&1.into(), &"lamp".into()));
    said(&server, &put(&["acme.7", "-1", "--revision", "1"])).await;
    said(&server, &put(&["acme.8", "\"x\"", "--create", "--ttl", "1h"])).await;
    assert_eq!(said(&server, &["kv", "ls", "sessions"]).await, "acme.7\nacme.8\n");
    assert_eq!(told(&server, &["kv", "ls", "sessions", "*.8"]).await, [json!({"key": "acme.8"})]);
    assert_eq!(
        said(&server, &["kv", "rm", "sessions", "acme.7", "--revision", "2"]).await,
        "acme.7: deleted (revision 4)\n"
    );
    let history = said(&server, &["kv", "history", "sessions", "acme.7"]).await;
    assert_eq!(
        timeless(&history),
        "acme.7  #1  TIME  {\"cart\":[\"lamp\"]}\nacme.7  #2  TIME  -1\nacme.7  #4  TIME  (deleted)"
    );
    said(&server, &["kv", "rm", "sessions", "acme.7", "acme.8", "--purge"]).await;
    let history = told(&server, &["kv", "history", "sessions", "acme.7"]).await;
    assert_eq!((history.len(), &history[0]["removed"]), (1, &"purged".into()));
    // What others have written as they like.
    let client = server.client().await;
    let context = async_nats::jetstream::new(client);
    for (key, value) in [("text", &b"no json"[..]), ("bytes", &[0xff, 0x00])] {
        let subject = format!("$KV.sessions.{key}");
        context.publish(subject, value.into()).await.unwrap().await.unwrap();
    }
    assert_eq!(said(&server, &["kv", "get", "sessions", "text"]).await, "no json (no JSON)\n");
    let shown = told(&server, &["kv", "history", "sessions", "bytes"]).await;
    assert_eq!(shown[0]["value_base64"], "/wA=");
    bus.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_can_not_be_is_named_with_its_way_out() {
    let server = Server::start().await;
    let _bus = bucket(&server, "sessions").await;
    said(&server, &["kv", "put", "sessions", "acme.7", "1"]).await;
    for (code, arguments, named) in [
        (1, &["get", "sessions", "acme.9"][..], &["`acme.9`", "has no value"][..]),
        (1, &["get", "none", "acme.7"], &["`none` does not exist", "stream apply"]),
        (1, &["ls", "none"], &["`none` does not exist"]),
        (1, &["watch", "none"], &["`none` does not exist"]),
        (1, &["put", "none", "a", "1"], &["`none` does not exist"]),
        (1, &["history", "sessions", "acme.9"], &["keeps nothing of `acme.9`"]),
        (1, &["put", "sessions", "acme.7", "2", "--create"], &["exists (revision 1)"]),
        (1, &["put", "sessions", "acme.7", "2", "--revision", "9"], &["not at revision 9"]),
        (1, &["rm", "sessions", "acme.7", "--revision", "9"], &["not at revision 9"]),
        (2, &["get", "sessions", "a b"], &["\"a b\"", "white space"]),
        (2, &["ls", "sessions", "a.>.b"], &["a.>.b"]),
        (2, &["get", "ses.sions", "a"], &["ses.sions"]),
        (2, &["history", "sessions", "acme.*"], &["kv watch --history"]),
        (2, &["put", "sessions", "acme.7", "lamp"], &["no JSON", "quotes"]),
        (2, &["put", "sessions", "acme.7", "1", "--ttl", "1500ms"], &["whole seconds"]),
        (2, &["rm", "sessions"], &["<KEYS>"]),
    ] {
        let arguments = [&["kv"], arguments].concat();
        let (said, text) = refused(&server, &arguments).await;
        assert_eq!(said, Some(code), "{arguments:?}: {text}");
        assert!(named.iter().all(|named| text.contains(named)), "{arguments:?}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_watch_shows_values_then_changes() {
    let server = Server::start().await;
    let bus = bucket(&server, "sessions").await;
    let values = bus.bucket::<Value>("sessions");
    values.put("acme.7", &json!(1)).await.unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidings"));
    command.args(["kv", "watch", "sessions", "acme.*", "--count", "3", "--format", "json"]);
    command.env("NATS_URL", server.url()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let read = move || {
        let mut line = String::new();
        lines.read_line(&mut line).unwrap();
        let shown: Value = serde_json::from_str(&line).unwrap();
        (shown, lines)
    };
    let (shown, mut lines) = tokio::task::spawn_blocking(read).await.unwrap();
    assert_eq!((&shown["key"], &shown["value"]), (&"acme.7".into(), &1.into()));
    values.put("other.8", &json!(2)).await.unwrap();
    values.put("acme.9", &json!(3)).await.unwrap();
    values.purge("acme.7").await.unwrap();
    let rest = tokio::task::spawn_blocking(move || {
        let mut rest = String::new();
        lines.read_to_string(&mut rest).unwrap();
        rest
    });
    let rest = rest.await.unwrap();
    let rest: Vec<Value> = rest.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rest[0], json!({"watch": "current"}));
    assert_eq!((&rest[1]["key"], &rest[1]["value"]), (&"acme.9".into(), &3.into()));
    assert_eq!((&rest[2]["key"], &rest[2]["removed"]), (&"acme.7".into(), &"purged".into()));
    assert_eq!((rest.len(), child.wait().unwrap().code()), (3, Some(0)));
}

/// A bucket of the contracts.
#[derive(Debug, Serialize, Deserialize, JsonSchema, Bucket)]
#[bucket(name = "limits", key = "{name}", max_bytes = "4KiB")]
struct Limit {
    name: String,
    note: String,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_of_the_contracts_is_planned_made_and_examined() {
    let server = Server::start().await;
    let folder = tempfile(&server);
    Catalog::of([Limit::descriptor()]).unwrap().write_to(&folder).unwrap();
    let schemas = ["--schemas", folder.to_str().unwrap()];
    let examined = async || {
        let output = tidings(&server, &[&["doctor"], &schemas[..]].concat()).await;
        let text = String::from_utf8(output.stdout).unwrap();
        let lines: Vec<_> = text.lines().skip_while(|line| !line.contains(" bucket ")).collect();
        (output.status.code(), lines.join("\n"))
    };
    let (code, text) = examined().await;
    assert!(code == Some(1) && text.contains("limits is missing"), "{text}");
    assert!(text.contains("`tidings stream apply` makes it"), "{text}");
    let (code, _) = refused(&server, &[&["stream", "plan"], &schemas[..]].concat()).await;
    assert_eq!(code, Some(3));
    said(&server, &[&["stream", "apply"], &schemas[..]].concat()).await;
    said(&server, &["kv", "put", "limits", "a", r#"{"name": "a", "note": ""}"#]).await;
    let (code, text) = examined().await;
    assert!(code == Some(0) && text.contains("limits is as declared"), "{text}");
    assert!(text.contains("limits holds 1 keys in"), "{text}");
    let bus = Bus::connect(server.url()).await.unwrap();
    let large = Limit { name: "a".into(), note: "x".repeat(3800) };
    bus.key_value::<Limit>().put(&large).await.unwrap();
    let (code, text) = examined().await;
    assert!(code == Some(0) && text.contains("nearly all of 4096"), "{text}");
    // Another configuration than the contracts have.
    let mut config = BucketConfig::new("limits");
    (config.max_bytes, config.history) = (Some(8192), 3);
    let plan = bus.plan_stream(&config.to_stream()).await.unwrap();
    bus.apply(plan.allow_data_loss()).await.unwrap();
    let (_, text) = examined().await;
    assert!(text.contains("max_msgs_per_subject") && text.contains("stream plan"), "{text}");
    // What the bucket holds is read by its contract.
    let tail = ["tail", "$KV.limits.>", "--stream", "KV_limits", "--count", "1"];
    let text = said(&server, &[&tail, &schemas[..]].concat()).await;
    assert!(text.contains("KV_limits.v1") && !text.contains('!'), "{text}");
    std::fs::remove_dir_all(&folder).unwrap();
}

/// A key of another program may hold what a terminal acts on, and so may a value.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_others_reaches_the_terminal_as_it_is() {
    let server = Server::start().await;
    let bus = bucket(&server, "sessions").await;
    bus.bucket::<String>("sessions").put("acme.7", &HOSTILE.to_owned()).await.unwrap();
    let client = server.client().await;
    let raw = format!("$KV.sessions.{HOSTILE_NAME}");
    let context = async_nats::jetstream::new(client);
    context.publish(raw, HOSTILE.as_bytes().to_vec().into()).await.unwrap().await.unwrap();
    for arguments in [
        &["kv", "get", "sessions", "acme.7"][..],
        &["kv", "ls", "sessions"],
        &["kv", "history", "sessions", "acme.7"],
        &["kv", "watch", "sessions", "--count", "2"],
        &["kv", "watch", "sessions", "--count", "2", "--format", "json"],
    ] {
        let text = said(&server, arguments).await;
        assert!(is_harmless(&text), "{arguments:?}: {text:?}");
        assert!(text.contains("acme.7") || arguments[1] == "get", "{arguments:?}: {text:?}");
    }
    let (code, text) = refused(&server, &["kv", "get", "sessions", HOSTILE]).await;
    assert!(code == Some(2) && is_harmless(&text), "{code:?}: {text:?}");
}
