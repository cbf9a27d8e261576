//! `tidings doctor`, `completions` and `man`.

mod consumer;

use std::time::{Duration, Instant};

use serde_json::Value;
use tidings::Message as _;
use tidings::contract::{Catalog, DurableConsumer, Handled, Kind, Service};
use tidings_tests::Server;

use super::{HOSTILE, OrderCreated, is_harmless, said, tempfile, tidings, told};

/// Lines of `doctor` as JSON, and its exit code.
async fn examined(server: &Server, arguments: &[&str]) -> (Option<i32>, Vec<Value>) {
    let arguments = [&["doctor"], arguments, &["--format", "json"]].concat();
    let output = tidings(server, &arguments).await;
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    (output.status.code(), lines)
}

fn status<'a>(lines: &'a [Value], about: &str) -> &'a str {
    let found = lines.iter().find(|line| line["about"] == about);
    found.unwrap_or_else(|| panic!("nothing about {about}: {lines:?}"))["status"].as_str().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_is_examined_by_the_contracts() {
    let server = Server::start().await;
    let folder = tempfile(&server);
    Catalog::of(OrderCreated::descriptors()).unwrap().write_to(&folder).unwrap();
    let schemas = ["--schemas", folder.to_str().unwrap()];
    let (code, lines) = examined(&server, &schemas).await;
    assert_eq!(code, Some(1), "{lines:?}");
    for about in ["server", "version", "max_payload", "jetstream", "limit", "permissions", "clock"]
    {
        assert_eq!(status(&lines, about), "ok", "{lines:?}");
    }
    let missing = lines.iter().find(|line| line["about"] == "stream").unwrap();
    assert_eq!(missing["status"], "fail");
    assert!(missing["mend"].as_str().unwrap().contains("tidings stream apply"), "{missing}");

    said(&server, &[&["stream", "apply"], &schemas[..]].concat()).await;
    let jetstream = async_nats::jetstream::new(server.client().await);
    let stream = jetstream.get_stream("ORDERS").await.unwrap();
    for (name, filter) in [("shop", "orders.*.created"), ("old", "orders.*.deleted")] {
        let config = async_nats::jetstream::consumer::pull::Config {
            durable_name: Some(name.to_owned()),
            description: Some(HOSTILE.to_owned()),
            filter_subject: filter.to_owned(),
            ..Default::default()
        };
        stream.create_consumer(config).await.unwrap();
    }
    let (code, lines) = examined(&server, &schemas).await;
    assert_eq!((code, status(&lines, "stream")), (Some(0), "ok"), "{lines:?}");
    let about = |name: &str| {
        let mut all = lines.iter().filter(|line| line["about"] == "consumer");
        all.find(|line| line["text"].as_str().unwrap().starts_with(name)).unwrap()["status"].clone()
    };
    assert_eq!((about("ORDERS/shop"), about("ORDERS/old")), ("ok".into(), "warn".into()));
    let text = said(&server, &[&["doctor"], &schemas[..]].concat()).await;
    assert!(text.lines().next().unwrap().starts_with("ok    server"), "{text}");
    assert!(is_harmless(&text), "{text:?}");
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn consumers_are_compared_with_what_services_declare() {
    let server = Server::start().await;
    let folder = tempfile(&server);
    let mut catalog = Catalog::of(OrderCreated::descriptors()).unwrap();
    let filter = "orders.*.created";
    for name in ["good", "other", "gone"] {
        let handled = Handled::new(Kind::Event, "orders.created", 1, filter);
        let consumer = DurableConsumer::new(name, "ORDERS");
        let service = Service::new(format!("{name}-service")).handles(handled.consumer(consumer));
        catalog.add_service(service).unwrap();
    }
    catalog.write_to(&folder).unwrap();
    let schemas = ["--schemas", folder.to_str().unwrap()];
    said(&server, &[&["stream", "apply"], &schemas[..]].concat()).await;
    let jetstream = async_nats::jetstream::new(server.client().await);
    let stream = jetstream.get_stream("ORDERS").await.unwrap();
    let config = |name: &str| async_nats::jetstream::consumer::pull::Config {
        durable_name: Some(name.to_owned()),
        filter_subject: filter.to_owned(),
        ..Default::default()
    };
    stream.create_consumer(config("good")).await.unwrap();
    let other = async_nats::jetstream::consumer::pull::Config {
        filter_subject: "orders.eu.created".to_owned(),
        ack_wait: Duration::from_secs(5),
        max_deliver: 3,
        deliver_policy: async_nats::jetstream::consumer::DeliverPolicy::New,
        ..config("other")
    };
    stream.create_consumer(other).await.unwrap();
    for _ in 0..2 {
        let sent = jetstream.publish("orders.eu.created", "{}".into()).await.unwrap();
        sent.await.unwrap();
    }
    let (code, lines) = examined(&server, &schemas).await;
    assert_eq!(code, Some(1), "{lines:?}");
    let of = |status: &str| -> Vec<&str> {
        let all = lines.iter().filter(|line| line["about"] == "consumer");
        let some = all.filter(|line| line["status"] == status);
        some.map(|line| line["text"].as_str().unwrap()).collect()
    };
    assert_eq!(of("fail"), ["ORDERS/gone is missing, which delivers to gone-service"]);
    let warnings = of("warn");
    let expected = [
        "ORDERS/other: its filter is orders.eu.created, and orders.*.created is declared",
        "ORDERS/other: its ack wait is 5000 ms, and 30000 ms is declared",
        "ORDERS/other: how often it delivers is 3, and no bound is declared",
        "ORDERS/other: its deliver policy is new, and all is declared",
    ];
    assert_eq!(warnings, expected);
    assert_eq!(of("ok").len(), 2, "{lines:?}");
    assert!(lines.iter().all(|line| line["status"] == "ok" || line["mend"].is_string()));

    let few = [&schemas[..], &["--most-waiting", "1"]].concat();
    let (_, lines) = examined(&server, &few).await;
    let behind = lines.iter().filter(|line| line["text"].as_str().unwrap().contains("more than 1"));
    assert_eq!(behind.count(), 2, "{lines:?}");
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_user_may_not_do_is_named_and_its_password_is_not() {
    let config = r#"
        jetstream {}
        authorization { users: [{user: a, password: s3cret, permissions: {
            publish: ["orders.us.>", "$JS.API.>", "$SYS.REQ.USER.INFO", "_INBOX.>"]
            subscribe: ["_INBOX.>"]
        }}] }"#;
    let server = Server::with_config(config).await;
    let folder = tempfile(&server);
    Catalog::of(OrderCreated::descriptors()).unwrap().write_to(&folder).unwrap();
    let url = server.url().replace("nats://", "nats://a:s3cret@");
    let arguments = ["--schemas", folder.to_str().unwrap(), "--server", &url];
    let (_, lines) = examined(&server, &arguments).await;
    let text = serde_json::to_string(&lines).unwrap();
    assert!(text.contains("may not publish orders.*.created (orders.created.v1)"), "{text}");
    assert!(text.contains("user a of account"), "{text}");
    assert!(!text.contains("s3cret"), "{text}");
    let output = tidings(&server, &["doctor", "--server", &url.replace("s3cret", "wr0ng")]).await;
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("credentials") && !text.contains("wr0ng"), "{text}");
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_lacks_something_or_is_away_fails_in_time() {
    let server = Server::without_jetstream().await;
    let folder = tempfile(&server);
    Catalog::of(OrderCreated::descriptors()).unwrap().write_to(&folder).unwrap();
    let schemas = ["--schemas", folder.to_str().unwrap()];
    let (code, lines) = examined(&server, &schemas).await;
    assert_eq!((code, status(&lines, "jetstream")), (Some(1), "fail"), "{lines:?}");
    let begun = Instant::now();
    server.suspend();
    let (code, lines) = examined(&server, &schemas).await;
    server.resume();
    assert_eq!((code, status(&lines, "server")), (Some(1), "fail"), "{lines:?}");
    let away = ["--server", "nats://127.0.0.1:1"];
    let (code, lines) = examined(&server, &[&schemas[..], &away].concat()).await;
    assert_eq!((code, status(&lines, "server")), (Some(1), "fail"), "{lines:?}");
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn completions_and_man_pages_know_each_command() {
    let server = Server::without_jetstream().await;
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let script = said(&server, &["completions", shell]).await;
        for command in ["catalog", "tail", "publish", "doctor", "redrive"] {
            assert!(script.contains(command), "{shell}: {command}");
        }
    }
    let folder = tempfile(&server).join("man");
    let out = folder.to_str().unwrap();
    assert_eq!(told(&server, &["man", out]).await[0]["folder"], out);
    for page in [
        "tidings.1",
        "tidings-catalog.1",
        "tidings-tail.1",
        "tidings-dlq-redrive.1",
        "tidings-stream-plan.1",
    ] {
        let text = std::fs::read_to_string(folder.join(page)).unwrap();
        assert!(text.contains(".TH"), "{page}: {text}");
    }
    std::fs::remove_dir_all(folder.parent().unwrap()).unwrap();
}
