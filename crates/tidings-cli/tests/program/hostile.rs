//! Texts of others: wherever they come from, a terminal acts on none of them, and none looks like a line of the
//! program's own.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use futures_util::StreamExt as _;
use serde_json::json;
use tidings::StreamConfig;
use tidings::contract::{Catalog, Descriptor, DurableConsumer, Handled, Kind, Service};
use tidings_tests::{Server, listen};

use super::{said, tempfile, tidings};

/// Texts on which a terminal would act: C0, DEL and C1 controls, a line end, a change of direction, and a
/// text that is not seen.
pub(super) const HOSTILE: &str = "x\u{1b}[2J\u{7f}\u{9b}31m\r\n\u{202e}\u{2066}\u{200b}\u{2028}y";

/// The part of it that a name, a subject or a header can hold; of a subject that has DEL in it, nats-server
/// finds nothing again.
pub(super) const HOSTILE_NAME: &str = "x\u{1b}[2J\u{9b}31m\u{202e}\u{2066}\u{200b}y";

/// Returns `true` if none of [`HOSTILE`] is there but line ends.
pub(super) fn is_harmless(text: &str) -> bool {
    let acts = |char: char| {
        HOSTILE.contains(char)
            && !matches!(char, 'x' | 'y' | '[' | '2' | 'J' | '3' | '1' | 'm' | '\n')
    };
    !text.chars().any(acts)
}

/// Returns `true` if the line end of [`HOSTILE`] was taken for one.
fn is_forged(text: &str) -> bool {
    text.lines().any(|line| line.starts_with("\\u{202e}"))
}

#[derive(schemars::JsonSchema)]
#[expect(dead_code, reason = "only its schema is wanted")]
#[schemars(description = HOSTILE, title = HOSTILE)]
struct Before {
    #[serde(rename = "x\u{1b}[2J\u{9b}31m\r\n\u{202e}y")]
    #[schemars(description = HOSTILE, extend("const" = HOSTILE))]
    field: String,
    #[schemars(extend("examples" = [HOSTILE]))]
    number: u64,
}

#[derive(schemars::JsonSchema)]
#[expect(dead_code, reason = "only its schema is wanted")]
#[schemars(description = "another")]
struct Now {
    #[serde(rename = "x\u{1b}[2J\u{9b}31m\r\n\u{202e}y")]
    #[schemars(extend("pattern" = "^\u{202e}\u{9b}$"))]
    field: u32,
    number: u32,
}

#[derive(schemars::JsonSchema)]
#[expect(dead_code, reason = "only its schema is wanted")]
struct Any(serde_json::Value);

/// A folder with such a name, in which contracts of now and of before have such texts.
fn contracts(server: &Server) -> PathBuf {
    let folder = tempfile(server).join(HOSTILE_NAME);
    let config = json!({
        "name": "ORDERS", "subjects": ["orders.>", format!("{HOSTILE_NAME}.>")],
        "description": format!("ours {HOSTILE}"), "metadata": {HOSTILE: HOSTILE},
    });
    let event = |name: &str| Descriptor::event(name, 1, format!("{name}.{{region}}"));
    let consumer = DurableConsumer::new("shop", "ORDERS");
    let handled = Handled::new(Kind::Event, "orders.created", 1, "orders.created.*");
    let service = Service::new("shop").description(HOSTILE).handles(handled.consumer(consumer));
    let catalog = |created: Descriptor| {
        let ask = Descriptor::request("stock.check", 1, "stock.check");
        let ask = ask.payload::<Any>().reply::<u32>().error::<u32>();
        let mut catalog = Catalog::of([created.stream("ORDERS"), ask]).unwrap();
        catalog.add_stream("ORDERS", config.clone()).unwrap();
        catalog.add_service(service.clone()).unwrap();
        catalog
    };
    let created = || event("orders.created").id(["number"]);
    catalog(created().payload::<Before>()).write_to(folder.join("before")).unwrap();
    catalog(created().payload::<Now>()).write_to(folder.join("schemas")).unwrap();
    fs::write(folder.join("documents"), format!("{{{HOSTILE:?}: 1}} \"{HOSTILE}\" no {HOSTILE}"))
        .unwrap();
    fs::create_dir(folder.join("broken")).unwrap();
    fs::write(folder.join(format!("broken/{HOSTILE_NAME}.v1.json")), HOSTILE).unwrap();
    folder
}

/// Runs a command in each of the forms that it has, and gives all that it wrote.
async fn written(server: &Server, arguments: &[&str]) -> String {
    let mut seen = String::new();
    for format in ["text", "json", "github", "junit"] {
        let arguments = [arguments, &["--format", format]].concat();
        let output = tidings(server, &arguments).await;
        for text in [output.stdout, output.stderr] {
            let text = String::from_utf8(text).unwrap();
            assert!(is_harmless(&text), "{arguments:?}: {text:?}");
            assert!(!is_forged(&text), "{arguments:?}: {text}");
            seen.push_str(&text);
        }
    }
    seen
}

/// Output of `tail` for one message as it comes.
async fn listened(server: &Server, client: &async_nats::Client, format: &str) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidings"));
    command.args(["tail", ">", "--headers", "--count", "1", "--format", format]);
    command.args(["--server", &server.url()]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut told = BufReader::new(child.stderr.take().unwrap());
    let mut text = String::new();
    told.read_line(&mut text).unwrap();
    let mut headers = async_nats::HeaderMap::new();
    headers.insert("tenant", HOSTILE_NAME);
    let subject = format!("orders.{HOSTILE_NAME}");
    client.publish_with_headers(subject, headers, HOSTILE.into()).await.unwrap();
    client.flush().await.unwrap();
    child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
    told.read_to_string(&mut text).unwrap();
    assert!(child.wait().unwrap().success(), "{text}");
    text
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn contracts_and_files_of_others_are_written_out() {
    let server = Server::without_jetstream().await;
    let folder = contracts(&server);
    let [schemas, before, documents, broken, page] =
        ["schemas", "before", "documents", "broken", "page.html"].map(|name| folder.join(name));
    let path = |path: &Path| path.to_str().unwrap().to_owned();
    let (schemas, before, documents) = (path(&schemas), path(&before), path(&documents));
    let (broken, page) = (path(&broken), path(&page));
    let of = ["--schemas", schemas.as_str()];
    let both = [&of[..], &["--against", &before]].concat();
    // The command, and whether the text itself is to be seen, written out.
    let commands: [(&[&str], &[&str], bool); 20] = [
        (&["schema", "check"], &both, true),
        (&["schema", "check", "--mode", "full"], &both, true),
        (&["schema", "check", "--schemas", &schemas, "--against", &broken], &[], true),
        (&["schema", "check", "--against", HOSTILE], &of, true),
        (&["schema", "check", "--cases", &documents], &[], true),
        (&["schema", "diff"], &both, true),
        (&["schema", "diff", "--schemas", &broken, "--against", &before], &[], true),
        (&["schema", "changelog"], &both, true),
        (&["schema", "validate", "orders.created", "--file", &documents], &of, true),
        (&["schema", "validate", HOSTILE], &of, true),
        (&["schema", "accept", "--reason", HOSTILE, "--rule", HOSTILE], &both, false),
        (&["schema", "accept", "--reason", HOSTILE], &both, true),
        (&["schema", "check"], &both, true),
        (&["asyncapi", "--title", HOSTILE], &of, true),
        (&["asyncapi", "--schemas", &broken], &[], true),
        (&["catalog", "--html", &page, "--title", HOSTILE], &of, true),
        (&["stream", "plan", "--schemas", &broken], &[], false),
        (&["publish", "orders.created", "--json", HOSTILE, "--id", HOSTILE], &of, false),
        (&["man", &format!("{documents}/{HOSTILE}")], &[], true),
        (&[HOSTILE], &[], true),
    ];
    for (command, more, is_seen) in commands {
        let seen = written(&server, &[command, more].concat()).await;
        let escapes = ["\\u{9b}", "\\u009b", "\\u{1b}", "\\u001b"];
        let found = escapes.iter().any(|escape| seen.contains(escape));
        assert!(found || !is_seen, "{command:?} shows nothing of it: {seen}");
    }
    let page = fs::read_to_string(&page).unwrap();
    assert!(is_harmless(&page), "the page");
    fs::remove_dir_all(folder.parent().unwrap()).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_messages_and_answers_of_others_are_written_out() {
    let config = format!(
        "server_name: \"{}\"\nauthorization {{ user: \"{HOSTILE_NAME}\", password: a }}",
        HOSTILE_NAME.replace('\u{1b}', "\\x1b")
    );
    let server = Server::with_config(&config).await;
    let folder = contracts(&server);
    let schemas = folder.join("schemas");
    let of = ["--schemas", schemas.to_str().unwrap(), "--user", HOSTILE_NAME, "--password", "a"];
    let options =
        async_nats::ConnectOptions::with_user_and_password(HOSTILE_NAME.into(), "a".into());
    let client = server.client_with(options).await;
    let jetstream = async_nats::jetstream::new(client.clone());
    let theirs = async_nats::jetstream::stream::Config {
        name: "ORDERS".to_owned(),
        subjects: vec!["orders.>".to_owned()],
        description: Some(format!("theirs {HOSTILE}")),
        ..Default::default()
    };
    jetstream.create_stream(theirs).await.unwrap();
    let consumer = json!({"stream_name": "ORDERS", "config": {
        "durable_name": HOSTILE_NAME, "description": HOSTILE, "ack_policy": "explicit",
        "filter_subject": format!("orders.{HOSTILE_NAME}"), "metadata": {HOSTILE: HOSTILE},
    }});
    let create = format!("$JS.API.CONSUMER.CREATE.ORDERS.{HOSTILE_NAME}.orders.{HOSTILE_NAME}");
    let made = client.request(create, consumer.to_string().into()).await.unwrap();
    assert!(!String::from_utf8_lossy(&made.payload).contains("\"error\""), "{made:?}");
    for payload in [format!("no {HOSTILE}"), json!({HOSTILE: HOSTILE}).to_string()] {
        let mut headers = async_nats::HeaderMap::new();
        headers.insert("tenant", HOSTILE_NAME);
        let subject = format!("orders.created.{HOSTILE_NAME}");
        let sent = jetstream.publish_with_headers(subject, headers, payload.into()).await.unwrap();
        sent.await.unwrap();
    }
    let mut asked = listen(&client, "stock.check").await;
    let answering = client.clone();
    let service = tokio::spawn(async move {
        while let Some(message) = asked.next().await {
            let mut headers = async_nats::HeaderMap::new();
            headers.insert("Nats-Service-Error", HOSTILE_NAME);
            headers.insert("Nats-Service-Error-Code", HOSTILE_NAME);
            let to = message.reply.unwrap();
            answering.publish_with_headers(to, headers, HOSTILE.into()).await.unwrap();
        }
    });
    let filter = format!("orders.created.{HOSTILE_NAME}");
    let event = ["publish", "orders.created", "--json"];
    let document =
        json!({"x\u{1b}[2J\u{9b}31m\r\n\u{202e}y": 1, "number": 1, "region": HOSTILE_NAME});
    let document = document.to_string();
    let sent = [&event[..], &[&document, "--header", "a=b\u{202e}"]].concat();
    let region = format!("region={HOSTILE_NAME}");
    let dry = [&event[..], &[&document, "--dry-run", "--subject-token", &region]].concat();
    let commands: [(&[&str], bool); 10] = [
        (&["doctor"], true),
        (&["stream", "plan"], true),
        (&["tail", "orders.>", "--stream", "ORDERS", "--count", "2", "--headers"], true),
        (&["tail", &filter, "--stream", "ORDERS", "--count", "1"], true),
        (&["tail", "a", "--stream", HOSTILE_NAME], true),
        (&["request", "stock.check", "--json", "1"], true),
        (&sent, false),
        (&dry, false),
        (&["dlq", "list", "--in", HOSTILE_NAME], false),
        (&["stream", "apply"], true),
    ];
    for (command, is_seen) in commands {
        let tails = command[0] == "tail" || command[0] == "dlq";
        let with = if tails { &of[2..] } else { &of[..] };
        let schemas = if command[0] == "tail" { &of[..2] } else { &[] };
        let seen = written(&server, &[command, with, schemas].concat()).await;
        let escapes = ["\\u{9b}", "\\u009b", "\\u{1b}", "\\u001b", "\\u{202e}"];
        let found = escapes.iter().any(|escape| seen.contains(escape));
        assert!(found || !is_seen, "{command:?} shows nothing of it: {seen}");
    }
    service.abort();
    fs::remove_dir_all(folder.parent().unwrap()).unwrap();

    let server = Server::without_jetstream().await;
    let client = server.client().await;
    for (format, escape) in [("text", "\\u{9b}"), ("json", "\\u009b")] {
        let text = listened(&server, &client, format).await;
        assert!(is_harmless(&text) && !is_forged(&text) && text.contains(escape), "{text:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_letter_and_a_stream_of_others_are_written_out() {
    let server = Server::start().await;
    let client = server.client().await;
    let jetstream = async_nats::jetstream::new(client);
    let letters = async_nats::jetstream::stream::Config {
        name: "letters".to_owned(),
        subjects: vec!["_dead_letters.letters.>".to_owned()],
        ..Default::default()
    };
    jetstream.create_stream(letters).await.unwrap();
    // A letter as nobody writes it who keeps to the contract; a header holds no line end.
    let hostile = HOSTILE.replace(['\r', '\n'], "");
    let subject = format!("_dead_letters.letters.ORDERS.shop.{}", hostile.replace('\u{2028}', ""));
    let mut headers = async_nats::HeaderMap::new();
    for name in ["Reason", "Error", "Subject", "Stream", "Consumer", "Original-Nats-Msg-Id"] {
        headers.insert(format!("Tidings-Dl-{name}").as_str(), hostile.as_str());
    }
    headers.insert("Tidings-Dl-Stored-At", "2026-01-01T00:00:00Z");
    headers.insert("tenant", hostile.as_str());
    let payload = format!(r#"{{"number": 12345678901234567890123, "a": "{HOSTILE}", "a": 2}}"#);
    let stored = jetstream.publish_with_headers(subject, headers, payload.into()).await.unwrap();
    stored.await.unwrap();

    let of = ["--in", "letters"];
    let mut seen = String::new();
    for format in ["text", "json"] {
        for command in [
            &["dlq", "list"][..],
            &["dlq", "show", "1"],
            &["dlq", "redrive", "1"],
            &["dlq", "redrive", "--yes", "--dry-run"],
            &["dlq", "purge", "--dry-run", "--subject", &hostile],
        ] {
            let arguments = [command, &of, &["--format", format]].concat();
            let output = tidings(&server, &arguments).await;
            for text in [output.stdout, output.stderr] {
                let text = String::from_utf8(text).unwrap();
                assert!(is_harmless(&text), "{arguments:?}: {text:?}");
                seen.push_str(&text);
            }
        }
    }
    // It was there, and was written out.
    assert!(seen.contains("\\u{9b}31m") && seen.contains("\\u009b31m"), "{seen}");
    // What was stored, with every digit and every key.
    let shown = said(&server, &["dlq", "show", "--in", "letters", "1"]).await;
    assert!(shown.contains("12345678901234567890123") && shown.contains("\"a\": 2"), "{shown}");

    let folder = tempfile(&server);
    let mut config = StreamConfig::new("ORDERS", ["orders.>"]);
    config.description = Some(HOSTILE.to_owned());
    config.metadata.insert(HOSTILE.to_owned(), HOSTILE.to_owned());
    let theirs = async_nats::jetstream::stream::Config {
        name: "ORDERS".to_owned(),
        subjects: vec!["orders.>".to_owned()],
        description: Some(format!("theirs {HOSTILE}")),
        ..Default::default()
    };
    jetstream.create_stream(theirs).await.unwrap();
    fs::write(folder.join("ORDERS.stream.json"), config.to_json()).unwrap();
    for format in ["text", "json"] {
        for command in ["plan", "apply"] {
            let folder = folder.to_str().unwrap();
            let arguments = ["stream", command, "--schemas", folder, "--format", format];
            let output = tidings(&server, &arguments).await;
            let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
            assert!(is_harmless(&text), "{arguments:?}: {text:?}");
        }
    }
    fs::remove_dir_all(&folder).unwrap();
}
