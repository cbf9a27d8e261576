//! `tidings publish`, `request` and `tail`: messages by their contracts.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Command, Stdio};

use futures_util::StreamExt as _;
use serde_json::Value;
use tidings::Message as _;
use tidings::contract::{Catalog, Descriptor};
use tidings::prelude::*;
use tidings_tests::{Server, listen, signal};

use super::{HOSTILE, OrderCreated, Orders, is_harmless, refused, said, tempfile, tidings, told};

const EU: &str = r#"{"number": 1, "region": "eu"}"#;

#[derive(schemars::JsonSchema)]
#[expect(dead_code, reason = "only its schema is wanted")]
struct Sku {
    sku: String,
}

#[derive(schemars::JsonSchema)]
#[expect(dead_code, reason = "only its schema is wanted")]
struct Left {
    left: u32,
}

/// The contracts of an event that a stream keeps, one without a stream and a tagged version, and of a request.
fn write(folder: &Path) {
    let low = |version| Descriptor::event("stock.low", version, "stock.{sku}.low");
    let mut messages = OrderCreated::descriptors();
    messages.push(low(1).payload::<Sku>());
    messages.push(low(2).payload::<Left>().tagged());
    let check = Descriptor::request("stock.check", 1, "stock.check");
    messages.push(check.payload::<Sku>().reply::<Left>().error::<Sku>());
    Catalog::of(messages).unwrap().write_to(folder).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_is_published_as_its_contract_says() {
    let server = Server::start().await;
    let folder = tempfile(&server);
    write(&folder);
    let schemas = ["--schemas", folder.to_str().unwrap()];
    let publish = |arguments: &[&'static str]| [&["publish"], arguments, &schemas].concat();
    let created =
        |more: &[&'static str]| publish(&[&["orders.created", "--json", EU], more].concat());

    // Nobody keeps it yet.
    let (code, text) = refused(&server, &created(&[])).await;
    assert_eq!(code, Some(1));
    assert!(
        text.contains("no stream keeps orders.eu.created") && text.contains("stream apply"),
        "{text}"
    );
    said(&server, &[&["stream", "apply"][..], &schemas].concat()).await;

    let shown = said(&server, &created(&["--dry-run", "--header", "tenant=a"])).await;
    assert!(
        shown.contains("orders.eu.created, not sent") && shown.contains("tenant: a"),
        "{shown}"
    );
    let text = said(&server, &created(&[])).await;
    assert_eq!(text, "orders.created.v1 on orders.eu.created: stored in ORDERS as 1\n");
    for (duplicate, text) in [(false, "as 2\n"), (true, "as 2, a duplicate: it was there\n")] {
        let said = said(&server, &created(&["--id", "a", "--header", "tenant=a"])).await;
        assert!(said.ends_with(text), "{duplicate}: {said}");
    }
    let acks = told(&server, &created(&["--id", "a"])).await;
    assert_eq!((&acks[0]["sequence"], &acks[0]["duplicate"]), (&2.into(), &true.into()));
    let bus = Bus::connect(server.url()).await.unwrap();
    assert_eq!(bus.stream::<Orders>().state().await.unwrap().messages, 2);

    // What was published is what a program reads.
    let mut replay = bus.replay::<OrderCreated>(DeliverFrom::Beginning).await.unwrap();
    let delivery = replay.next().await.unwrap().unwrap();
    assert_eq!((delivery.number, delivery.region.as_str()), (1, "eu"));

    // A tagged version, and a token that the payload does not have.
    let client = server.client().await;
    let mut heard = listen(&client, "stock.>").await;
    let low = ["stock.low.v2", "--json", r#"{"left": 2}"#, "--subject-token", "sku=a-1"];
    assert_eq!(said(&server, &publish(&low)).await, "stock.low.v2 on stock.a-1.low: published\n");
    let message = heard.next().await.unwrap();
    assert_eq!(message.subject.as_str(), "stock.a-1.low");
    assert_eq!(message.headers.unwrap().get("Tidings-Message").unwrap().as_str(), "stock.low.v2");

    for (arguments, named) in [
        (&["orders.created", "--json", r#"{"number": -1, "region": "eu"}"#][..], &["/number"][..]),
        (&["orders.created", "--json", r#"{"number": 1}"#], &["region", "refuses"]),
        (&["orders.created", "--json", "{"], &["no JSON"]),
        (
            &["orders.created", "--json", r#"{"number": 1, "region": "e.u"}"#],
            &["region", "--subject-token region="],
        ),
        (&["stock.low.v2", "--json", r#"{"left": 2}"#], &["/sku", "--subject-token sku="]),
        (&["stock.low.v2", "--json", r#"{"left": 2}"#, "--subject-token", "x=y"], &["no token x"]),
        (&["orders.created", "--json", EU, "--header", "nats-TTL=1"], &["nats-TTL", "reserved"]),
        (&["orders.created", "--json", EU, "--id", ""], &["--id"]),
        (&["orders.deleted", "--json", EU], &["orders.deleted", "stock.low.v1"]),
        (&["stock.check", "--json", EU], &["tidings request"]),
    ] {
        let (code, text) = refused(&server, &publish(arguments)).await;
        assert_eq!(code, Some(2), "{arguments:?}: {text}");
        assert!(named.iter().all(|named| text.contains(named)), "{arguments:?}: {text}");
    }
    assert_eq!(bus.stream::<Orders>().state().await.unwrap().messages, 2);
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_denied_publish_is_told() {
    let config = r#"authorization { users: [{user: a, password: s3cret, permissions: {publish: ["_INBOX.>"], subscribe: ["_INBOX.>"]}}] }"#;
    let server = Server::with_config(config).await;
    let folder = tempfile(&server);
    write(&folder);
    let url = server.url().replace("nats://", "nats://a:s3cret@");
    let common = ["--schemas", folder.to_str().unwrap(), "--server", &url];
    let low = ["publish", "stock.low.v1", "--json", r#"{"sku": "b"}"#];
    let (code, text) = refused(&server, &[&low[..], &common].concat()).await;
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("stock.b.low") && !text.contains("s3cret"), "{text}");
    let (code, text) = refused(&server, &[&["tail", "stock.>"], &common[..]].concat()).await;
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("stock.>") && text.contains("not allow"), "{text}");
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_prints_its_reply_or_the_declared_error() {
    let server = Server::start().await;
    let folder = tempfile(&server);
    write(&folder);
    let arguments = ["request", "stock.check", "--schemas", folder.to_str().unwrap(), "--json"];
    let ask = |sku: &'static str| [&arguments[..], &[sku]].concat();
    let (code, text) = refused(&server, &ask(r#"{"sku": "a"}"#)).await;
    assert_eq!(code, Some(1));
    assert!(text.contains("nobody answers on stock.check"), "{text}");

    let client = server.client().await;
    let mut asked = listen(&client, "stock.check").await;
    let service = tokio::spawn(async move {
        while let Some(message) = asked.next().await {
            let sku: Value = serde_json::from_slice(&message.payload).unwrap();
            let mut headers = async_nats::HeaderMap::new();
            let reply = match sku["sku"].as_str().unwrap() {
                "a" => r#"{"left": 3}"#.to_owned(),
                "odd" => format!(r#"{{"left": "{HOSTILE}"}}"#).replace(['\r', '\n'], ""),
                other => {
                    headers.insert("Nats-Service-Error", format!("no {other}\u{9b}").as_str());
                    headers.insert("Nats-Service-Error-Code", "404");
                    format!(r#"{{"sku": "{other}"}}"#)
                }
            };
            let to = message.reply.unwrap();
            client.publish_with_headers(to, headers, reply.into()).await.unwrap();
        }
    });
    assert_eq!(said(&server, &ask(r#"{"sku": "a"}"#)).await, "{\"left\": 3}\n");
    assert_eq!(told(&server, &ask(r#"{"sku": "a"}"#)).await[0]["payload"]["left"], 3);
    for (question, code, named) in [
        (r#"{"sku": "b"}"#, 1, ["error 404: no b", r#"{"sku": "b"}"#]),
        (r#"{"sku": "odd"}"#, 3, ["! /", "no JSON"]),
    ] {
        for format in ["text", "json"] {
            let output =
                tidings(&server, &[&ask(question)[..], &["--format", format]].concat()).await;
            assert_eq!(output.status.code(), Some(code), "{output:?}");
            let text = String::from_utf8(output.stdout).unwrap();
            assert!(is_harmless(&text), "{text:?}");
            assert!(format == "json" || named.iter().all(|named| text.contains(named)), "{text}");
        }
    }
    service.abort();
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_streams_history_is_shown_by_its_contracts() {
    let server = Server::start().await;
    let folder = tempfile(&server);
    write(&folder);
    let schemas = ["--schemas", folder.to_str().unwrap()];
    said(&server, &[&["stream", "apply"][..], &schemas].concat()).await;
    let jetstream = async_nats::jetstream::new(server.client().await);
    let hostile = HOSTILE.replace(['\r', '\n'], "");
    let text = format!(r#"{{"number": 12345678901234567890123, "region": "{HOSTILE}"}}"#);
    for (subject, payload) in [
        ("orders.eu.created", EU.to_owned()),
        ("orders.eu.created", r#"{"number": -1, "region": "eu"}"#.to_owned()),
        ("orders.eu.created", text),
        ("orders.eu.gone", EU.to_owned()),
        ("orders.eu.created", format!("no {HOSTILE}")),
    ] {
        let mut headers = async_nats::HeaderMap::new();
        headers.insert("tenant", hostile.as_str());
        let ack = jetstream.publish_with_headers(subject, headers, payload.into()).await.unwrap();
        ack.await.unwrap();
    }
    let tail = |more: &[&'static str]| {
        [&["tail", "orders.>", "--stream", "ORDERS"], more, &schemas].concat()
    };
    let all = told(&server, &tail(&["--count", "5", "--headers"])).await;
    let verdicts: Vec<_> = all.iter().map(|one| one["verdict"].as_str().unwrap()).collect();
    assert_eq!(verdicts, ["valid", "invalid", "not-json", "unknown", "not-json"]);
    assert_eq!(all[0]["message"], "orders.created.v1");
    assert_eq!((&all[0]["sequence"], &all[0]["payload"]["region"]), (&1.into(), &"eu".into()));
    assert_eq!(all[1]["problems"][0]["pointer"], "/number");
    assert_eq!(all[0]["headers"][0][0], "tenant");

    let text = said(&server, &tail(&["--count", "2"])).await;
    let lines: Vec<_> = text.lines().collect();
    assert!(
        lines[0].contains("#1  orders.eu.created  orders.created.v1  {\"number\": 1"),
        "{text}"
    );
    assert!(lines[2].starts_with("    ! /number: "), "{text}");
    let from = told(&server, &tail(&["--from", "4", "--count", "1"])).await;
    assert_eq!(from[0]["subject"], "orders.eu.gone");
    let recent = told(&server, &tail(&["--from", "1h", "--count", "1"])).await;
    assert_eq!(recent[0]["sequence"], 1);
    let time = all[3]["time"].as_str().unwrap();
    let since =
        [&["tail", "orders.>", "--stream", "ORDERS", "--count", "1", "--from", time], &schemas[..]];
    assert_eq!(told(&server, &since.concat()).await[0]["sequence"], 4);
    let filtered = [&["tail", "orders.*.gone", "--stream", "ORDERS", "--count", "1"], &schemas[..]];
    assert_eq!(told(&server, &filtered.concat()).await[0]["sequence"], 4);

    for format in ["text", "json"] {
        let output =
            tidings(&server, &tail(&["--count", "5", "--headers", "--format", format])).await;
        for text in [output.stdout, output.stderr] {
            let text = String::from_utf8(text).unwrap();
            assert!(is_harmless(&text), "{text:?}");
        }
    }
    let mut stream = jetstream.get_stream("ORDERS").await.unwrap();
    assert_eq!(stream.info().await.unwrap().state.consumer_count, 0);
    let missing = ["tail", "a.>", "--stream", "NOWHERE"];
    let (code, text) = refused(&server, &missing).await;
    assert_eq!(code, Some(1));
    assert!(text.contains("NOWHERE") && text.contains("not found"), "{text}");
    std::fs::remove_dir_all(&folder).unwrap();
}

/// Output of `tail` while it runs, and its end by a signal.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_are_shown_as_they_come_until_a_signal() {
    let server = Server::start().await;
    let folder = tempfile(&server);
    write(&folder);
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidings"));
    command.args(["tail", "stock.>", "--schemas", folder.to_str().unwrap(), "--format", "json"]);
    command.args(["--server", &server.url()]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut told = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    told.read_line(&mut line).unwrap();
    assert!(line.starts_with("following stock.>"), "{line}");

    let client = server.client().await;
    let mut headers = async_nats::HeaderMap::new();
    headers.insert("Tidings-Message", "stock.low.v2");
    let left = r#"{"left": 2}"#;
    client.publish("stock.a.low", r#"{"sku": "a"}"#.into()).await.unwrap();
    client.publish_with_headers("stock.a.low", headers, left.into()).await.unwrap();
    client.publish("stock.a.low", left.into()).await.unwrap();
    client.flush().await.unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = || serde_json::from_str::<Value>(&lines.next().unwrap().unwrap()).unwrap();
    for (message, verdict) in
        [("stock.low.v1", "valid"), ("stock.low.v2", "valid"), ("stock.low.v1", "invalid")]
    {
        let shown = next();
        assert_eq!((&shown["message"], &shown["verdict"]), (&message.into(), &verdict.into()));
    }
    signal("INT", child.id());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let mut rest = String::new();
    told.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "3 shown\n");
    std::fs::remove_dir_all(&folder).unwrap();
}

/// A question that nobody is to answer would reach those who listen to everything.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_listens_to_everything_keeps_nothing_from_being_published() {
    let server = Server::without_jetstream().await;
    let folder = tempfile(&server);
    write(&folder);
    let client = server.client().await;
    let mut all = client.subscribe(">").await.unwrap();
    client.publish("ready", "".into()).await.unwrap();
    assert_eq!(all.next().await.unwrap().subject.as_str(), "ready");
    let schemas = folder.to_str().unwrap();
    let low = ["publish", "stock.low.v1", "--json", r#"{"sku": "b"}"#, "--schemas", schemas];
    assert_eq!(said(&server, &low).await, "stock.low.v1 on stock.b.low: published\n");
    while all.next().await.unwrap().subject.as_str() != "stock.b.low" {}
    std::fs::remove_dir_all(&folder).unwrap();
}
