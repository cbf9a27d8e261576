//! `tidings trace`.

use serde_json::{Value, json};
use tidings::prelude::*;
use tidings_tests::Server;

use super::{HOSTILE, Orders, is_harmless, refused, said, tidings, told};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_way_of_a_message_is_told() {
    let config = "server_name: hub\n\
        mappings = { \"old.*\": \"orders.{{wildcard(1)}}.created\" }\njetstream { }";
    let server = Server::with_config(config).await;
    let bus = Bus::connect(server.url()).await.unwrap();

    // Nobody is there yet.
    let output = tidings(&server, &["trace", "orders.eu.created"]).await;
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.ends_with("it would reach 0 streams and 0 subscriptions\n"), "{text}");

    bus.provision::<Orders>().await.unwrap();
    let _heard = bus.subscribe_raw("orders.>").queue_group("audit").await.unwrap();
    bus.flush().await.unwrap();
    let trace = ["trace", "old.eu", "--payload", "{}", "--header", "tenant=a"];
    let text = said(&server, &trace).await;
    let lines: Vec<_> = text.lines().collect();
    let [name, ingress, mapped, kept @ .., conclusion] = &lines[..] else { panic!("{text}") };
    assert_eq!(*name, "hub");
    assert_eq!(*ingress, "  `old.eu` from a Client");
    assert_eq!(*mapped, "  mapped to `orders.eu.created`");
    assert!(kept.contains(&"  to stream `ORDERS`"), "{text}");
    let audit = "listens to `orders.>` in the queue group `audit`";
    assert!(kept.iter().any(|line| line.ends_with(audit)), "{text}");
    assert_eq!(*conclusion, "it would reach 1 stream and 1 subscription");

    let values = told(&server, &trace).await;
    let [hub, all] = &values[..] else { panic!("{values:?}") };
    assert_eq!((&hub["server"]["name"], &hub["hop"]), (&json!("hub"), &Value::Null));
    let kinds: Vec<_> =
        hub["events"].as_array().unwrap().iter().map(|event| event["kind"].clone()).collect();
    assert_eq!(kinds[..2], ["ingress", "subject_mapping"], "{hub}");
    assert!(kinds.contains(&json!("jetstream")) && kinds.contains(&json!("egress")), "{hub}");
    assert!(hub["events"][0]["at"].as_str().unwrap().ends_with('Z'), "{hub}");
    let expected = json!({
        "subject": "old.eu", "delivered": false, "complete": true,
        "streams": ["ORDERS"], "subscriptions": ["orders.>"], "errors": [],
    });
    assert_eq!(*all, expected);
    assert_eq!(bus.stream::<Orders>().state().await.unwrap().messages, 0);

    let text = said(&server, &[&trace[..], &["--deliver"]].concat()).await;
    assert!(text.ends_with("it reached 1 stream and 1 subscription\n"), "{text}");
    assert_eq!(bus.stream::<Orders>().state().await.unwrap().messages, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_can_not_be_traced_is_said() {
    let permissions = "authorization { users = [ { user: a, password: s3cret, \
        permissions: { publish: \"orders.>\" } } ] }";
    let server = Server::with_config(permissions).await;
    let as_a = ["--user", "a", "--password", "s3cret"];
    let trace = |arguments: &[&'static str]| [&["trace"], arguments, &as_a].concat();
    for (arguments, code, named) in [
        (&["orders.*"][..], 1, "orders.*"),
        (&["bills.paid", "--within", "500ms"], 1, "bills.paid"),
        (&["orders.a", "--header", "tenant"], 2, "NAME=VALUE"),
        (&["orders.a", "--header", "Nats-Msg-Id=1"], 1, "Nats-Msg-Id"),
        (&["orders.a", "--within", "soon"], 2, "soon"),
    ] {
        let (said, text) = refused(&server, &trace(arguments)).await;
        assert_eq!(said, Some(code), "{arguments:?}: {text}");
        assert!(text.contains(named) && !text.contains("s3cret"), "{arguments:?}: {text}");
    }

    // A text of others is shown, and acted on by no terminal.
    let plain = Server::start().await;
    let client = async_nats::ConnectOptions::new().name(HOSTILE);
    let client = client.connect(plain.url()).await.unwrap();
    let _heard = client.subscribe("orders.>").await.unwrap();
    client.flush().await.unwrap();
    for format in ["text", "json"] {
        let text = said(&plain, &["trace", "orders.a", "--format", format]).await;
        assert!(text.contains("orders.>") && is_harmless(&text), "{text:?}");
    }
}
